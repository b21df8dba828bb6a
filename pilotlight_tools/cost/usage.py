"""What AWS bills for in a month, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pilotlight_tools.cost.prices import FREE_TIER, Prices

_OF_LAMBDA = ("requests", "gigabyte_seconds")
"""Of the free tier: not for functions with provisioned concurrency."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts of a month, by what AWS counts."""

    requests: float = 0.0
    gigabyte_seconds: float = 0.0
    provisioned_gigabyte_seconds: float = 0.0
    provisioned_running_gigabyte_seconds: float = 0.0
    snapstart_cached_gigabyte_seconds: float = 0.0
    snapstart_restored_gigabytes: float = 0.0
    schedules: float = 0.0
    traces: float = 0.0
    traces_read: float = 0.0
    metrics: float = 0.0
    alarm_metrics: float = 0.0
    dashboards: float = 0.0
    log_gigabytes: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def times(self, number: float) -> Usage:
        """The usage of so many stages that are all alike."""
        return Usage(*(getattr(self, each.name) * number for each in fields(self)))

    def less_free_tier(self) -> Usage:
        """Subtract what an account has free."""
        paid = {each.name: getattr(self, each.name) for each in fields(self)}
        for free in fields(FREE_TIER):
            if free.name not in _OF_LAMBDA or not self.provisioned_gigabyte_seconds:
                paid[free.name] = max(0.0, paid[free.name] - getattr(FREE_TIER, free.name))
        return Usage(**paid)

    def price_lines(self, prices: Prices) -> dict[str, float]:
        """US dollars for each line of the bill."""
        return {
            "requests": self.requests * prices.request,
            "duration": self.gigabyte_seconds * prices.gigabyte_second
            + self.provisioned_running_gigabyte_seconds * prices.provisioned_running_gigabyte_second,
            "provisioned": self.provisioned_gigabyte_seconds * prices.provisioned_gigabyte_second,
            "snapstart": self.snapstart_cached_gigabyte_seconds * prices.snapstart_cached_gigabyte_second
            + self.snapstart_restored_gigabytes * prices.snapstart_restored_gigabyte,
            "schedule": self.schedules * prices.schedule,
            "traces": self.traces * prices.trace,
            "reports": self.traces_read * prices.trace_read,
            "metrics": self.metrics * prices.metric,
            "alarms": self.alarm_metrics * prices.alarm_metric,
            "dashboard": self.dashboards * prices.dashboard,
            "logs": self.log_gigabytes * prices.log_gigabyte,
        }

    def price(self, prices: Prices) -> float:
        """US dollars, all lines together."""
        return sum(self.price_lines(prices).values())


OBSERVING_LINES = ("traces", "reports", "metrics", "alarms", "dashboard", "logs")
"""The lines for what shows cold starts and the warmer's work; the others are for what does the work."""
