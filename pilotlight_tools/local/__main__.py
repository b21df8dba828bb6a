"""`python -m pilotlight_tools.local`: the service on this machine (`npm start`, `npm run demo`)."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType

from pilotlight.ping import MOST_PINGS
from pilotlight_tools.local.settings import forget_aws_settings

_DEFAULT_PORT = 3000
_DEFAULT_PATH = "/hello?name=marie&env=prod"
_INTERRUPTED = 130
"""What a shell calls a program that SIGINT ended."""


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand in `arguments` (those of the process when None) and return its exit code."""
    options = _parser().parse_args(arguments)
    forget_aws_settings()
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, _interrupt_once)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        print(
            f"error: this Python ({sys.executable}) has no module {error.name!r}: run `npm start`, "
            "which makes the environment, or `python -m pip install --require-hashes -r requirements-run.txt` in yours",
            file=sys.stderr,
        )
        return 1


def _run(options: argparse.Namespace) -> int:
    """Run the chosen subcommand; what goes wrong outside the program is said in one message."""
    # Imported late: --help and a missing module must not need what only the commands need.
    import requests

    from pilotlight_tools.configuration import ConfigurationError
    from pilotlight_tools.local.deploy_tool import DeployToolError
    from pilotlight_tools.local.deployed_stage import WarmerError
    from pilotlight_tools.local.engine import EngineError
    from pilotlight_tools.local.front_door import PortTakenError

    try:
        if options.command == "start":
            from pilotlight_tools.local.start import start

            return start(
                project=options.project, port=options.port, stage=options.stage, parameters=dict(options.param)
            )
        from pilotlight_tools.local.demo import demo

        return demo(project=options.project, concurrency=options.concurrency, path=options.path, as_json=options.json)
    except (
        ConfigurationError,
        DeployToolError,
        EngineError,
        PortTakenError,
        WarmerError,
        requests.RequestException,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="python -m pilotlight_tools.local", description="The service on this machine.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="run the API, its warmer and its schedule until Ctrl-C (npm start)")
    start.add_argument(
        "--port",
        type=_port_number,
        default=os.environ.get("PORT", str(_DEFAULT_PORT)),
        help=f"port of the API on 127.0.0.1, 0 for any free one (default: $PORT, else {_DEFAULT_PORT})",
    )
    start.add_argument("--stage", default="local", help="stage of serverless.yml (default: %(default)s)")
    start.add_argument(
        "--param",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override one of the stage's params of serverless.yml; may be repeated",
    )
    demo = commands.add_parser("demo", help="show cold beside warm in one go, on free ports (npm run demo)")
    demo.add_argument(
        "--concurrency",
        type=_concurrency,
        default=10,
        help="execution environments that the warmer keeps warm, and most requests at once (default: %(default)s)",
    )
    demo.add_argument(
        "--path",
        type=_path,
        default=_DEFAULT_PATH,
        help="path and query of each request, a GET; any response of the function counts, a 404 too, but none of 500 "
        "and above (default: %(default)s)",
    )
    demo.add_argument("--json", action="store_true", help="print the findings as one JSON document and nothing else")
    for command in (start, demo):
        command.add_argument("--project", type=Path, default=Path(), help="folder of the service (default: this one)")
    return whole


def _concurrency(text: str) -> int:
    """How many environments to warm, or the error argparse shows."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_PINGS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_PINGS}")
    return int(text)


def _path(text: str) -> str:
    """A path with or without a query as a client sends it, or the error argparse shows."""
    if not re.fullmatch(r"/[!-~]*", text) or "#" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a path: give what follows the host, such as /items/7?x=1, in ASCII (%20 for a space)"
        )
    return text


def _port_number(text: str) -> int:
    """A TCP port, or the error argparse shows."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535 (0: any free one)")
    return int(text)


def _parameter(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or the error argparse shows."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _interrupt_once(signal_number: int, frame: FrameType | None) -> None:
    """Unwind on the first signal, whichever it is; deaf from then on, for tidying up must not be interrupted.

    A terminal sends Ctrl-C to npm and to us, and npm passes it on: two signals for one key.
    """
    del signal_number, frame
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
