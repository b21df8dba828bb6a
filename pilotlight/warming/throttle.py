"""After a throttle a target is pinged less, then more again from tick to tick."""

from __future__ import annotations


class Throttle:
    """How many pings one target's next tick may have; `pings` is None where no throttle is remembered."""

    def __init__(self) -> None:
        self.pings: int | None = None

    def shrink(self, sent: int, unique: int) -> None:
        """Remember that of so many pings at once some were throttled, and that so many environments replied."""
        self.pings = max(1, min(sent - 1, unique))

    def grow(self, wanted: int) -> None:
        """Allow a quarter more after a tick without a throttle, until nothing is held back of what is wanted."""
        if self.pings is not None:
            grown = self.pings + max(1, self.pings // 4)
            self.pings = None if grown >= wanted else grown
