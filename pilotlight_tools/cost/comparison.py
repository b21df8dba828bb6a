"""The comparison of alternatives: plain data for JSON, and a table with what it means for a terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from pilotlight_tools.cost.advice import recommend
from pilotlight_tools.cost.model import ALTERNATIVES, Bill, break_even, requests_that_keep_warm
from pilotlight_tools.cost.prices import PRICES_CHECKED, REGION
from pilotlight_tools.cost.stage import MonthlyCost, as_one, price_of_further_stage, stage_bills
from pilotlight_tools.cost.usage import OBSERVING_LINES
from pilotlight_tools.terminal import show_table

_LEAST_IMPORTANT_FIRST = ("of which\nfixed", "of which\nto see it", "above no\nwarming", "cold starts")
_NAMES = {
    "none": "no warming",
    "warmer": "Pilotlight's warmer",
    "provisioned": "provisioned concurrency",
    "snapstart": "SnapStart",
}


def compare(cost: MonthlyCost, *, free_tier: bool = False, no_cold_starts: bool = False) -> dict[str, Any]:
    """Return everything that the command prints, as plain data. Prices are in US dollars a month."""
    bills = stage_bills(cost.plans, free_tier=True) if free_tier else cost.bills
    plan = as_one(cost.plans)
    return {
        "region": REGION,
        "prices_checked": PRICES_CHECKED,
        "free_tier": free_tier,
        "plan": dataclasses.asdict(plan),
        "observed": list(cost.observed),
        "assumed": list(cost.assumed),
        "alternatives": [_row(bills[name], bills["none"]) for name in ALTERNATIVES],
        "break_even_requests_per_month": {
            "users_keep_it_warm": requests_that_keep_warm(plan),
            "warmer_no_dearer_than_none": break_even(plan, "warmer", "none", free_tier=free_tier),
            "provisioned_no_dearer_than_warmer": break_even(plan, "provisioned", "warmer", free_tier=free_tier),
            "snapstart_no_dearer_than_warmer": break_even(plan, "snapstart", "warmer", free_tier=free_tier),
        },
        "stages_of_an_account": {
            number: price_of_further_stage(cost.bills["warmer"], plan.architecture, number) for number in (1, 2, 3)
        },
        "recommendation": recommend(plan, bills, no_cold_starts=no_cold_starts),
    }


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the comparison."""
    plan = report["plan"]
    console.print(
        f"{plan['memory_mb']} MB {plan['architecture']}, {plan['concurrency']} environments pinged every "
        f"{plan['interval_minutes']:g} minutes and held {plan['hold_ms']:g} ms; {plan['requests_per_month']:,.0f} "
        f"requests a month of {plan['request_ms']:g} ms, initialization {plan['init_ms']:g} ms",
        highlight=False,
    )
    if report["observed"]:
        console.print(f"Observed: {'; '.join(report['observed'])}.", highlight=False)
    if report["assumed"]:
        console.print(f"Assumed: {' '.join(report['assumed'])}", highlight=False)
    elsewhere = report["stage_region"] not in (None, report["region"])
    where = f"{report['region']} (the stage is in {report['stage_region']})" if elsewhere else report["region"]
    table = Table(caption=f"US dollars a month, {where}, prices of {report['prices_checked']}")
    table.add_column("", no_wrap=True)
    for title in ("price", "of which\nto see it", "above no\nwarming", "of which\nfixed", "cold starts"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report["alternatives"]:
        standing = row["lines"]["provisioned"] + row["lines"]["snapstart"]
        amounts = (f"{amount:,.2f}" for amount in (row["price"], row["of_observing"], row["added"], standing))
        cold = f"{row['cold_starts']:,.0f}" + (" restored" if row["alternative"] == "snapstart" else "")
        table.add_row(_NAMES[row["alternative"]], *amounts, cold)
    show_table(console, table, _LEAST_IMPORTANT_FIRST)
    console.print(_seeing(report), highlight=False)
    for key, text in _BREAK_EVEN.items():
        requests = report["break_even_requests_per_month"][key]
        console.print(f"{text}: " + ("never" if requests is None else f"{requests:,.0f}"), highlight=False)
    console.print()
    console.print(report["recommendation"], highlight=False)


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
