"""What a stage with one or several targets costs: each target runs by itself, and they are observed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pilotlight_tools.cost.model import ALTERNATIVES, Bill, running
from pilotlight_tools.cost.observing import observing
from pilotlight_tools.cost.plan import Plan, ticks_per_month
from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.usage import Usage
from pilotlight_tools.cost.worth import is_worth_it


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to treat a stage's cold starts, in US dollars for a month of its load.

    `added` is its price above no warming; `cold_starts` are those that it leaves, a month. `is_worth_it` is None for no
    warming, and for SnapStart, which avoids no start but makes each faster.
    """

    name: str
    price: float
    added: float
    cold_starts: float
    is_worth_it: bool | None


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """What a deployed stage costs in US dollars for a month of the observed load, at list prices.

    `bills` are those of `cost.model.ALTERNATIVES`. `has_warmer` says whether a warmer is deployed, and ticks.
    `observed` and `assumed` say where each figure is from, in sentences.
    """

    bills: dict[str, Bill]
    has_warmer: bool
    plans: tuple[Plan, ...] = ()
    observed: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def warmer(self) -> float:
        """What the warmer adds, with the metrics, alarms and traces that prove its work."""
        return self.bills["warmer"].total - self.bills["none"].total

    def alternatives(self, price_of_a_cold_start: float) -> list[Alternative]:
        """All alternatives side by side."""
        return [_alternative(self.bills[name], self.bills["none"], price_of_a_cold_start) for name in ALTERNATIVES]


def stage_bills(plans: Sequence[Plan], *, free_tier: bool = False) -> dict[str, Bill]:
    """The bill of each alternative, for a stage whose targets have these plans, each with its own load."""
    return {name: _bill(plans, name, free_tier=free_tier) for name in ALTERNATIVES}


def as_one(plans: Sequence[Plan]) -> Plan:
    """A plan with the sums of several: what X-Ray and CloudWatch count together."""
    return replace(
        plans[0],
        requests_per_month=sum(plan.requests_per_month for plan in plans),
        concurrency=sum(plan.concurrency for plan in plans),
    )


def price_of_further_stage(priced: Bill, architecture: str, number: int) -> float:
    """US dollars a month that the `number`-th stage of this kind adds, in an account that has no others.

    All share one free tier, so the first may cost nothing and the third its list price.
    """
    usage, prices = priced.usage, PRICES[architecture]
    with_it, before = (usage.times(stages).less_free_tier().price(prices) for stages in (number, number - 1))
    return with_it - before


def _bill(plans: Sequence[Plan], alternative: str, *, free_tier: bool) -> Bill:
    parts = [running(plan, alternative) for plan in plans]
    usage = sum((used for used, _ in parts), observing(as_one(plans), alternative, len(plans)))
    cold_starts = sum(cold for _, cold in parts)
    if alternative == "warmer":  # one invocation of it ticks all targets
        further = ticks_per_month(plans[0]) * (len(plans) - 1)
        usage += Usage(requests=-further, schedules=-further)
    to_pay = usage.less_free_tier() if free_tier else usage
    return Bill(alternative, usage, to_pay.price_lines(PRICES[plans[0].architecture]), cold_starts)


def _alternative(priced: Bill, none: Bill, price_of_a_cold_start: float) -> Alternative:
    added, avoided = priced.total - none.total, none.cold_starts - priced.cold_starts
    has_answer = priced.alternative in ("warmer", "provisioned")
    worth = is_worth_it(added, avoided, price_of_a_cold_start) if has_answer else None
    return Alternative(priced.alternative, priced.total, added, priced.cold_starts, worth)
