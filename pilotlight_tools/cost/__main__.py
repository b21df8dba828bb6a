"""`npm run cost`: the monthly price of warming, compared with AWS's alternatives, and a recommendation."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pilotlight_tools.commands import program_name
from pilotlight_tools.configuration import ConfigurationError
from pilotlight_tools.cost.advice import recommend
from pilotlight_tools.cost.configured_plan import plan_fields, print_configuration
from pilotlight_tools.cost.model import (
    ALTERNATIVES,
    Bill,
    bill,
    break_even,
    price_of_further_stage,
    requests_that_keep_warm,
)
from pilotlight_tools.cost.plan import Plan
from pilotlight_tools.cost.prices import PRICES, PRICES_CHECKED, REGION
from pilotlight_tools.cost.usage import OBSERVING_LINES

EXIT_CODE_PROBLEM = 1
EXIT_CODE_WRONG_USAGE = 2
EXIT_CODE_INTERRUPTED = 130
_NAMES = {
    "none": "no warming",
    "warmer": "Pilotlight's warmer",
    "provisioned": "provisioned concurrency",
    "snapstart": "SnapStart",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; the exit code is 0, 1 for a configuration problem, 2 for wrong usage, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(Plan)}
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        Plan(**flags)
    except ValueError as error:
        return _fail(error, EXIT_CODE_WRONG_USAGE)
    try:
        configuration = _configuration(options)
        fields = plan_fields(configuration, options.function, given=flags) if configuration else {}
        plan = Plan(**flags, **fields)
    except (ConfigurationError, ValueError) as error:
        return _fail(error, EXIT_CODE_PROBLEM)
    except KeyboardInterrupt:
        return EXIT_CODE_INTERRUPTED
    report = _compare(plan, free_tier=options.free_tier, no_cold_starts=options.no_cold_starts)
    report["stage_region"] = (configuration.get("provider") or {}).get("region")
    if options.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    else:
        _show(report, Console())
    return 0


def _compare(plan: Plan, *, free_tier: bool = False, no_cold_starts: bool = False) -> dict[str, Any]:
    """Return everything that the command prints, as plain data. Prices are in US dollars a month."""
    bills = {name: bill(plan, name, free_tier=free_tier) for name in ALTERNATIVES}
    return {
        "region": REGION,
        "prices_checked": PRICES_CHECKED,
        "free_tier": free_tier,
        "plan": dataclasses.asdict(plan),
        "alternatives": [_row(bills[name], bills["none"]) for name in ALTERNATIVES],
        "break_even_requests_per_month": {
            "users_keep_it_warm": requests_that_keep_warm(plan),
            "warmer_no_dearer_than_none": break_even(plan, "warmer", "none", free_tier=free_tier),
            "provisioned_no_dearer_than_warmer": break_even(plan, "provisioned", "warmer", free_tier=free_tier),
            "snapstart_no_dearer_than_warmer": break_even(plan, "snapstart", "warmer", free_tier=free_tier),
        },
        "stages_of_an_account": {number: price_of_further_stage(plan, "warmer", number) for number in (1, 2, 3)},
        "recommendation": recommend(plan, bills, no_cold_starts=no_cold_starts),
    }


def _configuration(options: argparse.Namespace) -> dict[str, Any]:
    """Read serverless.yml as it is deployed for the stage; empty without a stage."""
    if options.stage is None:
        return {}
    if sys.stderr.isatty():
        print(f"Reading serverless.yml for stage {options.stage} …", file=sys.stderr)
    return print_configuration(options.stage, options.project, options.region)


def _fail(error: Exception, exit_code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return exit_code


def _row(priced: Bill, none: Bill) -> dict[str, Any]:
    avoided = none.cold_starts - priced.cold_starts
    added = priced.total - none.total
    return {
        "alternative": priced.alternative,
        "price": priced.total,
        "added": added,
        "cold_starts": priced.cold_starts,
        "price_per_cold_start_avoided": added / avoided if avoided > 0 else None,
        "of_observing": priced.of_observing,
        "lines": priced.lines,
        "usage": dataclasses.asdict(priced.usage),
    }


def _show(report: Mapping[str, Any], console: Console) -> None:
    plan = report["plan"]
    console.print(
        f"{plan['memory_mb']} MB {plan['architecture']}, {plan['concurrency']} environments pinged every "
        f"{plan['interval_minutes']:g} minutes and held {plan['hold_ms']:g} ms; {plan['requests_per_month']:,.0f} "
        f"requests a month of {plan['request_ms']:g} ms, initialization {plan['init_ms']:g} ms",
        highlight=False,
    )
    elsewhere = report["stage_region"] not in (None, report["region"])
    where = f"{report['region']} (the stage is in {report['stage_region']})" if elsewhere else report["region"]
    table = Table(caption=f"US dollars a month, {where}, prices of {report['prices_checked']}")
    table.add_column("", no_wrap=True)
    for title in ("price", "of which to see it", "above no warming", "of which fixed", "cold starts"):
        table.add_column(title, justify="right")
    for row in report["alternatives"]:
        standing = row["lines"]["provisioned"] + row["lines"]["snapstart"]
        amounts = (f"{amount:,.2f}" for amount in (row["price"], row["of_observing"], row["added"], standing))
        cold = f"{row['cold_starts']:,.0f}" + (" restored" if row["alternative"] == "snapstart" else "")
        table.add_row(_NAMES[row["alternative"]], *amounts, cold)
    console.print(table)
    console.print(_seeing(report), highlight=False)
    for key, text in _BREAK_EVEN.items():
        requests = report["break_even_requests_per_month"][key]
        console.print(f"{text}: " + ("never" if requests is None else f"{requests:,.0f}"), highlight=False)
    console.print()
    console.print(report["recommendation"], highlight=False)


def _seeing(report: Mapping[str, Any]) -> str:
    """What seeing costs, and what of it all an account has free."""
    lines = report["alternatives"][ALTERNATIVES.index("warmer")]["lines"]
    parts = ", ".join(f"{name} {lines[name]:,.2f}" for name in OBSERVING_LINES)
    first, second, third = report["stages_of_an_account"].values()
    return (
        f"To see it, with the warmer: {parts}\nAfter the free tier, if the account has nothing else: {first:,.2f} for "
        f"the first such stage, {second:,.2f} for the second, {third:,.2f} for the third"
    )


_BREAK_EVEN = {
    "users_keep_it_warm": "Requests a month from which users keep the function warm themselves (fewer than 1 % cold)",
    "warmer_no_dearer_than_none": "… from which the INIT it saves pays for the warmer",
    "provisioned_no_dearer_than_warmer": "… from which provisioned concurrency costs no more than the warmer",
    "snapstart_no_dearer_than_warmer": "… from which SnapStart costs no more than the warmer",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program_name("cost"),
        description="The monthly price of keeping execution environments warm, compared with provisioned concurrency "
        "and SnapStart, with the break-even in requests and a recommendation.",
        epilog="With --stage, memory, architecture, concurrency and rate come from serverless.yml (`sls print`); a "
        "flag overrides its value. `auto` is priced at its maximum; windows are ignored. Without --stage, only flags "
        "and their defaults are used. Exit codes: 0 printed, 1 problem, 2 wrong usage, 130 interrupted.",
    )
    default = Plan()
    parser.add_argument("--stage", help="read serverless.yml as it is deployed for this stage")
    parser.add_argument("--region", help="of the stage (default: as `sls deploy` chooses it)")
    parser.add_argument("--function", help="its key in serverless.yml (default: that of the first target)")
    parser.add_argument("--project", type=Path, default=Path.cwd(), help="the service's folder (default: this)")
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
