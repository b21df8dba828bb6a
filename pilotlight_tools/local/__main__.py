"""`python -m pilotlight_tools.local`: the service on this machine (`npm start`, `npm run demo`)."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from pilotlight.ping import MOST_PINGS
from pilotlight_tools.commands import (
    command,
    is_installed_command,
    notice,
    parse_options,
    path_given,
    program_name,
)
from pilotlight_tools.variables import forget_aws_settings, prepare_this_process

_DEFAULT_PORT = 3000
DEFAULT_STAGE = "local"
_DEBUG_PORT = 5678
"""The port that launch configurations for debugpy name."""
_DEFAULT_PATH = "/hello?name=marie&env=prod"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_INTERRUPTED = 130
"""The exit code that shells report for a program ended by SIGINT."""


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand in `arguments` (those of the process when None) and return its exit code."""
    options = parse_options(_parser(), arguments)
    inherited = dict(os.environ)
    forget_aws_settings()
    prepare_this_process()
    for signal_number in _ENDING:
        signal.signal(signal_number, _interrupt_once)
    try:
        return _run(options, inherited)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        if is_installed_command():
            raise  # `pilotlight` says how to install it
        print(
            f"error: this Python ({sys.executable}) has no module {error.name!r}: run `npm start`, "
            "which creates .venv, or `python -m pip install --require-hashes -r requirements-run.txt` in your own",
            file=sys.stderr,
        )
        return 1


def _run(options: argparse.Namespace, inherited: Mapping[str, str]) -> int:
    """Run the chosen subcommand; print an expected error as one message and return 1."""
    # Imported late, so that --help and the message about a missing module need none of these.
    import requests
    from botocore.exceptions import BotoCoreError

    from pilotlight_tools.configuration import ConfigurationError, read_configuration, stage_without_parameters
    from pilotlight_tools.latency.problems import Problem
    from pilotlight_tools.local.deploy_tool import DeployToolError
    from pilotlight_tools.local.deployed_stage import WarmerError
    from pilotlight_tools.local.engine import EngineError
    from pilotlight_tools.local.front_door import PortTakenError
    from pilotlight_tools.local.temporary import no_space

    try:
        if options.command == "start":
            from pilotlight_tools.local.start import Wishes, start

            told = stage_without_parameters(read_configuration(options.project), options.stage)
            if told and options.stage != DEFAULT_STAGE:
                notice(told)
            return start(
                Wishes(
                    project=options.project,
                    port=options.port,
                    stage=options.stage,
                    parameters=dict(options.param),
                    quiet=options.quiet,
                    debug_port=options.debug,
                )
            )
        if options.command == "local-env":
            from pilotlight_tools.local.local_env import local_env

            return local_env(options.project, inherited)
        from pilotlight_tools.local.demo import demo

        return demo(project=options.project, concurrency=options.concurrency, path=options.path, as_json=options.json)
    except (
        ConfigurationError,
        DeployToolError,
        EngineError,
        PortTakenError,
        Problem,
        WarmerError,
        requests.RequestException,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(f"error: the local engine does not respond any more ({error}): start again", file=sys.stderr)
        return 1
    except (OSError, sqlite3.Error) as error:
        if message := no_space(error):
            print(f"error: {message}", file=sys.stderr)
            return 1
        raise


def _parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    whole = argparse.ArgumentParser(
        prog="python -m pilotlight_tools.local", description="Run the service on this machine."
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser(
        "start",
        prog=program_name("start"),
        description="Run the API, its warmer and its schedule on this machine until Ctrl-C.",
        help="run the API, its warmer and its schedule until Ctrl-C (npm start)",
    )
    start.add_argument(
        "--port",
        type=_port_number,
        default=os.environ.get("PORT") or str(_DEFAULT_PORT),
        help=f"port of the API on 127.0.0.1, 0 for any free one (default: $PORT, else {_DEFAULT_PORT})",
    )
    start.add_argument("--stage", default=DEFAULT_STAGE, help="stage of serverless.yml (default: %(default)s)")
    start.add_argument(
        "--param",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override one of the stage's params of serverless.yml; may be repeated",
    )
    start.add_argument("--quiet", action="store_true", help="leave out what the functions print and log")
    start.add_argument(
        "--debug",
        type=_port_number,
        nargs="?",
        const=str(_DEBUG_PORT),
        metavar="PORT",
        help=f"let a debugger attach to the functions, at this port of 127.0.0.1 (default: {_DEBUG_PORT}); nothing "
        "times out, and there are no ticks",
    )
    demo = commands.add_parser(
        "demo",
        prog=program_name("demo"),
        description="Send the same requests to a cold service and to a warmed one, once, on free ports.",
        help="compare cold with warm requests once, on free ports (npm run demo)",
    )
    demo.add_argument(
        "--concurrency",
        type=_concurrency,
        default=10,
        help="execution environments to keep warm, and the most concurrent requests (default: %(default)s)",
    )
    demo.add_argument(
        "--path",
        type=_path,
        default=_DEFAULT_PATH,
        help="path and query of each GET request; any status below 500 from the function counts, also 404 "
        "(default: %(default)s)",
    )
    demo.add_argument("--json", action="store_true", help="print the findings as one JSON document and nothing else")
    local_env = commands.add_parser(
        "local-env",
        prog=program_name("local-env"),
        description=f'Print the variables of the running stack, for eval "$({command("local-env")})".',
        help="print the variables by which AWS command lines use the running stack (npm run -s local-env)",
    )
    for each in (start, demo, local_env):
        each.add_argument(
            "--project", type=path_given, default=Path(), help="folder of the service (default: the working directory)"
        )
    return whole


def _concurrency(text: str) -> int:
    """Parse a number of execution environments. Raises the error that argparse shows."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_PINGS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_PINGS}")
    return int(text)


def _path(text: str) -> str:
    """Parse a path with or without a query, as a client sends it. Raises the error that argparse shows."""
    if not re.fullmatch(r"/[!-~]*", text) or "#" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a path: give what follows the host, such as /items/7?x=1, in ASCII (%20 for a space)"
        )
    return text


def _port_number(text: str) -> int:
    """Parse a TCP port. Raises the error that argparse shows."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535 (0: any free one)")
    return int(text)


def _parameter(text: str) -> tuple[str, str]:
    """Parse `NAME=VALUE`. Raises the error that argparse shows."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _interrupt_once(signal_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt on the first signal and ignore later ones, so that nothing interrupts the clean-up.

    A terminal sends Ctrl-C to npm and to this process, and npm passes it on: two signals for one key press.
    """
    del signal_number, frame
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
