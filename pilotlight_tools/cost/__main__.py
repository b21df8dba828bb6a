"""`npm run cost`: the monthly price of warming, compared with AWS's alternatives, and a recommendation."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from pilotlight_tools.commands import notice, parse_options, path_given, program_name
from pilotlight_tools.configuration import ConfigurationError, read_configuration, stage_without_parameters
from pilotlight_tools.cost.comparison import compare, show
from pilotlight_tools.cost.configured_plan import plan_fields, print_configuration
from pilotlight_tools.cost.plan import Plan
from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.stage import MonthlyCost, stage_bills
from pilotlight_tools.latency.time_range import duration_given
from pilotlight_tools.variables import prepare_this_process

EXIT_CODE_PROBLEM = 1
EXIT_CODE_WRONG_USAGE = 2
EXIT_CODE_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; the exit code is 0, 1 for a configuration problem, 2 for wrong usage, 130 for Ctrl-C."""
    options = parse_options(_parser(), arguments)
    prepare_this_process()
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(Plan)}
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        Plan(**flags)
    except ValueError as error:
        return _fail(error, EXIT_CODE_WRONG_USAGE)
    if options.last and (options.stage is None or options.function is not None):
        problem = "it needs --stage" if options.stage is None else "it prices all targets: leave out --function"
        return _fail(f"--last reads a deployed stage; {problem}", EXIT_CODE_WRONG_USAGE)
    try:
        cost, stage_region = (_deployed if options.last else _configured)(options, flags)
    except KeyboardInterrupt:
        return EXIT_CODE_INTERRUPTED
    except _CannotPriceError as error:
        return _fail(str(error), EXIT_CODE_PROBLEM)
    report = compare(cost, free_tier=options.free_tier, no_cold_starts=options.no_cold_starts)
    report["stage_region"] = stage_region
    if options.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    else:
        show(report, Console())
    return 0


class _CannotPriceError(Exception):
    """What cannot be read, and what to do about it."""


def _configured(options: argparse.Namespace, flags: Mapping[str, Any]) -> tuple[MonthlyCost, str | None]:
    """The cost of what flags and serverless.yml say, and the region of the stage."""
    try:
        configuration = _configuration(options)
        fields = plan_fields(configuration, options.function, given=flags) if configuration else {}
        plan = Plan(**flags, **fields)
    except (ConfigurationError, ValueError) as error:
        raise _CannotPriceError(str(error)) from error
    region = (configuration.get("provider") or {}).get("region")
    return MonthlyCost(stage_bills([plan]), has_warmer=True, plans=(plan,)), region


def _deployed(options: argparse.Namespace, flags: Mapping[str, Any]) -> tuple[MonthlyCost, str | None]:
    """The cost of what is deployed and what its users did. Loads boto3, which nothing else here needs."""
    from pilotlight_tools.cost.deployed_stage import UnknownCostError
    from pilotlight_tools.cost.last import read_cost
    from pilotlight_tools.latency.problems import Problem

    try:
        return read_cost(options.stage, options.last, options.project, options.region, flags)
    except UnknownCostError as error:
        raise _CannotPriceError(f"{error}. Leave out --last to price serverless.yml and flags") from error
    except (Problem, ValueError) as error:
        raise _CannotPriceError(str(error)) from error


def _configuration(options: argparse.Namespace) -> dict[str, Any]:
    """Read serverless.yml as it is deployed for the stage; empty without a stage."""
    if options.stage is None:
        return {}
    if sys.stderr.isatty():
        print(f"Reading serverless.yml for stage {options.stage} …", file=sys.stderr)
    if told := stage_without_parameters(read_configuration(options.project), options.stage):
        notice(told)
    return print_configuration(options.stage, options.project, options.region)


