# `python start.py <the managed runtime's command line>`. Python compiles a main script at each start: it is short.
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.path[0].removesuffix("/pilotlight/runtime"))
    from pilotlight.runtime.main import main

    main()
