"""What a month of users' requests costs without warming, with the warmer, and with AWS's alternatives."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pilotlight_tools.cost.observing import observing
from pilotlight_tools.cost.plan import (
    MONTH_SECONDS,
    Plan,
    cold_share_beyond,
    cold_share_without_warming,
    share_beyond_busy,
    ticks_per_month,
)
from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.usage import OBSERVING_LINES, Usage

ALTERNATIVES = ("none", "warmer", "provisioned", "snapstart")


@dataclass(frozen=True, slots=True)
class Bill:
    """One alternative's month: what it uses, what that costs in US dollars, and how many requests start cold."""

    alternative: str
    usage: Usage
    lines: dict[str, float]
    cold_starts: float

    @property
    def total(self) -> float:
        return sum(self.lines.values())

    @property
    def of_observing(self) -> float:
        """The part of the total that is for traces, metrics, alarms, dashboard and logs."""
        return sum(self.lines[name] for name in OBSERVING_LINES)


def bill(plan: Plan, alternative: str, *, free_tier: bool = False) -> Bill:
    """Compute the monthly bill of `alternative`, one of `ALTERNATIVES`; users' requests are included in each."""
    runs, cold_starts = running(plan, alternative)
    usage = runs + observing(plan, alternative)
    to_pay = usage.less_free_tier() if free_tier else usage
    return Bill(alternative, usage, to_pay.price_lines(PRICES[plan.architecture]), cold_starts)


def running(plan: Plan, alternative: str) -> tuple[Usage, float]:
    """What runs users' requests, and pings, uses in a month; and how many of the requests start cold."""
    return _USAGE[alternative](plan)


def break_even(plan: Plan, dearer: str, cheaper: str, *, free_tier: bool = False) -> float | None:
    """Requests a month from which `dearer` costs no more than `cheaper`; None when it never does (below 10^10)."""

    def is_no_dearer(requests: float) -> bool:
        at = replace(plan, requests_per_month=requests)
        return bill(at, dearer, free_tier=free_tier).total <= bill(at, cheaper, free_tier=free_tier).total

    return _first(is_no_dearer)


def requests_that_keep_warm(plan: Plan, cold_share: float = 0.01) -> float | None:
    """Requests a month from which fewer than `cold_share` of them would be cold without warming."""
    unmeasured = replace(plan, cold_share=None)
    return _first(
        lambda requests: cold_share_without_warming(replace(unmeasured, requests_per_month=requests)) < cold_share
    )


def _none(plan: Plan) -> tuple[Usage, float]:
    cold_starts = plan.requests_per_month * cold_share_without_warming(plan)
    return _served(plan, cold_starts), cold_starts


def _warmer(plan: Plan) -> tuple[Usage, float]:
    ticks = ticks_per_month(plan)
    pings = ticks * plan.concurrency
    gigabytes, warmer_gigabytes = plan.memory_mb / 1024, plan.warmer_memory_mb / 1024
    cold_starts = plan.requests_per_month * _cold_share_with_warmer(plan)
    # A tick later than `idle_minutes` finds no environment; otherwise only age ends an environment.
    inits = ticks if plan.interval_minutes > plan.idle_minutes else min(ticks, _recycled(plan))
    served = _served(plan, cold_starts)
    return (
        replace(
            served,
            requests=served.requests + pings + ticks,
            gigabyte_seconds=served.gigabyte_seconds
            + (pings * plan.hold_ms + inits * plan.concurrency * plan.init_ms) / 1000 * gigabytes
            + (ticks * (plan.hold_ms + _DISPATCH_MS) + inits * _WARMER_INIT_MS) / 1000 * warmer_gigabytes,
            schedules=ticks,
        ),
        cold_starts,
    )


def _cold_share_with_warmer(plan: Plan) -> float:
    """Measured, or else of requests that come while pings hold all environments, or users keep all of them busy."""
    if plan.cold_share_with_warmer is not None:
        return plan.cold_share_with_warmer
    held = min(1.0, plan.hold_ms / 1000 / (plan.interval_minutes * 60))
    return min(cold_share_without_warming(plan), held + cold_share_beyond(plan, plan.concurrency))


def _provisioned(plan: Plan) -> tuple[Usage, float]:
    gigabytes = plan.memory_mb / 1024
    over = plan.requests_per_month * share_beyond_busy(plan, plan.concurrency)
    cold_starts = plan.requests_per_month * cold_share_beyond(plan, plan.concurrency)
    spilled = _served(replace(plan, requests_per_month=over), cold_starts)
    within = plan.requests_per_month - over
    # Lambda recycles provisioned environments too, and bills the initialization at the running price.
    running_ms = within * plan.request_ms + _recycled(plan) * plan.concurrency * plan.init_ms
    return (
        replace(
            spilled,
            requests=plan.requests_per_month,
            provisioned_gigabyte_seconds=plan.concurrency * MONTH_SECONDS * gigabytes,
            provisioned_running_gigabyte_seconds=running_ms / 1000 * gigabytes,
        ),
        cold_starts,
    )


def _snapstart(plan: Plan) -> tuple[Usage, float]:
    gigabytes = plan.memory_mb / 1024
    restores = plan.requests_per_month * cold_share_without_warming(plan)
    served = _served(plan, 0)
    return (
        replace(
            served,
            snapstart_cached_gigabyte_seconds=MONTH_SECONDS * gigabytes,
            snapstart_restored_gigabytes=restores * gigabytes,
        ),
        restores,
    )


_USAGE: dict[str, Callable[[Plan], tuple[Usage, float]]] = {
    "none": _none,
    "warmer": _warmer,
    "provisioned": _provisioned,
    "snapstart": _snapstart,
}

_DISPATCH_MS = 150.0
"""A tick's duration beyond its hold: opening connections and reading replies."""
_WARMER_INIT_MS = 500.0
"""The warmer's own initialization: not optimised, because no user waits for it."""


def _served(plan: Plan, cold_starts: float) -> Usage:
    milliseconds = plan.requests_per_month * plan.request_ms + cold_starts * plan.init_ms
    return Usage(
        requests=plan.requests_per_month,
        gigabyte_seconds=milliseconds / 1000 * plan.memory_mb / 1024,
    )


def _recycled(plan: Plan) -> float:
    """How often in a month Lambda replaces an execution environment because of its age."""
    return MONTH_SECONDS / (plan.lifetime_hours * 3600)


def _first(is_true: Callable[[float], bool]) -> float | None:
    """Find the smallest number of requests, to one in a thousand, for which `is_true`: scan coarsely, then bisect."""
    below = 0.0
    for step in range(201):
        above = 10 ** (step / 20)
        if is_true(above):
            while above - below > max(1.0, above / 1000):
                middle = (below + above) / 2
                below, above = (below, middle) if is_true(middle) else (middle, above)
            return above
        below = above
    return None
