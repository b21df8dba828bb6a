"""The time range of a report."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_CHUNK_SECONDS = 6 * 3600
"""GetTraceSummaries refuses longer time ranges ("X-Ray endpoints and quotas")."""
_KEPT_SECONDS = 30 * 86400
"""X-Ray keeps traces for 30 days."""
MOST_SECONDS_BY_X_RAY = 24 * 3600.0
"""Of a longer time range X-Ray lists the last part at most: it charges for each trace that it looks through."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BIN_SECONDS = (10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_MOST_BINS = 60


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start` to `end`, in epoch seconds."""

    start: float
    end: float

    def chunks(self) -> Iterator[TimeRange]:
        """Split into time ranges short enough for X-Ray, the latest first; neighbours share their border."""
        end = self.end
        while end > self.start:
            start = max(self.start, end - _LONGEST_CHUNK_SECONDS)
            yield TimeRange(start, end)
            end = start

    def near_border(self, moment: float, seconds: float = 2.0) -> bool:
        """Check whether a moment is so near a border between chunks that both may return its trace."""
        into_chunk = (self.end - moment) % _LONGEST_CHUNK_SECONDS
        return into_chunk < seconds or into_chunk > _LONGEST_CHUNK_SECONDS - seconds

    @property
    def bin_seconds(self) -> int:
        """A round width that divides the time range into sixty bins at most."""
        length = self.end - self.start
        return next((width for width in _BIN_SECONDS if length / width <= _MOST_BINS), _BIN_SECONDS[-1])


def duration_given(text: str) -> str:
    """Check an option's duration, for argparse, and return it as it is."""
    try:
        duration_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def duration_seconds(text: str) -> float:
    """Parse a duration such as 90s, 15m, 6h or 7d into seconds. Raises ValueError, which says what is wrong."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a duration: write a number and s, m, h or d, such as 90s, 15m, 6h or 7d")
    seconds = float(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= _KEPT_SECONDS:
        raise ValueError(f"'{text}' is outside what X-Ray keeps: give more than 0 and at most 30d")
    return seconds
