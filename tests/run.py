"""`npm test`: style, types, then the tests with the whole stack. `npm run check`: the same with the fast tests alone.

Further arguments go to pytest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.coverage_table import coverage_table
from tests.support.project import PROJECT

_BIOME = ["node", "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"]
_EVERY_FILE = ["--config", 'include = ["**/*.py"]', "."]
"""The user's files too, not only Pilotlight's own, which pyproject.toml names."""
_STEPS = (
    ("style", [sys.executable, "-m", "ruff", "check", "."]),
    ("format", [sys.executable, "-m", "ruff", "format", "--check", "."]),
    ("JavaScript", _BIOME),
    ("types", [sys.executable, "-m", "mypy"]),
    ("your files", [sys.executable, "-m", "ruff", "check", "-q", *_EVERY_FILE]),
    ("format of your files", [sys.executable, "-m", "ruff", "format", "-q", "--check", *_EVERY_FILE]),
)
_ADVICE = ("your files", "format of your files")
"""Reported, but never a failure: handler.py and other files that a user adds are the user's."""
_FAST = ["-m", "not end_to_end and not slow and not browser"]
_SLOW = ["-m", "end_to_end or slow or browser"]
_ON_ALL_CORES = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
"""A file's tests share what they start, so that they stay together; each engine takes its memory."""
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run each step until one fails; return its exit code."""
    parser = argparse.ArgumentParser(prog="npm test --", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave out what starts an engine or a browser, or waits")
    parser.add_argument("--only-pytest", action="store_true", help="leave out style and types")
    options, for_pytest = parser.parse_known_args(arguments)
    is_whole = not options.fast and not for_pytest
    steps = [] if options.only_pytest else list(_STEPS)
    steps += _steps_of_pytest(for_pytest, fast=options.fast, whole=is_whole)
    started = time.monotonic()
    for number, (name, command) in enumerate(steps, 1):
        _say(f"{name} ({number} of {len(steps)}): {_shown(command)}")
        try:
            code = subprocess.run(command, cwd=PROJECT, check=False).returncode
        except KeyboardInterrupt:
            _say(f"stopped during {name}")
            return _INTERRUPTED
        if code and name in _ADVICE:
            _say(f"notice: the above is about your own files and stops nothing ({name})")
        elif code:
            _say(f"FAILED: {name} (exit code {code})")
            return code if code > 0 else 1
    if is_whole:
        print(coverage_table(PROJECT), file=sys.stderr)
    _say(f"all passed in {time.monotonic() - started:.0f} s")
    return 0


def _steps_of_pytest(for_pytest: Sequence[str], *, fast: bool, whole: bool) -> list[tuple[str, list[str]]]:
    """All tests in two steps: the fast ones, whose coverage is measured, and those that start something."""
    run = [sys.executable, "-m"]
    if whole:
        covered = ("fast tests", [*run, "coverage", "run", "-m", "pytest", *_FAST])
        return [covered, ("tests of the whole stack", [*run, "pytest", *_ON_ALL_CORES, *_SLOW])]
    chosen = ["-n", "auto", *_FAST] if fast else []
    return [("tests", [*run, "pytest", *chosen, *for_pytest])]


def _shown(command: Sequence[str]) -> str:
    return " ".join(command).removeprefix(f"{sys.executable} -m ")


def _say(message: str) -> None:
    print(f"== {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
