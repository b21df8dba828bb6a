"""The monthly price of what a replay counted, from the same table as `npm run cost`."""

from pilotlight_tools.cost.plan import MONTH_SECONDS
from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.usage import Usage
from pilotlight_tools.policies.simulate import Counts, Ticks

_DISPATCH_SECONDS = 0.15
"""The warmer's time for one function's tick beyond the hold: opening connections and reading replies."""


def month_price(
    counts: Counts, seconds: float, ticks: Ticks, memory_mb: int, architecture: str, standing: int = 0
) -> float:
    """US dollars a month, users' requests included, if the whole month is like the `seconds` replayed.

    `standing` is the number of provisioned environments of all functions together. The warmer has the functions'
    memory size, and one invocation for all of them in each interval. X-Ray and the free tier are not included.
    """
    gigabytes = memory_mb / 1024
    warmer_invocations = seconds / ticks.interval_seconds if counts.ticks else 0.0
    warmer_seconds = counts.ticks * (ticks.hold_seconds + _DISPATCH_SECONDS)
    provisioned_seconds = counts.request_seconds - counts.spilled_seconds
    months = MONTH_SECONDS / seconds
    usage = Usage(
        requests=(counts.requests - counts.throttled + counts.pings + warmer_invocations) * months,
        gigabyte_seconds=(counts.spilled_seconds + counts.ping_seconds + warmer_seconds) * gigabytes * months,
        provisioned_gigabyte_seconds=standing * MONTH_SECONDS * gigabytes,
        provisioned_running_gigabyte_seconds=provisioned_seconds * gigabytes * months,
        schedules=warmer_invocations * months,
    )
    return usage.price(PRICES[architecture])