def _fail(error: Exception | str, exit_code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("cost"),
        description="The monthly price of keeping execution environments warm, compared with provisioned concurrency "
        "and SnapStart, with the break-even in requests and a recommendation.",
        epilog="With --stage, memory, architecture, concurrency and rate come from serverless.yml (`sls print`); a "
        "flag overrides its value. `auto` is priced at its maximum; windows are ignored. With --last too, all of it is "
        "read from what is deployed, windows included, and from what its users did. Without --stage, only flags and "
        "their defaults are used. Exit codes: 0 printed, 1 problem, 2 wrong usage, 130 interrupted.",
    )
    default = Plan()
    parser.add_argument("--stage", help="read serverless.yml as it is deployed for this stage")
    last_help = "read the deployed stage and what its users did in this time, such as 7d, instead of asking for it"
    parser.add_argument("--last", metavar="TIME", type=duration_given, help=last_help)
    parser.add_argument("--region", help="of the stage (default: as `sls deploy` chooses it)")
    parser.add_argument("--function", help="its key in serverless.yml (default: that of the first target)")
    parser.add_argument("--project", type=path_given, default=Path.cwd(), help="the service's folder (default: this)")
    parser.add_argument("--requests-per-month", type=float, help=f"(default: {default.requests_per_month:,.0f})")
    parser.add_argument("--memory-mb", type=int, help=f"of the function (default: {default.memory_mb})")
    parser.add_argument("--architecture", choices=sorted(PRICES), help=f"(default: {default.architecture})")
    parser.add_argument("--concurrency", type=int, help=f"environments kept warm (default: {default.concurrency})")
    parser.add_argument("--interval-minutes", type=float, help=f"(default: {default.interval_minutes:g})")
    parser.add_argument("--hold-ms", type=float, help=f"how long a ping is held (default: {default.hold_ms:g})")
    parser.add_argument("--request-ms", type=float, help=f"of a warm request (default: {default.request_ms:g})")
    parser.add_argument("--init-ms", type=float, help=f"INIT of a cold start (default: {default.init_ms:g})")
    parser.add_argument("--warmer-memory-mb", type=int, help=f"(default: {default.warmer_memory_mb})")
    _add_observing(parser, default)
    idle_help = f"how long Lambda keeps an idle environment (default: {default.idle_minutes:g})"
    parser.add_argument("--idle-minutes", type=float, help=idle_help)
    lifetime_help = f"how long Lambda keeps any environment (default: {default.lifetime_hours:g})"
    parser.add_argument("--lifetime-hours", type=float, help=lifetime_help)
    parser.add_argument("--cold-share", type=float, help="measured share of cold requests without warming, 0 to 1")
    parser.add_argument("--cold-share-with-warmer", type=float, help="measured share of them with the warmer, 0 to 1")
    worth = f"US dollars above which avoiding one is not worth it (default: {default.price_of_a_cold_start})"
    parser.add_argument("--price-of-a-cold-start", type=float, metavar="DOLLARS", help=worth)
    parser.add_argument("--free-tier", action="store_true", help="subtract it, as if the account ran nothing else")
    parser.add_argument("--no-cold-starts", action="store_true", help="a cold start is not acceptable at any price")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _add_observing(parser: argparse.ArgumentParser, default: Plan) -> None:
    reservoir = f"requests of each second that X-Ray traces (default: {default.traced_per_second})"
    parser.add_argument("--traced-per-second", type=int, help=reservoir)
    parser.add_argument(
        "--sampling", type=float, help=f"share of the others that it traces, 0 to 1 (default: {default.sampling})"
    )
    parser.add_argument(
        "--observability",
        action=argparse.BooleanOptionalAction,
        help=f"the stage has a dashboard and alarms (default: {'yes' if default.observability else 'no'})",
    )
    methods = f"methods of the API with metrics of their own (default: {default.api_methods_measured})"
    parser.add_argument("--api-methods-measured", type=int, help=methods)
    parser.add_argument(
        "--reports-per-month", type=float, help=f"reports of six hours (default: {default.reports_per_month:g})"
    )


if __name__ == "__main__":
    sys.exit(main())
