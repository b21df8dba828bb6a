"""Replays a load against the pool under a warming policy, and counts what users would notice and AWS would bill."""

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Protocol

from pilotlight.warming.sizing import Use
from pilotlight_tools.policies.load import Load
from pilotlight_tools.policies.simulated_pool import PoolModel, SimulatedPool


@dataclass(frozen=True, slots=True)
class Served:
    """A request as a log shows it: `seconds` is its time in Lambda, a cold start's init included."""

    function: str
    arrival: float
    seconds: float
    is_cold: bool


class Policy(Protocol):
    """Decides each tick's concurrency from the replies to earlier ticks: nothing else is known on AWS either."""

    def concurrency(self, now: float) -> int:
        """Return how many pings the tick at `now` sends."""
        ...

    def learn(self, replies: Sequence[Use], now: float) -> int:
        """Learn from the replies; return how many pings to send again at once, usually 0."""
        ...


@dataclass(slots=True)
class Counts:
    """What happened. Times in seconds; `ping_seconds` and `request_seconds` are billed, INIT included."""

    requests: int = 0
    cold: int = 0
    exposed_cold: int = 0
    """Cold starts of users while an environment that could have served them was held by a ping."""
    throttled: int = 0
    pings: int = 0
    cold_pings: int = 0
    ticks: int = 0
    """Ticks that sent pings."""
    ping_seconds: float = 0.0
    request_seconds: float = 0.0
    spilled_seconds: float = 0.0
    """The part of `request_seconds` that was served beyond the provisioned environments."""
    exposed_seconds: float = 0.0
    """Time in which pings held environments and no other environment was idle."""
    cold_at: list[float] = field(default_factory=list)
    """When each cold start of a user happened."""
    idle_at: list[int] = field(default_factory=list)
    """How many environments each tick found idle."""

    @property
    def cold_share(self) -> float:
        return self.cold / self.requests if self.requests else 0.0

    def add(self, other: "Counts") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class Ticks:
    """When pings are sent and how long each is held, in seconds."""

    interval_seconds: float = 300.0
    hold_seconds: float = 0.1

    def times(self, first: float, seconds: float) -> list[float]:
        """Return the times of the ticks from `first` until before `seconds`."""
        return [
            first + number * self.interval_seconds
            for number in range(math.ceil((seconds - first) / self.interval_seconds))
        ]


def simulate(
    load: Load,
    model: PoolModel,
    ticks: Ticks,
    policy: Callable[[str], Policy | None],
    *,
    seed: int,
    standing: int = 0,
    observe: Callable[[Served], None] = lambda _: None,
) -> dict[str, Counts]:
    """Return each function's counts. `policy` makes its policy, None to send no pings. Same seed, same result.

    Functions are pinged one after another, spread over the interval, as Pilotlight's warmer does. `observe` is called
    with each request that was served.
    """
    results: dict[str, Counts] = {}
    for number, (name, arrivals) in enumerate(load.functions.items()):
        # Service times have a stream of their own, so that every policy gets exactly the same requests.
        pool = SimulatedPool(model, random.Random(f"{seed}/pool/{name}"), standing)  # noqa: S311 (a simulation)
        durations = random.Random(f"{seed}/service/{name}")  # noqa: S311 (a simulation)
        times = ticks.times(first_tick(load, ticks, number), load.seconds)
        function = _Function(name, arrivals, times, pool, durations, observe)
        results[name] = _one_function(function, policy(name), ticks)
    return results


def first_tick(load: Load, ticks: Ticks, number: int) -> float:
    """When the load's function number `number` is first pinged: not all functions at the same instant."""
    return ticks.interval_seconds * number / len(load.functions)


def total(results: Mapping[str, Counts]) -> Counts:
    """The sum over all functions."""
    summed = Counts()
    for counts in results.values():
        summed.add(counts)
    return summed


@dataclass(frozen=True, slots=True)
class _Function:
    """One function's requests and ticks, by the times at which they come, and the pool that serves them."""

    name: str
    arrivals: Sequence[float]
    times: Sequence[float]
    pool: SimulatedPool
    durations: random.Random
    observe: Callable[[Served], None]


def _one_function(function: _Function, policy: Policy | None, ticks: Ticks) -> Counts:
    counts, pool = Counts(requests=len(function.arrivals)), function.pool
    in_order = heapq.merge(((at, True) for at in function.times if policy), ((at, False) for at in function.arrivals))
    for now, is_tick in in_order:
        if is_tick and policy is not None:
            _tick(counts, pool, ticks, now, policy)
            continue
        before = counts.cold
        seconds = _request(counts, pool, now, function.durations.expovariate(1 / pool.model.service_seconds))
        if seconds is not None:
            function.observe(Served(function.name, now, seconds, counts.cold > before))
    return counts


def _request(counts: Counts, pool: SimulatedPool, now: float, duration: float) -> float | None:
    """Serve a request, and return its seconds in Lambda; None if it was throttled."""
    idle = pool.idle(now)
    if idle:
        chosen = idle[0]
    else:
        was_held = any(environment.held_until > now for environment in pool.environments)
        made = pool.make(now, "request")
        if made is None:
            counts.throttled += 1
            return None
        chosen, duration = made, duration + pool.model.init_seconds
        counts.cold += 1
        counts.cold_at.append(now)
        counts.exposed_cold += was_held
    chosen.free_at = now + duration
    chosen.served += 1
    counts.request_seconds += duration
    if not chosen.standing:
        counts.spilled_seconds += duration
    return duration


def _tick(counts: Counts, pool: SimulatedPool, ticks: Ticks, now: float, policy: Policy) -> None:
    counts.idle_at.append(len(pool.idle(now)))
    more = policy.learn(_ping(counts, pool, ticks, now, policy.concurrency(now)), now)
    if more:
        later = now + max(pool.model.init_seconds, ticks.hold_seconds)  # the first pings have been released by then
        _ping(counts, pool, ticks, later, more)


def _ping(counts: Counts, pool: SimulatedPool, ticks: Ticks, now: float, concurrency: int) -> list[Use]:
    """Send `concurrency` pings at once, each to its own environment; return replies as Pilotlight's handler gives."""
    idle = pool.idle(now)
    replies: list[Use] = []
    for number in range(concurrency):
        if number < len(idle):
            environment, busy_seconds = idle[number], ticks.hold_seconds
        else:
            made = pool.make(now, "ping")
            if made is None:
                break
            # The deadline is the same for all: an environment still initializing then replies as soon as it can.
            environment, busy_seconds = made, max(pool.model.init_seconds, ticks.hold_seconds)
            counts.cold_pings += 1
        replies.append(
            {
                "served": environment.served,
                "made_by": environment.made_by,
                "age_ms": (now - environment.born) * 1000,
                "pings_before": environment.pings_before,
            }
        )
        environment.served, environment.pings_before = 0, concurrency
        environment.free_at = environment.held_until = now + busy_seconds
        counts.ping_seconds += busy_seconds
    counts.pings += len(replies)
    counts.ticks += bool(replies)
    if replies and len(idle) <= concurrency:
        counts.exposed_seconds += ticks.hold_seconds
    return replies
