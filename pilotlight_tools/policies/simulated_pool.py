"""A model of Lambda's pool: one function's execution environments, which serve one event at a time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pilotlight.environment import Kind

Routing = Literal["newest-first", "oldest-first", "random"]


@dataclass(frozen=True, slots=True)
class PoolModel:
    """How the pool behaves. Lambda documents none of it: the defaults are what people see. Times in seconds."""

    idle_expiry_seconds: float = 360.0
    """An environment that was idle for longer is gone."""
    lifetime_seconds: float = 7200.0
    """Mean age at which an environment is replaced once idle; each draws its own, evenly within a quarter of it."""
    routing: Routing = "newest-first"
    """Which of several idle environments takes an event: the one used last, the one used longest ago, or any."""
    init_seconds: float = 0.3
    service_seconds: float = 0.2
    """Mean duration of a request, exponentially distributed."""
    capacity: int | None = None
    """Environments allowed at most, as reserved concurrency does; None is no limit."""


@dataclass(slots=True, eq=False)
class SimulatedEnvironment:
    """One execution environment and what its ping reply would tell."""

    identity: str
    born: float
    dies: float
    made_by: Kind
    standing: bool = False
    """Provisioned: never expires."""
    free_at: float = 0.0
    served: int = 0
    """Users' requests since the last ping."""
    pings_before: int = 0
    """How many pings its last tick had."""
    held_until: float = 0.0
    """End of the last ping's hold."""


@dataclass(slots=True)
class SimulatedPool:
    """The environments of one function. Calls must come in order of time."""

    model: PoolModel
    stream: random.Random
    standing: int = 0
    environments: list[SimulatedEnvironment] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        for _ in range(self.standing):
            self._make(0.0, "request", standing=True)

    def idle(self, now: float) -> list[SimulatedEnvironment]:
        """Those that can take an event, in the order in which they are asked."""
        self._expire(now)
        able = [one for one in self.environments if one.free_at <= now]
        if self.model.routing == "random":
            self.stream.shuffle(able)
        else:
            # Provisioned environments are asked before any other, as Lambda does.
            able.sort(key=lambda one: one.free_at, reverse=self.model.routing == "newest-first")
        able.sort(key=lambda one: not one.standing)
        return able

    def make(self, now: float, made_by: Kind) -> SimulatedEnvironment | None:
        """A new environment, still to be initialized; None when `capacity` allows no more."""
        self._expire(now)
        if self.model.capacity is not None and len(self.environments) >= self.model.capacity:
            return None
        return self._make(now, made_by)

    def _make(self, now: float, made_by: Kind, standing: bool = False) -> SimulatedEnvironment:
        self.made += 1
        spread = self.stream.uniform(0.75, 1.25)
        one = SimulatedEnvironment(
            str(self.made), now, now + spread * self.model.lifetime_seconds, made_by, standing, free_at=now
        )
        self.environments.append(one)
        return one

    def _expire(self, now: float) -> None:
        self.environments = [
            one
            for one in self.environments
            if one.standing
            or one.free_at > now
            or (now - one.free_at <= self.model.idle_expiry_seconds and now <= one.dies)
        ]
