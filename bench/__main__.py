"""`python -m bench <what>`: Pilotlight compared with its peers under AWS's own runtime client."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import cold, coverage, install, latency_report, load, parts, plots, prewarm, size, tables, transport, warm
from bench.apps import APPS, OURS, WRAPPED
from bench.modes import MODES
from bench.pool import ROUTING
from pilotlight_tools.local.runtime.prepared_folder import SetupError

_PINGED = (OURS, WRAPPED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 measured, 1 could not be measured, 2 wrong arguments, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        result = options.measure(options)
    except KeyboardInterrupt:
        print("interrupted; every process it started has been ended", file=sys.stderr)
        return 130
    except (SetupError, RuntimeError, TimeoutError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if result is None:
        return 0
    if getattr(options, "plot", None):
        options.draw(result, options.plot)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        options.show(result, Console(width=None if sys.stdout.isatty() else 160))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="npm run bench --", description=__doc__)
    commands = parser.add_subparsers(title="what to measure", required=True, metavar="what")

    def command(name: str, text: str, runs: int) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--json", action="store_true", help="print JSON instead of tables")
        made.add_argument("-n", "--runs", type=_positive, default=runs, help="rounds (default: %(default)s)")
        return made

    sub = command("cold", "process start to first response, compared with the peers", 10)
    names = [app.name for app in APPS]
    sub.add_argument("--app", action="append", choices=names, help="only this app and the bare handler (repeatable)")
    sub.add_argument(
        "--mode", action="append", choices=[mode.name for mode in MODES], help="only this mode (repeatable)"
    )
    sub.add_argument("--packaging", action="append", choices=cold.PACKAGINGS, help="only this packaging (repeatable)")
    sub.add_argument("--no-instructions", action="store_true", help="do not count instructions with callgrind")
    sub.add_argument("--plot", type=Path, metavar="FILE", help="draw the result as a PNG too")
    sub.set_defaults(measure=_cold, show=tables.cold, draw=plots.cold)

    text = "first and second request, warm requests compared with the bare handler, the record's cost"
    sub = command("request", text, 5)
    sub.add_argument("--app", action="append", choices=names, help="only this app (repeatable)")
    sub.add_argument("--no-instructions", action="store_true", help="do not count instructions with callgrind")
    sub.set_defaults(measure=_request, show=tables.requests)

    sub = command("ping", "a ping without a hold, compared with a request", 5)
    sub.add_argument("--app", choices=[app.name for app in _PINGED], default=OURS.name, help="default: %(default)s")
    sub.add_argument("--no-instructions", action="store_true", help="do not count instructions with callgrind")
    sub.set_defaults(measure=_ping, show=tables.pings)

    sub = command("prewarm", "FastAPI's first request beside its third: without a ping, after one, with `prewarm`", 20)
    sub.add_argument("--no-instructions", action="store_true", help="do not count instructions with callgrind")
    sub.set_defaults(
        measure=lambda options: prewarm.run(options.runs, not options.no_instructions), show=tables.first_requests
    )

    sub = command(
        "fanout", "pings through the warmer's transport and through boto3: wall time, CPU, how many at once", 10
    )
    sub.add_argument("--pings", type=_positive, default=100, help="pings of each tick (default: %(default)s)")
    sub.set_defaults(measure=lambda options: transport.run(options.pings, options.runs), show=tables.fan_outs)

    text = "distinct environments that each warmer reaches, its invocations, their billed duration, a tick's duration"
    sub = command("coverage", text, 20)
    warmers = [warmer.name for warmer in coverage.WARMERS]
    sub.add_argument("--warmer", action="append", choices=warmers, help="only this warmer (repeatable)")
    sub.add_argument("--concurrency", action="append", type=_positive, help="environments wanted (default: 10 and 50)")
    sub.add_argument("--routing", choices=ROUTING, default=ROUTING[0], help="which idle environment is used next")
    help_text = "mean milliseconds until an invocation reaches its environment (default: %(default)s)"
    sub.add_argument("--landing-ms", type=float, default=10.0, help=help_text)
    sub.add_argument("--verbose", action="store_true", help="show what the functions write to stderr")
    sub.set_defaults(measure=_coverage, show=tables.coverage)

    sub = command("size", "zip sizes, ours and the peers'", 1)
    sub.set_defaults(measure=lambda _: size.run(), show=tables.sizes)

    sub = command("parts", "Pilotlight's own milliseconds of a cold start, by part", 20)
    sub.add_argument("--plot", type=Path, metavar="FILE", help="draw the result as a PNG too")
    sub.set_defaults(measure=lambda options: parts.run(options.runs), show=tables.parts, draw=plots.parts)

    text = "the local stack under load: requests answered, records found, the memory of each process"
    sub = command("load", text, 1)
    sub.add_argument("--clients", type=_positive, default=50, help="each waits for its response (default: %(default)s)")
    sub.add_argument("--seconds", type=_positive, default=20, help="after 10 requests of each (default: %(default)s)")
    sub.add_argument("--requests-per-second", type=_positive, help="the stage's limit (default: none)")
    sub.set_defaults(
        measure=lambda options: load.run(options.clients, options.seconds, options.requests_per_second),
        show=tables.load,
    )

    text = "`pilotlight latency` for many requests: seconds and memory, from the access log and from X-Ray's traces"
    sub = command("latency", text, 1)
    sub.add_argument("--requests", type=_positive, default=10_000, help="how many there are (default: %(default)s)")
    sub.add_argument("--source", choices=latency_report.SOURCES, default="log", help="default: %(default)s")
    sub.set_defaults(
        measure=lambda options: latency_report.run(options.requests, options.source), show=tables.latency_report
    )

    sub = commands.add_parser("lock", help="lock the peers and the runtime client again: each *.in to *.txt")
    sub.set_defaults(measure=lambda _: install.lock())
    return parser


def _cold(options: argparse.Namespace) -> dict[str, object]:
    return cold.run(
        [app for app in APPS if not options.app or app.name in options.app],
        options.packaging or list(cold.PACKAGINGS),
        [mode for mode in MODES if not options.mode or mode.name in options.mode],
        options.runs,
        count=not options.no_instructions,
    )


def _request(options: argparse.Namespace) -> dict[str, object]:
    apps = [app for app in APPS if not options.app or app.name in options.app]
    return warm.run_requests(apps, options.runs, not options.no_instructions)


def _ping(options: argparse.Namespace) -> dict[str, object]:
    app = next(app for app in _PINGED if app.name == options.app)
    return warm.run_pings(options.runs, not options.no_instructions, app)


def _coverage(options: argparse.Namespace) -> dict[str, object]:
    names = options.warmer or [warmer.name for warmer in coverage.WARMERS]
    settings = coverage.PoolSettings(routing=options.routing, landing_ms=options.landing_ms, verbose=options.verbose)
    return coverage.run(names, options.concurrency or [10, 50], options.runs, settings)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
