"""One afternoon of a function, simulated: users' requests, ticks, a release and two bursts.

Every figure of the picture is counted from these invocations, so that no two can contradict each other: a cold start is
a request, a tick's pings are at work at once, and X-Ray's sample is part of the requests.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from typing import Literal

from pilotlight_tools.policies.simulated_pool import PoolModel, SimulatedPool

PERIOD_SECONDS = 300
PERIODS = 72
"""Six hours, from 10:00 to 16:00."""
CONCURRENCY = 10
"""What each tick keeps warm: that of the stage `prod`."""

_FIRST_TICK_SECONDS = 20.0
_HOLD_SECONDS = 0.05
_RELEASE_SECONDS = 3 * 3600.0
"""At 13:00 the code is replaced: no execution environment is left."""
_BURSTS = {5000.0: 14, 15400.0: 17}
"""When many users come at once, and how many: more than are warm."""
_FAILED_PINGS = {58: 2}
"""How many pings fail in the tick with this number."""
_MODEL = PoolModel(idle_expiry_seconds=1200.0, lifetime_seconds=9000.0)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One user request or ping. Times in seconds, `at` from the start of the six hours."""

    at: float
    kind: Literal["request", "ping"]
    init_seconds: float
    """0 for a warm start."""
    handler_seconds: float
    gateway_seconds: float = 0.0
    """What API Gateway adds."""
    status: int = 200
    is_traced: bool = False

    @property
    def is_cold(self) -> bool:
        return self.init_seconds > 0

    @property
    def function_seconds(self) -> float:
        return self.init_seconds + self.handler_seconds

    @property
    def end(self) -> float:
        return self.at + self.function_seconds


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick of one target proved."""

    at: float
    unique: int
    cold: int
    failed: int
    throttled: int = 0
    requested: int = CONCURRENCY


@dataclass(slots=True)
class History:
    """What happened to one function, in order of time."""

    requests: list[Invocation] = field(default_factory=list)
    pings: list[Invocation] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)


def simulate(function: str, requests_per_second: float = 1.4) -> History:
    """Simulate the afternoon of a function. The same name gives the same afternoon."""
    afternoon = _Afternoon(random.Random(function))  # noqa: S311 (a picture)
    ticks = [_FIRST_TICK_SECONDS + PERIOD_SECONDS * index for index in range(PERIODS)]
    events = heapq.merge(
        ((at, "tick") for at in ticks),
        ((at, "request") for at in afternoon.arrivals(requests_per_second)),
        ((at, "burst") for at in _BURSTS),
        [(_RELEASE_SECONDS, "release")],
    )
    for at, event in events:
        if event == "tick":
            afternoon.tick(at)
        elif event == "release":
            afternoon.pool.environments.clear()
        else:
            for _ in range(_BURSTS[at] if event == "burst" else 1):
                afternoon.request(at)
    return afternoon.history


class _Afternoon:
    def __init__(self, dice: random.Random) -> None:
        self.pool = SimulatedPool(_MODEL, dice)
        for _ in range(CONCURRENCY):
            self.pool.make(0.0, "ping")  # by the ticks before
        self.history = History()
        self._dice = dice
        self._reservoir_second = -1

    def arrivals(self, per_second: float) -> list[float]:
        found, at = [], self._dice.expovariate(per_second)
        while at < PERIODS * PERIOD_SECONDS:
            found.append(at)
            at += self._dice.expovariate(per_second)
        return found

    def request(self, at: float) -> None:
        init = self._take(at, "request")
        handler = self._dice.lognormvariate(-4.2, 0.7)
        made = Invocation(
            at, "request", init, handler, self._dice.lognormvariate(-4.4, 0.5), self._status(at), self._is_traced(at)
        )
        self._busy.free_at = made.end
        self.history.requests.append(made)

    def tick(self, at: float) -> None:
        failed = _FAILED_PINGS.get(len(self.history.ticks), 0)
        made = []
        for _ in range(CONCURRENCY - failed):
            made.append(Invocation(at, "ping", self._take(at, "ping"), _HOLD_SECONDS))
            self._busy.free_at = made[-1].end
        self.history.pings += made
        self.history.ticks.append(Tick(at, len(made), cold=sum(ping.is_cold for ping in made), failed=failed))

    def _take(self, at: float, kind: Literal["request", "ping"]) -> float:
        """Take an environment, a new one where none is idle; return the seconds of its init."""
        idle = self.pool.idle(at)
        made = None if idle else self.pool.make(at, kind)
        self._busy = made or idle[0]
        return self._dice.uniform(0.17, 0.26) if made else 0.0

    def _status(self, at: float) -> int:
        """About one in a hundred is the client's mistake; the release is bad for some minutes."""
        draw = self._dice.random()
        if draw < (0.03 if _RELEASE_SECONDS < at < _RELEASE_SECONDS + 500 else 0.0004):
            return 500
        return 404 if draw > 0.988 else 200

    def _is_traced(self, at: float) -> bool:
        """The first request of each second and 5 % of the others, as the stage's sampling rule says."""
        is_first = int(at) != self._reservoir_second
        self._reservoir_second = int(at)
        return is_first or self._dice.random() < 0.05
