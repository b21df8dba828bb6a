"""What the commands are called where they run: `npm run latency` in the repository, `pilotlight latency` installed."""

from __future__ import annotations

import sys
from pathlib import PurePath

_IN_THE_REPOSITORY = {
    "start": "npm start",
    "latency": "npm run latency",
    "cost": "npm run cost",
    "local-env": "npm run -s local-env",
    "install": "npm ci",
}
_INSTALLED = {
    "start": "pilotlight start",
    "latency": "pilotlight latency",
    "cost": "pilotlight cost",
    "local-env": "pilotlight local-env",
    "install": "npm install",
}
"""`install` is for what node_modules lacks."""


def is_installed_command(program: str | None = None) -> bool:
    """Whether `program`, else this process, was started as `pilotlight` or `python -m pilotlight_tools`."""
    path = PurePath(sys.argv[0] if program is None else program)
    return path.stem == "pilotlight" or path.parts[-2:] == ("pilotlight_tools", "__main__.py")


def command(name: str, *arguments: str, program: str | None = None) -> str:
    """Return a command line (`start`, `latency`, …; see above) with arguments, for messages and `--help`."""
    if is_installed_command(program):
        return " ".join([_INSTALLED[name], *arguments])
    return " ".join([_IN_THE_REPOSITORY[name], *(["--", *arguments] if arguments else [])])


def program_name(name: str, program: str | None = None) -> str:
    """Return what precedes a command's options in its usage: npm needs `--` there."""
    return command(name, program=program) + ("" if is_installed_command(program) else " --")
