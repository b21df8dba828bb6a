"""How each target is kept warm: how many now, how many fit, one tick, and what to remember for the next.

The memory is in the warmer's own execution environment and may be lost at any tick; every default is safe.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pilotlight.environment import ON_DEMAND
from pilotlight.warming.hold import HoldEstimate
from pilotlight.warming.results import TickResult
from pilotlight.warming.rounds import Order, Times
from pilotlight.warming.sizing import Sizing, next_concurrency
from pilotlight.warming.targets import Size, size_at
from pilotlight.warming.throttle import Throttle
from pilotlight.warming.tick import tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilotlight.warming.headroom import Headroom
    from pilotlight.warming.rounds import Invoker
    from pilotlight.warming.targets import Target


@dataclass
class _Memory:
    """What earlier ticks of one target taught."""

    hold: HoldEstimate = field(default_factory=HoldEstimate)
    throttle: Throttle = field(default_factory=Throttle)
    sizing: Sizing | None = None
    sizing_for: Size | None = None
    initialised_by: str = ""


class Warming:
    """Ticks targets one after the other, never two at once, so that their users are not exposed together.

    `build` is the warmer's own, which environments have to run to count unless their target names another; where both
    are empty, any counts.
    """

    def __init__(
        self, invoker: Invoker, headroom: Headroom, clock: Callable[[], float] = time.time, build: str = ""
    ) -> None:
        self._invoker = invoker
        self._headroom = headroom
        self._clock = clock
        self._build = build
        self._memories: dict[str, _Memory] = {}

    def tick(self, target: Target, seconds_left: Callable[[], float]) -> TickResult:
        """Run one tick of one target, in as many rounds as it takes."""
        memory = self._memories.setdefault(target.function, _Memory())
        times = Times(seconds_left, self._clock)
        if memory.initialised_by:
            probe = tick(Order(target.function, 1, 1, target.timeout_seconds), self._invoker, memory.hold, times)
            if any(reply["initialization"] != ON_DEMAND for reply in probe.replies.values()):
                return replace(probe, stood_down=_why(memory.initialised_by))
            memory.initialised_by = ""
        size = size_at(self._clock(), target.windows, target.size, target.zone)
        if size.minimum == size.maximum:
            memory.sizing = None
            result = self._tick(target, size.maximum, memory, times)
        else:
            result = self._tick_auto(target, size, memory, times)
        kinds = {reply["initialization"] for reply in result.replies.values()}
        if kinds and ON_DEMAND not in kinds:
            memory.initialised_by = " and ".join(sorted(kinds))
            return replace(result, stood_down=_why(memory.initialised_by))
        return result

    def _tick(self, target: Target, requested: int, memory: _Memory, times: Times) -> TickResult:
        if requested == 0:
            return TickResult(target.function, 0)
        limit = self._headroom.limit(target.function, times.seconds_left())
        fitting = requested if limit.pings is None else min(requested, limit.pings)
        allowed = memory.throttle.pings
        pings = fitting if allowed is None else min(fitting, allowed)
        order = Order(target.function, requested, pings, target.timeout_seconds, target.build or self._build)
        result = tick(order, self._invoker, memory.hold, times)
        if result.tally.throttled:
            memory.throttle.shrink(pings, len(result.replies))
        else:
            memory.throttle.grow(requested)
        if pings < fitting:
            held_back = f"only {pings} pings after throttles in the tick before"
            return replace(result, causes=(*result.causes, held_back))
        if pings < requested:
            too_few = f"only {pings} of {requested} pings fit: {limit.reason}"
            return replace(result, causes=(*result.causes, too_few), limited_to=pings)
        return result

    def _tick_auto(self, target: Target, size: Size, memory: _Memory, times: Times) -> TickResult:
        now = times.now()
        if memory.sizing is None or memory.sizing_for != size:
            memory.sizing_for = size
            requested, memory.sizing = next_concurrency([], None, size.minimum, size.maximum, now)
            first = self._tick(target, requested, memory, times)
            grown, memory.sizing = next_concurrency(
                list(first.replies.values()), memory.sizing, size.minimum, size.maximum, now
            )
            return first if grown <= requested else first + self._tick(target, grown, memory, times)
        result = self._tick(target, memory.sizing.asked, memory, times)
        replies = list(result.replies.values())
        _, memory.sizing = next_concurrency(replies, memory.sizing, size.minimum, size.maximum, now)
        return result


def _why(initialised_by: str) -> str:
    return f"{initialised_by} initialises this function's environments before users need them: warming only adds cost"
