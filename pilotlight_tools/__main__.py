"""The command `pilotlight`, also `python -m pilotlight_tools`: `latency`, `cost` and `start` for any service."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pilotlight import __version__

_COMMANDS = {
    "latency": "what cold starts cost the users of a stage, read back from X-Ray",
    "cost": "what warming costs in a month, beside provisioned concurrency and SnapStart",
    "start": "run the service with its REST API, its warmer and X-Ray on this machine",
    "local-env": "the variables by which any AWS command line uses what `start` runs",
}
_PROBLEM = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that `arguments` (those of the process when None) begin with; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in _COMMANDS:
        _parser().parse_args(given)  # ends here: with --help, --version, or an error
    try:
        exit_code = _run(given[0], given[1:])
        sys.stdout.flush()  # here, where a reader that has left can be told from a fault
        return exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # as in `pilotlight latency … | head`: nobody reads the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at its end
        return _PROBLEM
    except ModuleNotFoundError as error:
        print(
            f"error: this Python ({sys.executable}) has no module {error.name!r}: run `{sys.executable} -m pip install "
            f"pilotlight-cli=={__version__}`",
            file=sys.stderr,
        )
        return _PROBLEM


def _run(name: str, arguments: list[str]) -> int:
    """Load only what the subcommand needs: `start` needs an engine, `cost` hardly anything."""
    if name == "latency":
        from pilotlight_tools.latency.__main__ import main as latency

        return latency(arguments)
    if name == "cost":
        from pilotlight_tools.cost.__main__ import main as cost

        return cost(arguments)
    from pilotlight_tools.local.__main__ import main as local

    return local([name, *arguments])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pilotlight",
        description="Proven warmth for a service on AWS Lambda: what it costs, what it saves, and how it runs.",
        epilog="Run it in the service's folder, or with --project. `pilotlight COMMAND --help` lists options. "
        "Exit codes: 0 success, 1 problem, 2 wrong usage, 3 no traces (latency), 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"pilotlight {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in _COMMANDS.items():
        commands.add_parser(name, help=purpose, description=purpose)
    return parser


if __name__ == "__main__":
    sys.exit(main())
