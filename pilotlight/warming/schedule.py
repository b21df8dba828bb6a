"""The schedule of ticks, and the events that come too late for it.

EventBridge tries for up to 24 hours to deliver an event ("How EventBridge retries delivering events"), and Lambda
queues it for as long as the function's maximum event age ("Configuring error handling settings for asynchronous
invocations"). Ticks that waited would run all at once, after the newer ticks that replaced them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DEFAULT_RATE_SECONDS = 300.0
"""For a schedule without a fixed rate: a cron expression, or none."""
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(rf"rate\(\s*(\d+)\s+({'|'.join(_SECONDS)})s?\s*\)")
"""EventBridge's "Rate expressions"."""


@dataclass(frozen=True)
class Stale:
    """An event that is older than the time between two ticks."""

    age_seconds: float
    rate_seconds: float

    @property
    def reason(self) -> str:
        """Why its tick is skipped."""
        return f"its event is {self.age_seconds:.0f} s old, and ticks are {self.rate_seconds:.0f} s apart"


def find_stale(event: object, rate: str, now: float) -> Stale | None:
    """How stale a tick's event is, where it is older than one `rate` at `now` (epoch seconds).

    The event's `time` is "Scheduled Event" in the EventBridge events reference. An event without one, such as that of
    `sls warm`, is never stale; neither is one whose time cannot be read or lies in the future.
    """
    occurred = _epoch_seconds(event.get("time")) if isinstance(event, dict) else None
    if occurred is None:
        return None
    interval = rate_seconds(rate) or DEFAULT_RATE_SECONDS
    age_seconds = now - occurred
    return Stale(round(age_seconds, 1), interval) if age_seconds > interval else None


def rate_seconds(expression: str) -> float | None:
    """The seconds between two ticks of an expression such as `rate(5 minutes)`; None for any other."""
    match = _RATE.fullmatch(expression.strip())
    return float(int(match[1]) * _SECONDS[match[2]]) or None if match else None


def _epoch_seconds(time: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(time)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
