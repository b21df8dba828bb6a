"""`npm test`: style, types, then the tests with the whole stack. Further arguments go to pytest."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.support.project import PROJECT

EVERY_FILE = ("--config", 'include = ["**/*.py"]', ".")
"""Beside Pilotlight's own files, which pyproject.toml names, those of the user."""
STEPS = (
    ("style", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("your files", ["ruff", "check", "-q", *EVERY_FILE]),
    ("format of your files", ["ruff", "format", "-q", "--check", *EVERY_FILE]),
)
ADVICE = ("your files", "format of your files")
"""Told, and never a failure: handler.py, and what else a user adds, is the user's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run each step until one fails; return its exit code."""
    parser = argparse.ArgumentParser(prog="npm test --", description=__doc__)
    parser.add_argument("--only-pytest", action="store_true", help="leave out style and types")
    options, for_pytest = parser.parse_known_args(arguments)
    steps = [] if options.only_pytest else list(STEPS)
    steps.append(("tests", ["pytest", *for_pytest]))
    started = time.monotonic()
    for number, (name, command) in enumerate(steps, 1):
        _say(f"{name} ({number} of {len(steps)}): {' '.join(command)}")
        try:
            code = subprocess.run([sys.executable, "-m", *command], cwd=PROJECT, check=False).returncode
        except KeyboardInterrupt:
            _say(f"stopped during {name}")
            return 130
        if code and name in ADVICE:
            _say(f"notice: the above is about your own files and stops nothing ({name})")
        elif code:
            _say(f"FAILED: {name} (exit code {code})")
            return code if code > 0 else 1
    _say(f"all passed in {time.monotonic() - started:.0f} s")
    return 0


def _say(message: str) -> None:
    print(f"== {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
