"""The answer, first: what cold starts cost users, what the warmer took off them, what it costs, whether it is worth it.

The figures and the sentence made of them are the same for the terminal, the page and JSON. Whether the warmer is worth
its price is decided by `cost.worth` alone.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pilotlight_tools.cost.plan import MONTH_SECONDS
from pilotlight_tools.cost.stage import Alternative, MonthlyCost
from pilotlight_tools.cost.worth import IDLE_MINUTES, PRICE_OF_A_COLD_START, is_worth_it
from pilotlight_tools.latency.report import Verdict
from pilotlight_tools.latency.verdict_sentence import sentence

_FEW_REQUESTS = 100
_FEW_SECONDS = 86400
"""Fewer requests in less time than that do not tell what a month brings."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made of. `requests` are all where `is_complete`, else those that X-Ray traced, in `seconds`.

    `waited_ms` are the response times of cold and restored starts, as far as they were measured. `cold_without_pings`
    is by `without_pings`, summed over the functions, None where it is not known; `cold` is how many there really were.
    `cost` is None where it cannot be known. The last two are choices: what avoiding a cold start is worth in US
    dollars, and how long Lambda is taken to keep an idle environment.
    """

    requests: int
    is_complete: bool
    seconds: float
    waited_ms: Sequence[float]
    warm_median_ms: float | None
    cold_without_pings: int | None
    cold: int
    cost: MonthlyCost | None
    price_of_a_cold_start: float = PRICE_OF_A_COLD_START
    idle_minutes: float = IDLE_MINUTES

    @property
    def are_few(self) -> bool:
        """Whether nothing can be concluded: from none, or from so few in so short a time."""
        return not self.requests or (self.requests < _FEW_REQUESTS and self.seconds < _FEW_SECONDS)


def judge(facts: Facts) -> Verdict:
    """Return the verdict. With a warmer it is of what was observed, without one of what the cost model expects.

    Its `price` is what the warmer adds a month with everything that it takes, and `price_for_each_spared` is the part
    of that for the time range, divided by what was spared in it. `longer_ms` is the average of those that waited, less
    the median of warm requests, so that `longer_in_all_ms` is as many times more.
    """
    waited = max(facts.cold, len(facts.waited_ms))
    longer_ms = _longer_ms(facts)
    spared = None if facts.cold_without_pings is None else max(0, facts.cold_without_pings - facts.cold)
    price = facts.cost.warmer if facts.cost and facts.cost.has_warmer else None
    paid = None if price is None else price * facts.seconds / MONTH_SECONDS
    alternatives = _alternatives(facts)
    verdict = Verdict(
        sentence="",
        requests=facts.requests,
        waited=waited,
        longer_ms=longer_ms,
        longer_in_all_ms=waited * (longer_ms or 0.0),
        cold_without_pings=facts.cold_without_pings,
        spared=spared,
        price=price,
        price_for_each_spared=paid / spared if paid is not None and spared else None,
        is_worth_it=_is_worth_it(facts, alternatives, paid, spared),
        alternatives=alternatives,
        assumed_idle_minutes=facts.idle_minutes,
        price_of_a_cold_start=facts.price_of_a_cold_start,
    )
    return replace(verdict, sentence=sentence(facts, verdict))


def _longer_ms(facts: Facts) -> float | None:
    """How much longer than a warm request those took on average that waited."""
    if facts.warm_median_ms is None or not facts.waited_ms:
        return None
    return max(0.0, statistics.fmean(facts.waited_ms) - facts.warm_median_ms)


def _is_worth_it(
    facts: Facts, alternatives: Sequence[Alternative], paid: float | None, spared: int | None
) -> bool | None:
    """Whether the warmer is; where none is deployed, whether one would be."""
    if facts.are_few:
        return None
    if paid is None:
        return next((each.is_worth_it for each in alternatives if each.name == "warmer"), None)
    return None if spared is None else is_worth_it(paid, spared, facts.price_of_a_cold_start)


def _alternatives(facts: Facts) -> list[Alternative]:
    if not facts.cost:
        return []
    found = facts.cost.alternatives(facts.price_of_a_cold_start)
    return [replace(each, is_worth_it=None) for each in found] if facts.are_few else found
