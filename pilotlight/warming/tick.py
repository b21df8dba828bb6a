"""One tick for one target: pings out, replies in, distinct environments counted, once more where they fall short."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pilotlight.warming import builds
from pilotlight.warming.results import TickResult
from pilotlight.warming.rounds import Round, ping_all

if TYPE_CHECKING:
    from pilotlight.warming.hold import HoldEstimate
    from pilotlight.warming.rounds import Invoker, Order, Times

MOST_ROUNDS = 3
_ROUND_SECONDS = 1.5
"""What must be left of the tick's time beyond the hold for another round to begin."""


def tick(order: Order, invoker: Invoker, hold: HoldEstimate, times: Times) -> TickResult:
    """Prove what is ordered, as far as it can be done; what pings that do not fit would have found stays missing."""
    try:
        return _tick(order, invoker, hold, times)
    finally:
        invoker.close()


def _tick(order: Order, invoker: Invoker, hold: HoldEstimate, times: Times) -> TickResult:
    found = Round()
    while len(found.counted) < order.pings and found.tally.rounds < MOST_ROUNDS:
        hold_seconds = hold.seconds(order.pings)
        if found.tally.rounds and times.seconds_left() < hold_seconds + _ROUND_SECONDS:
            found += Round(causes=Counter(["the warmer's own time ran out before another round"]))
            break
        latest = ping_all(order, hold_seconds, invoker, hold, times)
        found += latest
        if len(found.replies) >= order.pings:
            hold.learn_complete(latest.spread_seconds)
        elif not latest.lost:
            hold.learn_short(latest.spread_seconds, hold_seconds)
        if latest.tally.throttled or latest.lost == order.pings:
            break  # more pings would take what users need, or fail the same way
    causes, outdated = _causes(order, found), len(found.replies) - len(found.counted)
    return TickResult(order.function, order.requested, found.replies, found.tally, causes, outdated=outdated)


def _causes(order: Order, found: Round) -> tuple[str, ...]:
    of_builds = builds.causes(found.replies.values(), found.build, order.build)
    notes = _counted(found.notes)
    if len(found.replies) < order.pings and not found.causes:
        return (f"{order.pings} pings met only {len(found.replies)} distinct environments", *of_builds, *notes)
    return (*_counted(found.causes), *of_builds, *notes)


def _counted(causes: Counter[str]) -> tuple[str, ...]:
    return tuple(cause if times == 1 else f"{cause} ({times} times)" for cause, times in causes.most_common())
