"""`npm run latency`: what cold starts cost the users of a stage, read back from X-Ray."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from pilotlight_tools.commands import command, notice, parse_options, path_given, program_name
from pilotlight_tools.configuration import read_configuration, stage_without_parameters
from pilotlight_tools.cost.worth import IDLE_MINUTES, PRICE_OF_A_COLD_START
from pilotlight_tools.latency import tables
from pilotlight_tools.latency.deployment import Deployment, find_deployment, nothing_found
from pilotlight_tools.latency.listing import MOST_SCANNED
from pilotlight_tools.latency.make_report import Options, make_report
from pilotlight_tools.latency.open_reader import open_reader
from pilotlight_tools.latency.page import static_page
from pilotlight_tools.latency.problems import EXIT_CODE_NO_TRACES, Problem, explained
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.stage_costs import costs_of
from pilotlight_tools.latency.time_range import TimeRange, duration_given, duration_seconds
from pilotlight_tools.terminal import Progress, counting
from pilotlight_tools.variables import prepare_this_process

_DEFAULT_LAST = "6h"
_DEFAULT_MOST = 2000
"""400 calls of BatchGetTraces: well under a minute, and enough for a p99 of each start type."""
EXIT_CODE_WRONG_USAGE = 2
EXIT_CODE_INTERRUPTED = 130
_QUIET_SECONDS = 2.0
"""A reading that takes no longer shows no progress."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 0, 1 for a problem, 2 for wrong usage, 3 for no traces, 130 for Ctrl-C."""
    options = parse_options(_parser(), arguments)
    prepare_this_process()
    services = options.service or [None]
    reports: list[Report] = []
    exit_code = 0
    try:
        _check_page(options.html, services)
        for service in services:
            try:
                reports.append(_report_of(service, options))
            except Problem as problem:  # the other services have theirs all the same
                exit_code = _fail(problem)
    except Problem as problem:
        return _fail(problem)
    except KeyboardInterrupt:
        return EXIT_CODE_INTERRUPTED
    _show(reports, options, several=len(services) > 1)
    return exit_code


def _fail(problem: Problem) -> int:
    print(f"error: {problem}", file=sys.stderr)
    return problem.exit_code


def _show(reports: Sequence[Report], options: argparse.Namespace, *, several: bool) -> None:
    """Print the reports: as JSON one is an object, and several are a list."""
    if options.json:
        documents = [report.as_dict() for report in reports]
        if several or documents:
            print(json.dumps(documents if several else documents[0], indent=2))
    else:
        for report in reports:
            tables.show(report, Console())
    if options.html and reports:
        options.html.write_text(static_page(reports[0]), encoding="utf-8")
        print(f"Page written to {options.html}", file=sys.stderr)


def _check_page(file: Path | None, services: Sequence[str | None]) -> None:
    """Raise Problem where no page can be written, before the reading, which takes its time."""
    if file and len(services) > 1:
        raise Problem("A page shows one service.", "Give --html with one --service.", EXIT_CODE_WRONG_USAGE)
    if file:
        _check_writable(file)


def _check_writable(file: Path) -> None:
    """Raise Problem where the file could not be written."""
    is_new = not file.exists()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("ab").close()
    except OSError as error:
        raise Problem(f"{file} cannot be written ({error.strerror}).", "Name another file: --html FILE") from error
    if is_new:
        file.unlink()


def _report_of(service: str | None, options: argparse.Namespace) -> Report:
    """Find the deployment of a service, None for that of serverless.yml, and report on it. Raises Problem."""
    deployment = find_deployment(options.stage, service=service, region=options.region, project=options.project)
    if not deployment.local and (told := stage_without_parameters(read_configuration(options.project), options.stage)):
        notice(told)
    return _read(deployment, options)


def _read(deployment: Deployment, options: argparse.Namespace) -> Report:
    """Report on the deployment's last `options.last` (such as 6h). Raises Problem when there is nothing to report."""
    end = time.time() + 1
    time_range = TimeRange(end - duration_seconds(options.last), end)
    region = None if deployment.endpoint_url else deployment.region
    chosen = Options(
        selection=Selection(route=options.route, function=options.function),
        costs=costs_of(deployment),
        price_of_a_cold_start=options.price_of_a_cold_start,
        idle_minutes=options.idle_minutes,
    )
    with explained(deployment.endpoint_url), Progress(quiet_seconds=_QUIET_SECONDS) as progress:
        reader = open_reader(
            deployment,
            most_scanned=None if options.scan_all or region is None else MOST_SCANNED,
            progress=partial(counting, progress),
        )
        report = make_report(
            reader, time_range, stage=deployment.stage, region=region, most=options.most, options=chosen
        )
        if not report.requests and not report.pings.ticks:
            if chosen.selection:
                raise _nothing_selected(chosen.selection, options.last)
            raise nothing_found(deployment, options.last, reader.transaction_search_is_on())
    return report


def _nothing_selected(selection: Selection, last: str) -> Problem:
    return Problem(
        f"No request to {selection} in the last {last}.",
        "The report without --route and --function lists the routes and functions by name.",
        EXIT_CODE_NO_TRACES,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("latency"),
        description="What cold starts cost your users: response times by start type, read back from X-Ray.",
        epilog="Exit codes: 0 report made, 1 problem, 2 wrong usage, 3 no traces in the time range, 130 interrupted.",
    )
    stage_help = f"deployed stage to read; 'local' is the stage of `{command('start')}`"
    parser.add_argument("--stage", required=True, help=stage_help)
    parser.add_argument(
        "--last", default=_DEFAULT_LAST, type=duration_given, help="how far back, 30d at most (%(default)s)"
    )
    parser.add_argument("--most", default=_DEFAULT_MOST, type=_positive, help="traces to read in detail (%(default)s)")
    parser.add_argument("--project", type=path_given, default=Path(), help="folder of the service (default: this one)")
    service_help = "service name (default: the one in serverless.yml); several times for several services"
    parser.add_argument("--service", action="append", help=service_help)
    parser.add_argument(
        "--region", help="AWS region (default: as `sls deploy` chooses it, by provider.region of serverless.yml)"
    )
    parser.add_argument("--route", help="only this route, such as '/orders/{id}' or 'GET /orders/{id}'")
    parser.add_argument("--function", help="only this function: its name, or its key in serverless.yml")
    parser.add_argument(
        "--price-of-a-cold-start",
        default=PRICE_OF_A_COLD_START,
        type=_above_zero,
        metavar="DOLLARS",
        help="what avoiding one is worth to you (%(default)s)",
    )
    parser.add_argument(
        "--idle-minutes",
        default=IDLE_MINUTES,
        type=_above_zero,
        metavar="MINUTES",
        help="how long Lambda is taken to keep an idle execution environment (%(default)s)",
    )
    parser.add_argument(
        "--scan-all",
        action="store_true",
        help="let X-Ray look through any number of traces, where there is no access log",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--html", type=path_given, metavar="FILE", help="also write it as a page that needs no network")
    return parser


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
