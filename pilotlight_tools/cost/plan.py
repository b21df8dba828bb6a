"""A function, its load, how it would be warmed, and how many of its requests would start cold.

Cold starts are estimated for requests spread at random over the month (a Poisson process); real load is burstier, so
a measured share of cold starts (`npm run latency`) is the better figure: give it as `cold_share`.
"""

import math
from dataclasses import dataclass

from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.worth import IDLE_MINUTES, LIFETIME_HOURS, PRICE_OF_A_COLD_START

MONTH_SECONDS = 730 * 3600
"""A month as AWS's own price pages count it."""
MOST = 10_000
"""Of what is counted one by one: a reservoir, methods, reports."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One function, its load, and how it would be warmed. Times are in the unit that the name ends with."""

    memory_mb: int = 512
    architecture: str = "arm64"
    concurrency: int = 5
    interval_minutes: float = 5.0
    hold_ms: float = 100.0
    requests_per_month: float = 100_000
    request_ms: float = 50.0
    init_ms: float = 300.0
    warmer_memory_mb: int = 512
    traced_per_second: int = 1
    """The reservoir of the X-Ray sampling rule: so many requests of each second are traced. Lambda's own rule has 1."""
    sampling: float = 0.05
    """Share of the requests beyond the reservoir that is traced. Each tick is one more trace, with all its pings."""
    observability: bool = True
    """Whether the stage has a dashboard and alarms. Metrics it has in any case."""
    api_methods_measured: int = 0
    """Methods of the REST API that have metrics of their own (`detailedMetrics`)."""
    reports_per_month: float = 30
    """How often `npm run latency` reads six hours of traces."""
    idle_minutes: float = IDLE_MINUTES
    """How long Lambda keeps an idle environment: undocumented, five minutes and more are observed."""
    lifetime_hours: float = LIFETIME_HOURS
    """How long Lambda keeps any environment, however busy: undocumented, about two hours are observed."""
    cold_share: float | None = None
    """Share of requests that are cold without warming, if it was measured."""
    cold_share_with_warmer: float | None = None
    """Share of requests that are cold with the warmer, if it was measured."""
    price_of_a_cold_start: float = PRICE_OF_A_COLD_START
    """US dollars above which avoiding one is not worth it."""

    def __post_init__(self) -> None:
        if self.architecture not in PRICES:
            raise ValueError(f"architecture is {self.architecture!r}: give one of {', '.join(PRICES)}")
        if not 128 <= self.memory_mb <= 10240 or not 128 <= self.warmer_memory_mb <= 10240:
            raise ValueError("memory is outside what Lambda allows: give 128 to 10240 MB")
        if self.concurrency < 1:
            raise ValueError("concurrency is below 1: give the number of environments to keep warm")
        for name in ("interval_minutes", "request_ms", "idle_minutes", "lifetime_hours"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}: give a number above 0")
        for name in ("hold_ms", "requests_per_month", "init_ms", "price_of_a_cold_start"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}: give a number of 0 or more")
        for name in ("traced_per_second", "api_methods_measured", "reports_per_month"):
            if not 0 <= getattr(self, name) <= MOST:
                raise ValueError(f"{name} is {getattr(self, name)}: give a number from 0 to {MOST:,}")
        for name in ("sampling", "cold_share", "cold_share_with_warmer"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}: give a share between 0 and 1")


def ticks_per_month(plan: Plan) -> float:
    """How often the warmer runs in a month."""
    return MONTH_SECONDS / (plan.interval_minutes * 60)


def cold_share_without_warming(plan: Plan) -> float:
    """Share of users' requests that find no environment: measured, or else estimated by `cold_share_beyond`."""
    return cold_share_beyond(plan, 0) if plan.cold_share is None else plan.cold_share


def cold_share_beyond(plan: Plan, environments: int) -> float:
    """Share of all requests that start cold when `environments` execution environments are always warm.

    Requests in progress are Poisson distributed with mean a = rate x duration (M/G/infinity). A request that finds n
    in progress needs environment n+1, which has ended if the last such request is longer ago than Lambda keeps an
    idle environment (T): the sum over n of p(n) e^(-rate p(n) T). With short requests this is the exact e^(-rate T).
    Age adds at least one cold start in each lifetime. A test compares `pilotlight_tools.policies` with this formula.
    """
    a_second = plan.requests_per_month / MONTH_SECONDS
    idle_seconds = plan.idle_minutes * 60
    share = sum(p * math.exp(-a_second * p * idle_seconds) for p in _in_progress(plan, environments))
    by_age = 1 / (1 + a_second * plan.lifetime_hours * 3600) if environments == 0 else 0.0
    return min(1.0, max(share, by_age))


def traces_recorded(plan: Plan) -> float:
    """Users' requests in a month that X-Ray records: of each second the reservoir, of the rest a share.

    "Configuring sampling rules" in the X-Ray Developer Guide. In a second there are n requests with Poisson's
    probability, of which min(n, reservoir) are within; the mean of that is the sum over k <= reservoir of P(n >= k).
    """
    a_second = plan.requests_per_month / MONTH_SECONDS
    within, at_least, exactly = 0.0, 1.0, math.exp(-a_second)
    for number in range(plan.traced_per_second):
        at_least -= exactly  # of number + 1 requests
        if at_least <= 0:
            break
        within += at_least
        exactly *= a_second / (number + 1)
    within = min(within, a_second)
    return MONTH_SECONDS * (within + plan.sampling * (a_second - within))


def share_beyond_busy(plan: Plan, environments: int) -> float:
    """Erlang B: share of requests that find all provisioned `environments` busy and spill over."""
    offered = plan.requests_per_month / MONTH_SECONDS * plan.request_ms / 1000
    blocked = 1.0
    for number in range(1, environments + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked


def _in_progress(plan: Plan, at_least: int) -> list[float]:
    """Poisson probabilities of finding n requests in progress, for all relevant n from `at_least` on."""
    mean = plan.requests_per_month / MONTH_SECONDS * plan.request_ms / 1000
    reach = 12 * math.sqrt(mean) + 12
    first, last = max(at_least, int(mean - reach)), int(mean + reach)
    if mean == 0:
        return [1.0] if at_least == 0 else []
    return [math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(first, last + 1)]
