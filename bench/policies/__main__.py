"""`python -m bench.policies`."""

import sys

from bench.policies import main

if __name__ == "__main__":
    sys.exit(main())
