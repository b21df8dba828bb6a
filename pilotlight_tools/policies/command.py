"""`npm run policies`: arguments in, table, JSON and picture out."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from pilotlight_tools.commands import parse_options, path_given
from pilotlight_tools.cost.prices import PRICES, PRICES_CHECKED
from pilotlight_tools.policies.compare import Setting, compare
from pilotlight_tools.policies.load import TRACE, Load, LoadError, poisson, replay
from pilotlight_tools.policies.simulate import Ticks
from pilotlight_tools.policies.simulated_pool import PoolModel, Routing
from pilotlight_tools.terminal import show_table
from pilotlight_tools.variables import prepare_this_process

EXIT_CODE_PROBLEM = 1
EXIT_CODE_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; the exit code is 0, 1 for a trace or plot problem, 2 for wrong usage, 130 for Ctrl-C."""
    options = parse_options(_parser(), arguments)
    prepare_this_process()
    if options.plot and not _can_draw():
        print("error: --plot needs matplotlib: `node scripts/setup.mjs --for dev` installs it", file=sys.stderr)
        return EXIT_CODE_PROBLEM
    try:
        loads = [(seed, _load(options, seed)) for seed in range(options.seed, options.seed + options.runs)]
        model = PoolModel(
            idle_expiry_seconds=60 * options.idle_minutes,
            lifetime_seconds=3600 * options.lifetime_hours,
            routing=options.routing,
            init_seconds=options.init_ms / 1000,
            service_seconds=options.service_ms / 1000,
        )
        ticks = Ticks(60 * options.interval_minutes, options.hold_ms / 1000)
        setting = Setting(
            options.minimum, options.maximum, options.memory_mb, options.architecture, 3600 * options.warmer_hours
        )
        rows = compare(loads, model, ticks, setting, lambda message: print(message, file=sys.stderr))
        report = _report(loads, model, ticks, setting, rows)
        if options.plot:
            _plot(report, options.plot)
    except (LoadError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_CODE_PROBLEM
    except KeyboardInterrupt:
        return EXIT_CODE_INTERRUPTED
    if options.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    else:
        _show(report, Console())
    return 0


def _load(options: argparse.Namespace, seed: int) -> Load:
    if options.poisson is None:
        return replay(options.trace, seed, options.burst_seconds)
    return poisson(options.poisson, options.functions, options.hours, seed)


def _report(
    loads: Sequence[tuple[int, Load]],
    model: PoolModel,
    ticks: Ticks,
    setting: Setting,
    rows: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    load = loads[0][1]
    return {
        "source": load.source,
        "functions": len(load.functions),
        "hours": load.seconds / 3600,
        "seeds": [seed for seed, _ in loads],
        "prices_checked": PRICES_CHECKED,
        "pool": dataclasses.asdict(model),
        "ticks": dataclasses.asdict(ticks),
        "setting": dataclasses.asdict(setting),
        "policies": list(rows),
    }


def _can_draw() -> bool:
    try:
        import matplotlib  # noqa: F401 (half a second, and only a plot needs it)
    except ModuleNotFoundError:
        return False
    return True


def _plot(report: Mapping[str, Any], path: Path) -> None:
    from pilotlight_tools.policies.plot import draw

    title = f"Cold starts against price: {report['functions']} functions, {report['hours']:g} hours"
    draw(report["policies"], path, title, f"{report['source']}; mean of {len(report['seeds'])} placements")


def _show(report: Mapping[str, Any], console: Console) -> None:
    pool, ticks = report["pool"], report["ticks"]
    console.print(
        f"{report['source']}\n{report['functions']} functions, {report['hours']:g} h, mean of {len(report['seeds'])} "
        f"runs; a tick every {ticks['interval_seconds'] / 60:g} min, hold {ticks['hold_seconds'] * 1000:g} ms; idle "
        f"environments kept {pool['idle_expiry_seconds'] / 60:g} min, {pool['routing']}, "
        f"init {pool['init_seconds'] * 1000:g} ms, service {pool['service_seconds'] * 1000:g} ms",
        highlight=False,
    )
    table = Table(caption=f"price: US dollars a month, all functions, of {report['prices_checked']}")
    table.add_column("policy", no_wrap=True)
    for title in ("cold", "of requests", "pings a day", "price", "exposed\ns a day"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report["policies"]:
        table.add_row(
            row["policy"],
            f"{row['cold']:,.0f}",
            f"{row['cold_share']:.3%}",
            f"{row['pings_a_day']:,.0f}",
            f"{row['price_a_month']:,.2f}",
            f"{row['exposed_seconds_a_day']:,.0f}",
        )
    show_table(console, table, ("exposed\ns a day", "pings a day", "of requests"))
    for row in report["policies"]:
        if "ratio_to_fixed" in row:
            console.print(_beside(row), highlight=False)


def _beside(row: Mapping[str, Any]) -> str:
    ratio = "no" if row["ratio_to_fixed"] is None else f"{row['ratio_to_fixed']:.2f} times the"
    return (
        f"{row['policy']}: {row['cold']:.0f} cold starts, {ratio} {row['cold_of_fixed_with_as_many_pings']:.0f} of a "
        "fixed N that spends as many pings; a fixed N for each function, chosen afterwards, would leave "
        f"{row['cold_of_best_fixed_for_each_function']:.0f}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="npm run policies --",
        description="Replay a load against a model of Lambda's pool under warming policies: none, fixed, auto, "
        "provisioned, and clairvoyant, which knows the whole load. auto is the rule that is deployed.",
        epilog="Exit codes: 0 compared, 1 problem, 2 wrong usage, 130 interrupted.",
    )
    load = parser.add_argument_group("load")
    load.add_argument(
        "--trace", type=path_given, default=TRACE, help="CSV of invocations a minute (default: Azure 2019)"
    )
    load.add_argument(
        "--burst-seconds", type=_burst, default=60.0, help="in which a minute's requests fall (default: 60)"
    )
    load.add_argument("--poisson", type=_above_zero, metavar="RATE", help="a Poisson load instead: requests a minute")
    load.add_argument("--functions", type=_whole(1), default=10, help="of the Poisson load (default: %(default)s)")
    load.add_argument("--hours", type=_above_zero, default=8.0, help="of the Poisson load (default: %(default)s)")
    load.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    load.add_argument("--runs", type=_whole(1), default=3, help="number of seeds to average (default: %(default)s)")
    pool = parser.add_argument_group("pool")
    pool.add_argument("--idle-minutes", type=_above_zero, default=6.0, help="idle environments are kept (default: 6)")
    pool.add_argument("--lifetime-hours", type=_above_zero, default=2.0, help="any environment is kept (default: 2)")
    pool.add_argument("--routing", choices=get_args(Routing), default="newest-first", help="(default: %(default)s)")
    pool.add_argument("--init-ms", type=_above_zero, default=300.0, help="(default: %(default)s)")
    pool.add_argument("--service-ms", type=_above_zero, default=200.0, help="mean, exponential (default: %(default)s)")
    warming = parser.add_argument_group("warming")
    warming.add_argument("--interval-minutes", type=_above_zero, default=5.0, help="(default: %(default)s)")
    warming.add_argument("--hold-ms", type=_above_zero, default=100.0, help="(default: %(default)s)")
    warming.add_argument("--minimum", type=_whole(0), default=0, help="of auto, besides 1 (default: %(default)s)")
    warming.add_argument("--maximum", type=_whole(1), default=10, help="of auto and fixed (default: %(default)s)")
    warming.add_argument("--warmer-hours", type=_above_zero, default=2.0, help="auto keeps its state (default: 2)")
    warming.add_argument("--memory-mb", type=_whole(128), default=512, help="(default: %(default)s)")
    warming.add_argument("--architecture", choices=sorted(PRICES), default="arm64", help="(default: %(default)s)")
    parser.add_argument("--plot", type=path_given, metavar="PNG", help="draw cold share against price into this file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _burst(text: str) -> float:
    value = _above_zero(text)
    if value > 60:
        raise argparse.ArgumentTypeError(f"{text} is above 60, the seconds in a minute")
    return value


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is below {least}")
        return value

    return whole
