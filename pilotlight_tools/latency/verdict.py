"""The answer, first: what cold starts cost users, and what the warmer took off them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilotlight_tools.latency.report import Verdict

PRICE_OF_A_COLD_START = 0.05
IDLE_MINUTES = 6.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made of. `requests` are all where `is_complete`, else those that X-Ray traced, in `seconds`."""

    requests: int
    is_complete: bool
    seconds: float
    waited_ms: Sequence[float]
    warm_median_ms: float | None
    cold_without_pings: int | None
    cold: int
    cost: Any
    price_of_a_cold_start: float = PRICE_OF_A_COLD_START
    idle_minutes: float = IDLE_MINUTES


def judge(facts: Facts) -> Verdict:
    """Return the verdict."""
    waited = max(facts.cold, len(facts.waited_ms))
    longer = (
        statistics.fmean(facts.waited_ms) - facts.warm_median_ms if facts.waited_ms and facts.warm_median_ms else None
    )
    spared = None if facts.cold_without_pings is None else max(0, facts.cold_without_pings - facts.cold)
    return Verdict(
        sentence=f"{waited:,} of {facts.requests:,} requests waited for a start.",
        requests=facts.requests,
        waited=waited,
        longer_ms=longer,
        longer_in_all_ms=waited * (longer or 0.0),
        cold_without_pings=facts.cold_without_pings,
        spared=spared,
        price=None,
        price_for_each_spared=None,
        is_worth_it=None,
        alternatives=[],
        assumed_idle_minutes=facts.idle_minutes,
        price_of_a_cold_start=facts.price_of_a_cold_start,
    )
