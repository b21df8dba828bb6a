"""What the commands are called where they run: `npm run latency` in the repository, `pilotlight latency` installed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath

_IN_THE_REPOSITORY = {
    "start": "npm start",
    "demo": "npm run demo",
    "latency": "npm run latency",
    "cost": "npm run cost",
    "local-env": "npm run -s local-env",
    "deploy": "npm run deploy",
    "install": "npm ci",
}
_INSTALLED = {
    "start": "pilotlight start",
    "demo": "python -m pilotlight_tools.local demo",
    "latency": "pilotlight latency",
    "cost": "pilotlight cost",
    "local-env": "pilotlight local-env",
    "deploy": "npx sls deploy",
    "install": "npm install",
}
"""`install` is for what node_modules lacks."""
_PACKAGE = "npm_package_json"
"""npm's variable with the path of the package.json whose script it runs."""
_WRONG_USAGE = 2
_NPMS_OWN = frozenset(("json", "help"))
"""Options that mean something to npm itself, and may stand in a user's .npmrc."""


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


def parse_options(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> argparse.Namespace:
    """Parse `arguments` (default: the process's); what npm took for itself, without `--`, is wrong usage.

    Of `npm run latency --stage prod` npm leaves `prod`, and says what it took in a variable.
    """
    known = os.environ if variables is None else variables
    script = known.get("npm_lifecycle_event")
    given = sys.argv[1:] if arguments is None else arguments
    taken = [option for option in dict.fromkeys(_options_of(parser)) if script and _is_taken(option, given, known)]
    if taken:
        started = "npm start" if script == "start" else f"npm run {script}"
        parser.exit(
            _WRONG_USAGE,
            f"error: npm took {' and '.join(taken)} for itself: put `--` before, as in `{started} -- {taken[0]} …`\n",
        )
    return parser.parse_args(given)


def path_given(text: str) -> Path:
    """Parse a path as the user sees it: npm runs scripts in the project's folder, wherever it was called."""
    called_in = os.environ.get("INIT_CWD", "")
    is_by_npm = os.environ.get(_PACKAGE) == str(Path.cwd() / "package.json")
    return Path(called_in if is_by_npm else "", text)


def notice(text: str) -> None:
    """Say on stderr what should be known and stops nothing."""
    print(f"notice: {text}", file=sys.stderr)


def _options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _options_of(each)


def _is_taken(option: str, given: Sequence[str], variables: Mapping[str, str]) -> bool:
    name = option.removeprefix("--").replace("-", "_")
    if name in _NPMS_OWN or any(each.partition("=")[0] == option for each in given):
        return False
    return any(f"npm_config_{each}" in variables for each in (name, name.removeprefix("no_")))
