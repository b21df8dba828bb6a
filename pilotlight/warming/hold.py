"""How long the pings of the next tick are held: as short as proves them distinct, learned from the ticks before."""

from __future__ import annotations

from collections import deque

SHORTEST_SECONDS = 0.02
LONGEST_SECONDS = 4.0
"""Below the cap that the API function puts on any hold."""


class HoldEstimate:
    """The hold for one target, kept while the warmer's own environment lives.

    Two pings of a tick can only share an environment if the first is released before the last has landed. So the hold
    covers the spread from the first dispatch to the last landing, twice the worst of the last ticks.
    """

    def __init__(self) -> None:
        self._spreads: deque[float] = deque(maxlen=5)
        self._lead: float | None = None
        self._widening = 1.0

    def lead_seconds(self, pings: int) -> float:
        """What passes between fixing the deadline and the first dispatch: signing, as measured last."""
        return 0.002 * pings if self._lead is None else self._lead

    def led(self, seconds: float) -> None:
        """So long it took this time."""
        self._lead = min(1.0, max(0.0, seconds))

    def seconds(self, pings: int) -> float:
        """The hold for this many pings; a single one needs none."""
        if pings <= 1:
            return 0.0
        expected = max(self._spreads) * 2 + SHORTEST_SECONDS if self._spreads else 0.25 + 0.005 * pings
        return min(LONGEST_SECONDS, expected * self._widening)

    def fell_short(self, spread_seconds: float, held_seconds: float) -> None:
        """A round proved fewer environments than it pinged: cover its spread, or, if that was covered, hold longer."""
        self._spreads.append(max(0.0, spread_seconds))
        if max(self._spreads) * 2 + SHORTEST_SECONDS <= held_seconds:
            self._widening = min(16.0, self._widening * 2)

    def proved(self, spread_seconds: float) -> None:
        """A round proved all of them, its last ping landing so long after its first was sent: narrow again."""
        self._spreads.append(max(0.0, spread_seconds))
        self._widening = max(1.0, self._widening / 2)
