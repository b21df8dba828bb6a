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
    """How the pool behaves. Lambda documents none of it: the defaults are common observations. Times in seconds."""

    idle_expiry_seconds: float = 360.0
    """An environment that was idle for longer is removed."""
    lifetime_seconds: float = 7200.0
    """Mean age at which an environment is replaced once idle; each draws its own, uniformly within the spread of it."""
    lifetime_spread: float = 0.25
    routing: Routing = "newest-first"
    """Which of several idle environments takes an event: the one used last, the one used longest ago, or any."""
    init_seconds: float = 0.3
    service_seconds: float = 0.2
    """Mean duration of a request, exponentially distributed."""
    capacity: int | None = None
    """The most environments allowed, as by reserved concurrency; None is no limit."""


@dataclass(slots=True, eq=False)
class SimulatedEnvironment:
    """One execution environment, with what its ping reply would contain."""

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
        """Return the environments that can take an event, in the order in which events go to them."""
        self._expire(now)
        idle = [environment for environment in self.environments if environment.free_at <= now]
        if self.model.routing == "random":
            self.stream.shuffle(idle)
        else:
            idle.sort(key=lambda environment: environment.free_at, reverse=self.model.routing == "newest-first")
        # Provisioned environments come before any other, as on Lambda.
        idle.sort(key=lambda environment: not environment.standing)
        return idle

    def make(self, now: float, made_by: Kind) -> SimulatedEnvironment | None:
        """Make an environment, still to be initialized; return None when `capacity` allows no more."""
        self._expire(now)
        if self.model.capacity is not None and len(self.environments) >= self.model.capacity:
            return None
        return self._make(now, made_by)

    def _make(self, now: float, made_by: Kind, standing: bool = False) -> SimulatedEnvironment:
        self.made += 1
        spread = self.stream.uniform(1 - self.model.lifetime_spread, 1 + self.model.lifetime_spread)
        environment = SimulatedEnvironment(
            str(self.made), now, now + spread * self.model.lifetime_seconds, made_by, standing, free_at=now
        )
        self.environments.append(environment)
        return environment

    def _expire(self, now: float) -> None:
        self.environments = [
            environment
            for environment in self.environments
            if environment.standing
            or environment.free_at > now
            or (now - environment.free_at <= self.model.idle_expiry_seconds and now <= environment.dies)
        ]
