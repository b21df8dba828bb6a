"""After a throttle, ping a target less, then more again with each tick."""

from __future__ import annotations


class Throttle:
    """How many pings one target's next tick may have; `pings` is None where no throttle is remembered."""

    def __init__(self) -> None:
        self.pings: int | None = None

    def shrink(self, sent: int, unique: int) -> None:
        """After a throttle, allow as many pings as environments replied, and fewer than were sent."""
        self.pings = max(1, min(sent - 1, unique))

    def grow(self, wanted: int) -> None:
        """Allow a quarter more after a tick without a throttle, until all that are wanted are allowed."""
        if self.pings is not None:
            grown = self.pings + max(1, self.pings // 4)
            self.pings = None if grown >= wanted else grown
