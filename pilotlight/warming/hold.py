"""How long a tick holds its pings: just long enough to reach distinct environments, learned from earlier ticks."""

from __future__ import annotations

from collections import deque

SHORTEST_SECONDS = 0.02
LONGEST_SECONDS = 4.0
"""Below the API function's own limit for a hold."""


class HoldEstimate:
    """The hold for one target, remembered while the warmer's own execution environment lives.

    Two pings of a tick can share an environment only if the first is released before the last has landed. So the hold
    covers the spread from the first dispatch to the last landing: twice the worst of the last ticks.
    """

    def __init__(self) -> None:
        self._spreads: deque[float] = deque(maxlen=5)
        self.lead_seconds: float | None = None
        """The time between fixing the deadline and the first dispatch, which goes into signing; None before a tick."""
        self.skew_seconds = 0.0
        """How far the target's clock is ahead of the warmer's."""
        self._widening = 1.0

    def learn_lead(self, seconds: float) -> None:
        """Take this tick's lead for the next one."""
        self.lead_seconds = min(1.0, max(0.0, seconds))

    def seconds(self, pings: int) -> float:
        """The hold for this many pings; a single ping needs none."""
        if pings <= 1:
            return 0.0
        expected = max(self._spreads) * 2 + SHORTEST_SECONDS if self._spreads else 0.25 + 0.001 * pings
        return min(LONGEST_SECONDS, expected * self._widening)

    def learn_short(self, spread_seconds: float, held_seconds: float) -> None:
        """Learn the spread of a round that proved too few environments; where the hold covered it, hold longer."""
        self._spreads.append(max(0.0, spread_seconds))
        if max(self._spreads) * 2 + SHORTEST_SECONDS <= held_seconds:
            self._widening = min(16.0, self._widening * 2)

    def learn_complete(self, spread_seconds: float) -> None:
        """Learn the spread of a round that proved all environments, first ping sent to last landed; hold less again."""
        self._spreads.append(max(0.0, spread_seconds))
        self._widening = max(1.0, self._widening / 2)
