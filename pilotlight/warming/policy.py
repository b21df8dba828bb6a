"""How each target is kept warm: how many now, how many fit, one tick, and what the next tick should know.

All that is remembered lives in the warmer's own environment and may be gone at any tick; every default is a safe one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pilotlight.warming.hold import HoldEstimate
from pilotlight.warming.sizing import Sizing, next_concurrency
from pilotlight.warming.targets import Size, size_at
from pilotlight.warming.tick import TickResult, tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilotlight.warming.headroom import Headroom
    from pilotlight.warming.targets import Target
    from pilotlight.warming.tick import Invoker


@dataclass
class Memory:
    """What one target's ticks have taught."""

    hold: HoldEstimate = field(default_factory=HoldEstimate)
    sizing: Sizing | None = None
    auto: Size | None = None
    throttled_at: int | None = None
    initialised_by: str = ""


class Warming:
    """Ticks targets one after the other, never two at once, so that their users are not exposed together."""

    def __init__(self, invoker: Invoker, headroom: Headroom, clock: Callable[[], float] = time.time) -> None:
        self._invoker = invoker
        self._headroom = headroom
        self._clock = clock
        self._memories: dict[str, Memory] = {}

    def tick(self, target: Target, seconds_left: Callable[[], float]) -> TickResult:
        """One tick of one target, as many rounds as it takes."""
        memory = self._memories.setdefault(target.function, Memory())
        now = self._clock()
        size = size_at(now, target.windows, target.size, target.zone)
        if memory.initialised_by and (probe := self._still_initialised(target.function, memory, seconds_left)):
            return probe
        if size.minimum == size.maximum:
            memory.sizing = None
            result = self._tick(target.function, size.maximum, memory, seconds_left)
        else:
            result = self._tick_auto(target.function, size, memory, seconds_left, now)
        kinds = {body["initialization"] for body in result.replies.values()} - {"on-demand"}
        if kinds and all(body["initialization"] != "on-demand" for body in result.replies.values()):
            memory.initialised_by = " and ".join(sorted(kinds))
            result.stood_down = _why(memory.initialised_by)
        return result

    def _tick(self, function: str, concurrency: int, memory: Memory, seconds_left: Callable[[], float]) -> TickResult:
        if concurrency == 0:
            return TickResult(function, 0)
        limit = self._headroom.limit(function)
        pings, cause = concurrency, ""
        if limit.pings is not None and limit.pings < pings:
            pings, cause = limit.pings, f"only {limit.pings} of {concurrency} pings fit: {limit.reason}"
        if memory.throttled_at is not None and memory.throttled_at < pings:
            pings, cause = memory.throttled_at, f"only {memory.throttled_at} pings after throttles in the tick before"
        result = tick(function, concurrency, self._invoker, memory.hold, seconds_left, pings=pings, clock=self._clock)
        if cause:
            result.causes.append(cause)
        if result.throttled:
            memory.throttled_at = max(1, min(pings - 1, result.unique))
        elif memory.throttled_at is not None:
            memory.throttled_at += max(1, memory.throttled_at // 4)
            memory.throttled_at = None if memory.throttled_at >= concurrency else memory.throttled_at
        return result

    def _tick_auto(
        self, function: str, size: Size, memory: Memory, seconds_left: Callable[[], float], now: float
    ) -> TickResult:
        if memory.sizing is None or memory.auto != size:
            memory.auto = size
            wanted, memory.sizing = next_concurrency([], None, size.minimum, size.maximum, now)
            first = self._tick(function, wanted, memory, seconds_left)
            grown, memory.sizing = next_concurrency(
                list(first.replies.values()), memory.sizing, size.minimum, size.maximum, now
            )
            return first if grown <= wanted else first.and_then(self._tick(function, grown, memory, seconds_left))
        result = self._tick(function, memory.sizing.asked, memory, seconds_left)
        replies = list(result.replies.values())
        _, memory.sizing = next_concurrency(replies, memory.sizing, size.minimum, size.maximum, now)
        return result

    def _still_initialised(self, function: str, memory: Memory, seconds_left: Callable[[], float]) -> TickResult | None:
        """Look with a single unheld ping whether Lambda still does the warming; None where it does no longer."""
        probe = tick(function, 1, self._invoker, memory.hold, seconds_left, clock=self._clock)
        if any(body["initialization"] != "on-demand" for body in probe.replies.values()):
            probe.stood_down = _why(memory.initialised_by)
            return probe
        memory.initialised_by = ""
        return None


def _why(initialised_by: str) -> str:
    return f"{initialised_by} initialises this function's environments ahead of its users: warming it adds only cost"
