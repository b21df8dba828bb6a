"""How many cold starts the same requests would have met without pings: the rule by which pings are credited.

The requests that really came to one function are replayed, in order of arrival, through execution environments that
nobody pings. Each request takes the free one that was used last; where none is free it starts one, a cold start, and
keeps it busy for an init longer. An environment that was idle for longer than `idle_seconds` is gone, and so is one
older than `lifetime_seconds` once it is idle. These cold starts less those that really happened are what pings spared.

So an environment is credited with the cold starts that it can have spared, and no more: ten that are kept for one user
at a time spare the one that this user would have met. One that a user started and pings kept alive has its credit too.
A test in tests/policies compares the rule with the simulation: the same load with pings, replayed, and without.

What it assumes. AWS documents neither how long Lambda keeps an idle environment nor which of several it takes: five
to seven minutes, and the one used last, are common observations. The fewer `idle_seconds`, the greater the credit.

Where it errs. What came before the first request is not known, so the first requests count as cold, unless earlier ones
are given too, of at least `idle_seconds`, and `counted_from` says where to begin. Requests that timed out count as if
their environment had lived on, and a deployment, which replaces all environments, is not seen. The time in Lambda is
API Gateway's `integrationLatency`: what it has beyond the handler's own time makes requests overlap more than they did,
most of all on the local engine, so that a burst there credits pings with a few starts too many.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable

_Environment = tuple[float, float]
"""When it is free again, and when it was made."""


def cold_starts(
    requests: Iterable[tuple[float, float]],
    idle_seconds: float,
    lifetime_seconds: float,
    *,
    init_seconds: float = 0.0,
    counted_from: float = -math.inf,
) -> int:
    """Count the cold starts of one function's requests without pings, of those that arrive at `counted_from` or later.

    Each request is its arrival in epoch seconds and the seconds that it keeps a warm environment busy: its time in
    Lambda, less the init if it was cold. `init_seconds` is how long an init takes.
    """
    busy: list[_Environment] = []  # a heap: the next to be free on top
    idle: deque[_Environment] = deque()  # in the order in which they became free
    cold = 0
    for arrival, seconds in sorted(requests):
        while busy and busy[0][0] <= arrival:
            idle.append(heapq.heappop(busy))
        born = _take_newest(idle, arrival, idle_seconds, lifetime_seconds)
        if born is None:
            cold += arrival >= counted_from
            born, seconds = arrival, seconds + init_seconds
        heapq.heappush(busy, (arrival + seconds, born))
    return cold


def _take_newest(idle: deque[_Environment], now: float, idle_seconds: float, lifetime_seconds: float) -> float | None:
    """Remove the environment that was used last, and return when it was made; None where none is left."""
    while idle:
        free_at, born = idle.pop()
        if now - free_at > idle_seconds:
            idle.clear()  # the others are idle for even longer
        elif now <= born + lifetime_seconds:
            return born
    return None
