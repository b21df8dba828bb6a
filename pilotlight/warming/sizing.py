"""How many environments the next tick keeps warm, where ``concurrency`` is ``auto``: from the ping replies alone.

Rank the environments of a function by how many were busy at once: rank 1 serves whenever anybody calls, rank 5 only
when four others are busy. Rank ``r`` is worth a ping while users have lately needed it. So the rule remembers, for each
rank, in what share of recent ticks it was needed, and keeps as many ranks warm as were needed often enough.
`pilotlight_tools/policies` replays this very function; docs/policies.md tells what it brings, and when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WEIGHT = 0.05
"""Of the newest tick in each rank's share: a memory of about 20 ticks."""
WORTH_A_PING = 0.01
"""Share of ticks from which on a rank is kept warm. Needed once, a rank stays for 32 ticks: 160 minutes of 5."""
START = 0.02
"""Share of a rank of which only this is known: that it was kept. It lasts 14 ticks, fewer than Lambda leaves the warmer
its own environment: state that is lost again and again does not keep a rank for ever."""
LONGEST_WAIT = 12
"""Ticks until an idle function is looked at again, at most."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What is remembered from tick to tick. Losing it costs one tick: the environments know how many they were."""

    asked: int
    """Pings of the tick that is now under way: what `next_concurrency` returned."""
    kept: int
    """Pings of the tick before that one: so many were warm for the users it asks about."""
    at: float
    """When users' requests were last counted, in epoch seconds."""
    shares: tuple[float, ...] | None = None
    """For rank 1, 2, …: in what share of ticks users needed it. None before the first reply."""
    wait: int = 0
    """Ticks without pings that are still to come, where the minimum is 0."""
    longest_wait: int = 1


def next_concurrency(
    replies: Collection[Mapping[str, Any]], state: Sizing | None, minimum: int, maximum: int, now: float
) -> tuple[int, Sizing]:
    """The next tick's concurrency, from the replies to the last one (the bodies under ``pilotlight``), and new state.

    Call it after each tick, and, where there is no state, once before the first with no replies: it then starts with
    ``minimum``, at least one, whose replies tell how many environments were kept before. Where the answer to that first
    tick is larger than what it pinged, ping so many at once. Reads ``served``, ``made_by``, ``age_ms`` and, if there,
    ``pings_before``: how many pings the environment's last tick had. ``now`` is in epoch seconds. Pure.

    Raises:
        ValueError: not 0 <= minimum <= maximum, or maximum below 1.
    """
    if not 0 <= minimum <= maximum or maximum < 1:
        raise ValueError(f"auto needs 0 <= minimum <= maximum and a maximum of 1 or more, not {minimum} and {maximum}")
    if state is None:
        start = max(minimum, 1)
        return start, Sizing(start, 0, now)
    if not replies:
        return _unseen(state, minimum, maximum)
    needed = _needed(replies, state, now)
    shares = _remember(_shares_before(replies, state), needed)[:maximum]
    worth = sum(share >= WORTH_A_PING for share in shares)
    wanted = max(minimum, min(maximum, worth))
    if wanted:
        kept = state.asked if state.shares is not None else max(state.asked, wanted)  # those that were missing: at once
        return wanted, Sizing(wanted, kept, now, shares)
    # Nobody comes: look again ever more rarely. A look finds what was used since, as far as Lambda still keeps it.
    longest_wait = 1 if needed else min(LONGEST_WAIT, state.longest_wait * 2)
    return 0, Sizing(0, state.asked, now, shares, longest_wait, longest_wait)


def _unseen(state: Sizing, minimum: int, maximum: int) -> tuple[int, Sizing]:
    """Nothing was asked, or nothing was answered: wait on, or ask the same again. Either teaches nothing."""
    if state.asked:
        asked = max(minimum, min(maximum, state.asked))
        return asked, replace(state, asked=asked)
    asked = max(minimum, 1 if state.wait <= 1 else 0)
    return asked, replace(state, asked=asked, kept=0, wait=state.wait - 1)


def _needed(replies: Collection[Mapping[str, Any]], state: Sizing, now: float) -> int:
    """How many environments users had busy at once since the last tick, as far as the replies tell.

    One that served since its last ping was needed; routing prefers the one used last, so few serve where few are
    needed. One that a user's request made since the last tick was a cold start: all those kept warm were not enough.
    """
    served = [reply for reply in replies if reply["served"] > 0]
    since_ms = (now - state.at) * 1000
    met_cold = sum(reply["made_by"] == "request" and reply["age_ms"] <= since_ms for reply in served)
    return max(len(served), state.kept + met_cold) if met_cold else len(served)


def _shares_before(replies: Collection[Mapping[str, Any]], state: Sizing) -> tuple[float, ...]:
    """The remembered shares, or without any a start for each rank that was kept until now."""
    if state.shares is not None:
        return state.shares
    return (START,) * max(1, *(int(reply.get("pings_before") or 0) for reply in replies))


def _remember(shares: Sequence[float], needed: int) -> tuple[float, ...]:
    ranks = [*shares, *[0.0] * (needed - len(shares))]
    new = [share + WEIGHT * ((rank <= needed) - share) for rank, share in enumerate(ranks, start=1)]
    while new and new[-1] < WORTH_A_PING / 10:
        new.pop()
    return tuple(new)
