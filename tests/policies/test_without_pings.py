"""The rule by which the report credits pings, held against the simulation: what was observed of a load with pings, and
replayed by the rule, meets as many cold starts as the same load simulated without pings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache

import pytest

from pilotlight_tools.latency.without_pings import cold_starts
from pilotlight_tools.policies.load import TRACE, Load, poisson, replay
from pilotlight_tools.policies.simulate import Counts, Policy, Served, Ticks, simulate
from pilotlight_tools.policies.simulated_pool import PoolModel
from pilotlight_tools.policies.sizing_policies import Fixed, Planned

SEED = 7
MODEL = PoolModel(lifetime_spread=0.0)
"""Each environment has the same lifetime, as the rule takes it to have."""
HOUR = 3600.0


def bursts() -> Load:
    """Ten at once every ten minutes, beside a trickle of one in five minutes."""
    burst = [600.0 * number + index / 100 for number in range(48) for index in range(10)]
    trickle = [300.0 * number + 37 for number in range(96)]
    return Load({"bursts": sorted([*burst, *trickle])}, 8 * HOUR, "ten at once every ten minutes")


@cache
def load(name: str) -> Load:
    if name == "trace":
        return replay(TRACE, SEED)
    return bursts() if name == "bursts" else poisson({"trickle": 0.1, "steady": 2.0, "busy": 60.0}[name], 5, 8, SEED)


LOADS = ("trickle", "steady", "busy", "bursts", "trace")


@pytest.mark.parametrize("pings", [1, 3, 10])
@pytest.mark.parametrize("name", LOADS)
def test_what_was_observed_with_pings_has_as_many_cold_starts_without_as_the_load_itself(name: str, pings: int) -> None:
    without = without_pings(load(name), MODEL)
    assert {function: counts.cold for function, counts in without.items()} == credited(load(name), MODEL, pings)


@pytest.mark.parametrize("name", LOADS)
def test_where_environments_end_at_different_ages_the_rule_errs_by_three_in_a_hundred(name: str) -> None:
    cold = sum(counts.cold for counts in without_pings(load(name), PoolModel()).values())
    assert sum(credited(load(name), PoolModel(), pings=3).values()) == pytest.approx(cold, rel=0.03)


def test_ten_environments_for_one_user_at_a_time_are_credited_with_one_cold_start() -> None:
    alone = Load({"one": [400.0 + 120 * number for number in range(50)]}, 2 * HOUR, "one user at a time")
    model = PoolModel(lifetime_spread=0.0, service_seconds=1e-6)
    spared = credited(alone, model, 10)["one"] - with_pings(alone, model, 10)["one"].cold
    assert spared == 1


def test_environments_that_users_started_and_pings_kept_alive_are_credited_too() -> None:
    """No ping makes one: the first tick with pings comes after three users, who come back every ten minutes."""
    back = Load({"back": [150 + 600.0 * number + index / 100 for number in range(10) for index in range(3)]}, 6000, "")
    model = PoolModel(lifetime_spread=0.0, service_seconds=1e-6)
    counts = with_policy(back, model, lambda _: Planned([0, *[3] * 19]))["back"]
    assert (counts.cold, counts.cold_pings) == (3, 0)
    assert credited(back, model, 3)["back"] - counts.cold == 27


def without_pings(of: Load, model: PoolModel) -> dict[str, Counts]:
    return with_policy(of, model, lambda _: None)


def with_pings(of: Load, model: PoolModel, pings: int) -> dict[str, Counts]:
    return with_policy(of, model, lambda _: Fixed(pings))


def with_policy(of: Load, model: PoolModel, policy: Callable[[str], Policy | None]) -> dict[str, Counts]:
    return simulate(of, model, Ticks(), policy, seed=SEED)


def credited(of: Load, model: PoolModel, pings: int) -> dict[str, int]:
    """The cold starts of each function without pings, by the rule, from what a log of the load with pings has."""
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def observe(served: Served) -> None:
        work = served.seconds - model.init_seconds if served.is_cold else served.seconds
        rows[served.function].append((served.arrival, work))

    simulate(of, model, Ticks(), lambda _: Fixed(pings), seed=SEED, observe=observe)
    return {
        function: cold_starts(
            rows[function], model.idle_expiry_seconds, model.lifetime_seconds, init_seconds=model.init_seconds
        )
        for function in of.functions
    }
