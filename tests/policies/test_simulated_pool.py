"""The pool model compared with closed-form queueing results, and the effect of pings on it."""

import math
import random
import statistics

import pytest

from pilotlight_tools.cost.plan import MONTH_SECONDS, Plan, cold_share_beyond
from pilotlight_tools.policies.load import Load, poisson
from pilotlight_tools.policies.simulate import Counts, Ticks, simulate, total
from pilotlight_tools.policies.simulated_pool import PoolModel, SimulatedPool
from pilotlight_tools.policies.sizing_policies import Fixed

STANDARD_ERRORS = 4


def pool_of(model: PoolModel, standing: int = 0) -> SimulatedPool:
    return SimulatedPool(model, random.Random(1), standing)  # noqa: S311 (a simulation)


@pytest.mark.parametrize("a_minute", [0.05, 0.2, 0.5])
def test_with_short_requests_the_cold_share_is_the_chance_of_no_request_in_the_idle_expiry(a_minute: float) -> None:
    model = PoolModel(idle_expiry_seconds=360, lifetime_seconds=math.inf, service_seconds=1e-6, init_seconds=0.0)
    counts = total(simulate(poisson(a_minute, 40, 24, seed=3), model, Ticks(), lambda _: None, seed=3))
    expected = math.exp(-a_minute * 6)
    # Each function's first request is always cold: it does not depend on a gap between requests.
    draws = counts.requests - 40
    deviation = math.sqrt(expected * (1 - expected) / draws)
    assert (counts.cold - 40) / draws == pytest.approx(expected, abs=STANDARD_ERRORS * deviation)


@pytest.mark.parametrize(("erlangs", "capacity"), [(2.0, 3), (5.0, 5), (8.0, 12)])
def test_a_pool_at_its_capacity_refuses_what_erlang_b_says(erlangs: float, capacity: int) -> None:
    model = PoolModel(
        idle_expiry_seconds=math.inf,
        lifetime_seconds=math.inf,
        init_seconds=0.0,
        service_seconds=1.0,
        capacity=capacity,
    )
    load = poisson(60 * erlangs, 20, 0.3, seed=4)
    shares = [
        counts.throttled / counts.requests for counts in simulate(load, model, Ticks(), lambda _: None, seed=4).values()
    ]
    blocked = 1.0
    for number in range(1, capacity + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    deviation = statistics.stdev(shares) / math.sqrt(len(shares))
    assert statistics.fmean(shares) == pytest.approx(blocked, abs=STANDARD_ERRORS * deviation)


@pytest.mark.parametrize(("a_minute", "service_seconds"), [(0.3, 2.0), (5.0, 2.0), (20.0, 3.0)])
def test_the_cost_model_estimates_what_the_pool_counts_within_a_fifth(a_minute: float, service_seconds: float) -> None:
    """An approximation: requests that need environment n+1 are treated as a Poisson process."""
    model = PoolModel(
        idle_expiry_seconds=360, lifetime_seconds=math.inf, init_seconds=1e-9, service_seconds=service_seconds
    )
    counts = total(simulate(poisson(a_minute, 20, 12, seed=5), model, Ticks(), lambda _: None, seed=5))
    plan = Plan(
        requests_per_month=a_minute / 60 * MONTH_SECONDS,
        request_ms=service_seconds * 1000,
        idle_minutes=6,
        lifetime_hours=1e6,
    )
    assert cold_share_beyond(plan, 0) == pytest.approx(counts.cold_share, rel=0.2)


@pytest.mark.parametrize(("routing", "chosen"), [("newest-first", "3"), ("oldest-first", "1")])
def test_routing_picks_the_environment_used_last_or_longest_ago(routing: str, chosen: str) -> None:
    pool = pool_of(PoolModel(routing=routing))  # type: ignore[arg-type]
    for used_at in (1.0, 2.0, 3.0):
        one = pool.make(0.0, "request")
        assert one is not None
        one.free_at = used_at
    assert pool.idle(10.0)[0].identity == chosen


def test_random_routing_gives_each_environment_an_equal_share() -> None:
    pool = pool_of(PoolModel(routing="random"))
    for _ in range(4):
        pool.make(0.0, "request")
    drawn = [pool.idle(1.0)[0].identity for _ in range(4000)]
    assert {identity: pytest.approx(drawn.count(identity), abs=120) for identity in "1234"} == dict.fromkeys(
        "1234", 1000
    )


def test_an_environment_ends_after_its_idle_expiry_and_after_its_lifetime_but_never_while_busy() -> None:
    pool = pool_of(PoolModel(idle_expiry_seconds=360, lifetime_seconds=7200))
    one = pool.make(0.0, "request")
    assert one is not None
    assert pool.idle(360.0) == [one]
    one.free_at = one.dies + 50
    assert pool.idle(one.dies + 10) == []
    assert pool.environments == [one]
    assert pool.idle(one.dies + 51) == []
    assert pool.environments == []


def test_provisioned_environments_never_expire_and_are_used_first() -> None:
    pool = pool_of(PoolModel(idle_expiry_seconds=360), standing=1)
    on_demand = pool.make(1e6, "request")
    assert on_demand is not None
    assert [one.standing for one in pool.idle(1e6)] == [True, False]


def one_function(arrivals: list[float], seconds: float = 3600.0) -> Load:
    return Load({"one": arrivals}, seconds, "made by hand")


def replay_fixed(arrivals: list[float], pings: int, model: PoolModel) -> Counts:
    return simulate(one_function(arrivals), model, Ticks(300, 0.1), lambda _: Fixed(pings), seed=1)["one"]


def test_a_request_during_the_hold_is_cold_and_counted_as_exposed() -> None:
    model = PoolModel(lifetime_seconds=math.inf)
    assert replay_fixed([300.05], 1, model).exposed_cold == 1
    after = replay_fixed([300.15], 1, model)
    assert (after.cold, after.exposed_cold) == (0, 0)


def test_pings_keep_idle_environments_alive_and_each_lands_on_an_environment_of_its_own() -> None:
    counts = replay_fixed([3500.0, 3500.01, 3500.02], 3, PoolModel(lifetime_seconds=math.inf, service_seconds=10.0))
    assert counts.cold == 0
    assert counts.pings == 3 * 12
    assert counts.cold_pings == 3
    assert counts.ping_seconds == pytest.approx(3 * 0.3 + 33 * 0.1)


def test_a_tick_later_than_the_idle_expiry_keeps_nothing_warm() -> None:
    counts = replay_fixed([3599.0], 2, PoolModel(idle_expiry_seconds=250, lifetime_seconds=math.inf))
    assert counts.cold_pings == counts.pings == 24
    assert counts.cold == 1


def test_provisioned_concurrency_leaves_only_what_exceeds_it() -> None:
    load = one_function([100.0, 100.01, 100.02])
    model = PoolModel(service_seconds=10.0)
    cold = [
        simulate(load, model, Ticks(), lambda _: None, seed=1, standing=standing)["one"].cold for standing in range(4)
    ]
    assert cold == [3, 2, 1, 0]
