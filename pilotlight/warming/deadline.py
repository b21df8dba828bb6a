"""The time that the warmer has: one moment for the whole handler, shared out among what is still to be done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A moment on a monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def seconds_left(self) -> float:
        """The seconds until then, never below 0."""
        return max(0.0, self._ends - self._clock())

    def share(self, parts: int) -> Deadline:
        """The deadline of the first of so many parts that have equal time; what it leaves over is for the others."""
        seconds = self.seconds_left()
        seconds /= parts
        return Deadline(seconds, self._clock)
