"""A pool of execution environments in memory, for ticks: each ping lands in one that is free at that time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pilotlight.environment import ExecutionEnvironment
from pilotlight.ping import Machine, Ping, recognise, reply
from pilotlight.tracing import Tracer
from pilotlight.warming.fanout import Invocation
from tests.support.events import NOTHING, Context


class Pool:
    """An Invoker. Pings land `spacing` seconds apart; each gets its reply from the real `reply`.

    The execution environment used last is reused first, the worst routing for a fan-out that needs distinct ones.
    `outcomes` are returned, one for each invocation in turn, instead of replies. New environments run `build`.
    """

    def __init__(self, spacing: float = 0.001, limit: int = 1000, initialization: str = "on-demand") -> None:
        self.now = 1e9
        self.spacing = spacing
        self.limit = limit
        self.initialization = initialization
        self.free_at: dict[ExecutionEnvironment, float] = {}
        self.build = ""
        self.builds: dict[ExecutionEnvironment, str] = {}
        self.outcomes: list[Invocation] = []
        self.preparation = NOTHING
        self.rounds: list[list[Ping]] = []
        self.breaks: OSError | None = None
        self.closed = 0

    def clock(self) -> float:
        return self.now

    def connect(self, count: int, timeout_seconds: float) -> None:
        assert count > 0
        assert timeout_seconds >= 0
        if self.breaks:
            raise self.breaks

    def signing_seconds(self, function: str, payload: bytes) -> float:
        assert function
        assert payload
        return 0.0

    def close(self) -> None:
        self.closed += 1

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Invocation]:
        assert function
        assert timeout_seconds > 0
        events = [json.loads(payload) for payload in payloads]
        pings = [found for event in events if isinstance(found := recognise(event), Ping)]
        assert len(pings) == len(payloads)
        self.rounds.append(pings)
        replies = [self._land(ping, self.now + index * self.spacing) for index, ping in enumerate(pings)]
        self.now = max([self.now, *self.free_at.values()])
        return replies

    def _land(self, ping: Ping, at: float) -> Invocation:
        if self.outcomes:
            return self.outcomes.pop(0)
        busy = sum(free > at for free in self.free_at.values())
        if busy >= self.limit:
            return Invocation("throttled", at, cause="TooManyRequestsException: Rate Exceeded.")
        environment = max(
            (each for each, free in self.free_at.items() if free <= at),
            key=lambda each: self.free_at[each],
            default=None,
        ) or self._new(at)
        times = Times(at)
        payload: Any = reply(ping, Tracer(environment), Context(), self.preparation, Machine(times.clock, times.sleep))
        payload["pilotlight"] |= {"initialization": self.initialization, "build": self.builds[environment]}
        self.free_at[environment] = times.now
        return Invocation("succeeded", at, payload)

    def _new(self, at: float) -> ExecutionEnvironment:
        environment = ExecutionEnvironment(lambda: at, process_age=lambda: 0.1)
        self.builds[environment] = self.build
        return environment

    def add(self, build: str, count: int) -> None:
        """Have this many more environments, idle, that run the build. Environments made later run it too."""
        self.build = build
        self.free_at |= {self._new(self.now): self.now for _ in range(count)}

    def end(self, build: str) -> None:
        """End the environments that run this build."""
        self.free_at = {each: at for each, at in self.free_at.items() if self.builds[each] != build}


class Times:
    def __init__(self, now: float) -> None:
        self.now = now

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
