"""The package of the warmer that the plugin adds to a service: the plugin's own `pilotlight`, and nothing else.

`python -m pilotlight_build.warmer_package` reads `{"artifact": "….zip"}` from standard input and prints `{}`.
"""

import json
import sys
from pathlib import Path

import pilotlight
from pilotlight_build.archive import write_zip

_LEFT_OUT = frozenset({"build.txt", "testing.py"})
"""The build is that of the service's functions, which the warmer does not share: any build counts as deployed."""


def own_package() -> dict[str, bytes]:
    """The files of the `pilotlight` that this plugin has, by their paths in the zip."""
    (folder,) = pilotlight.__path__
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {
        f"pilotlight/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in found
        if path.name not in _LEFT_OUT and path.parent.name != "runtime"
    }


def main() -> int:
    """Run the command; return the exit code."""
    write_zip(Path(json.load(sys.stdin)["artifact"]), own_package())
    print("{}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
