"""When how many environments are kept warm: windows of the week in a time zone.

A deployed function has no time zone database. The package carries the zone's rule instead, as a POSIX TZ string (POSIX,
"Environment Variables", TZ) such as ``CET-1CEST,M3.5.0,M10.5.0/3``, which the C library knows how to apply.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Size:
    """How many environments: from ``minimum`` to ``maximum`` as users need them, or exactly so many if both agree."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Window:
    """On ``days`` (0 is Monday) from minute ``start`` of the day to ``end``, past midnight if that is earlier."""

    days: frozenset[int]
    start: int
    end: int
    size: Size

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether this minute of this weekday lies in the window."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        yesterday = (weekday - 1) % 7
        return (weekday in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


def size_at(moment: float, windows: tuple[Window, ...], otherwise: Size, zone: str) -> Size:
    """The size at ``moment`` (epoch seconds): that of the first window that holds it, or ``otherwise``."""
    if not windows:
        return otherwise
    local = _local_time(moment, zone)
    minute = local.tm_hour * 60 + local.tm_min
    return next((window.size for window in windows if window.holds(local.tm_wday, minute)), otherwise)


def _local_time(moment: float, zone: str) -> time.struct_time:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        return time.localtime(moment)
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
