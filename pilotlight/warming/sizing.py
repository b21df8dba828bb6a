"""How many environments the next tick keeps warm where `concurrency` is `auto`, computed from ping replies alone.

Rank the environments of a function by how many were busy at once: rank 1 serves whenever anybody calls, rank 5 only
when four others are busy. A rank is worth a ping while users have lately needed it. So the rule remembers, for each
rank, in what share of recent ticks it was needed, and keeps as many ranks warm as were needed often enough.
`pilotlight_tools/policies` replays this function; docs/policies.md shows what it saves, and when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pilotlight.environment import Kind

_WEIGHT = 0.05
"""The weight of the newest tick in each rank's share: a memory of about 20 ticks."""
_WORTH_A_PING = 0.01
"""The least share of ticks that keeps a rank warm. A rank needed once stays for 32 ticks: 160 minutes at 5 each."""
_START = 0.02
"""The first share of a rank that was kept, where nothing else is known of it. It lasts 14 ticks. The warmer's own
execution environment lives longer, so a rank does not stay for ever where the state is lost again and again."""
LONGEST_WAIT = 12
"""The most ticks until an idle function is pinged again."""


class Use(TypedDict):
    """How an execution environment was used: the part of `pilotlight.ping.PingReply` that is read here."""

    served: int
    made_by: Kind | None
    age_ms: float
    pings_before: int | None


@dataclass(frozen=True, slots=True)
class Sizing:
    """The state kept from tick to tick. Losing it costs one tick: replies say how many environments were kept."""

    asked: int
    """Pings of the tick that is now under way, as `next_concurrency` returned them."""
    kept: int
    """Pings of the tick before that one: the environments that were warm for the users since."""
    at: float
    """When users' requests were last counted, in epoch seconds."""
    shares: tuple[float, ...] | None = None
    """The share of ticks in which users needed rank 1, 2, …; None before the first reply."""
    wait: int = 0
    """Ticks without pings that are still to come; only where the minimum is 0."""
    longest_wait: int = 1


def next_concurrency(
    replies: Collection[Use], state: Sizing | None, minimum: int, maximum: int, now: float
) -> tuple[int, Sizing]:
    """Return the next tick's concurrency, and the new state, from the replies to the last tick.

    Call it after each tick. Where there is no state, call it first without replies: it then returns `minimum`, at
    least 1, and the replies say how many environments were kept before. Where it returns more after that first tick,
    ping that many at once. `now` is in epoch seconds. It reads no clock and keeps nothing.

    Raises:
        ValueError: not 0 <= minimum <= maximum, or maximum below 1.
    """
    if not 0 <= minimum <= maximum or maximum < 1:
        raise ValueError(f"auto needs 0 <= minimum <= maximum and a maximum of 1 or more, not {minimum} and {maximum}")
    if state is None:
        start = max(minimum, 1)
        return start, Sizing(start, 0, now)
    if not replies:
        return _without_replies(state, minimum, maximum)
    needed = _needed(replies, state, now)
    shares = _remember(_shares_before(replies, state), needed)[:maximum]
    worth = sum(share >= _WORTH_A_PING for share in shares)
    wanted = max(minimum, min(maximum, worth))
    if wanted:
        kept = state.asked if state.shares is not None else max(state.asked, wanted)  # missing ones: at once
        return wanted, Sizing(wanted, kept, now, shares)
    # No users: ping less and less often. A ping finds what was used since, as far as Lambda still keeps it.
    longest_wait = 1 if needed else min(LONGEST_WAIT, state.longest_wait * 2)
    return 0, Sizing(0, state.asked, now, shares, longest_wait, longest_wait)


def _without_replies(state: Sizing, minimum: int, maximum: int) -> tuple[int, Sizing]:
    """Wait on where no ping was due, or request the same again where no reply came. The shares stay as they are."""
    if state.asked:
        asked = max(minimum, min(maximum, state.asked))
        return asked, replace(state, asked=asked)
    asked = max(minimum, 1 if state.wait <= 1 else 0)
    return asked, replace(state, asked=asked, kept=0, wait=state.wait - 1)


def _needed(replies: Collection[Use], state: Sizing, now: float) -> int:
    """How many environments users had busy at once since the last tick, as far as the replies show.

    An environment that served since its last ping was needed: routing prefers the one used last, so few serve where few
    are needed. One made by a user's request since the last tick was a cold start: those kept warm were not enough.
    """
    served = [reply for reply in replies if reply["served"] > 0]
    since_ms = (now - state.at) * 1000
    met_cold = sum(reply["made_by"] == "request" and reply["age_ms"] <= since_ms for reply in served)
    return max(len(served), state.kept + met_cold) if met_cold else len(served)


def _shares_before(replies: Collection[Use], state: Sizing) -> tuple[float, ...]:
    """The remembered shares; without any, a first share for each rank that was kept until now."""
    if state.shares is not None:
        return state.shares
    return (_START,) * max(1, *(reply["pings_before"] or 0 for reply in replies))


def _remember(shares: Sequence[float], needed: int) -> tuple[float, ...]:
    ranks = [*shares, *[0.0] * (needed - len(shares))]
    new = [share + _WEIGHT * ((rank <= needed) - share) for rank, share in enumerate(ranks, start=1)]
    while new and new[-1] < _WORTH_A_PING / 10:
        new.pop()
    return tuple(new)
