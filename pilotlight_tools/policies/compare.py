"""Compares all policies on the same loads, one load for each seed, as one table of means."""

import itertools
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pilotlight_tools.policies.bounds import clairvoyant, hindsight
from pilotlight_tools.policies.load import Load
from pilotlight_tools.policies.price import month_price
from pilotlight_tools.policies.simulate import Counts, Policy, Ticks, simulate, total
from pilotlight_tools.policies.simulated_pool import PoolModel
from pilotlight_tools.policies.sizing_policies import Auto, Fixed

_DAY_SECONDS = 86400.0
_PROVISIONED = (1, 2, 4)
"""The numbers of provisioned environments to compare."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Settings besides load and pool: limits of `auto`, what decides prices, and how long a warmer keeps its state."""

    minimum: int = 0
    maximum: int = 10
    memory_mb: int = 512
    architecture: str = "arm64"
    warmer_lifetime_seconds: float = 7200.0


def compare(
    loads: Sequence[tuple[int, Load]],
    model: PoolModel,
    ticks: Ticks,
    setting: Setting,
    progress: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Return one row for each policy: means over `loads`, each with its seed. The same arguments give the same rows."""
    runs = []
    for number, (seed, load) in enumerate(loads, start=1):
        progress(f"replaying {number} of {len(loads)} (seed {seed})")
        runs.append(_one_run(load, seed, model, ticks, setting))
    return [_mean(rows) for rows in zip(*runs, strict=True)]


def fixed_with_as_many_pings(fixed: Sequence[Counts], pings: float) -> float:
    """Cold starts of the fixed policy that spends `pings` pings, interpolated between whole numbers.

    Between N and N + 1 some functions, drawn at random, get one ping more than the others.
    """
    for fewer, more in itertools.pairwise(fixed):
        if fewer.pings <= pings <= more.pings:
            share = (pings - fewer.pings) / max(1, more.pings - fewer.pings)
            return fewer.cold + share * (more.cold - fewer.cold)
    return float(fixed[-1].cold)


def _one_run(load: Load, seed: int, model: PoolModel, ticks: Ticks, setting: Setting) -> list[dict[str, Any]]:
    def replay(policy: Callable[[str], Policy | None], standing: int = 0) -> dict[str, Counts]:
        return simulate(load, model, ticks, policy, seed=seed, standing=standing)

    def row(name: str, counts: Counts, standing: int = 0) -> dict[str, Any]:
        days = load.seconds / _DAY_SECONDS
        functions = len(load.functions)
        price = month_price(
            counts, load.seconds, ticks, setting.memory_mb, setting.architecture, standing=standing * functions
        )
        return {
            "policy": name,
            "requests": counts.requests,
            "cold": counts.cold,
            "cold_share": counts.cold_share,
            "pings": counts.pings,
            "pings_a_day": counts.pings / days,
            "cold_pings": counts.cold_pings,
            "price_a_month": price,
            "exposed_seconds_a_day": counts.exposed_seconds / days,
            "exposed_cold": counts.exposed_cold,
        }

    fixed = [replay(lambda _: None)]
    fixed += [replay(lambda _, pings=pings: Fixed(pings)) for pings in range(1, setting.maximum + 1)]  # type: ignore[misc]
    summed = [total(results) for results in fixed]
    rows = [row("none", summed[0])]
    rows += [row(f"fixed {pings}", counts) for pings, counts in enumerate(summed) if pings]
    for minimum in sorted({setting.minimum, 1}):
        counts = total(
            replay(
                lambda name, minimum=minimum: Auto(  # type: ignore[misc]
                    minimum,
                    setting.maximum,
                    setting.warmer_lifetime_seconds,
                    random.Random(f"{seed}/warmer/{name}"),  # noqa: S311 (a simulation)
                )
            )
        )
        cold_of_fixed = fixed_with_as_many_pings(summed, counts.pings)
        rows.append(
            {
                **row(f"auto {minimum} to {setting.maximum}", counts),
                "cold_of_fixed_with_as_many_pings": cold_of_fixed,
                "cold_of_best_fixed_for_each_function": hindsight(fixed, counts.pings),
            }
        )
    rows += [row(f"provisioned {n}", total(replay(lambda _: None, standing=n)), standing=n) for n in _PROVISIONED]
    rows.append(row("clairvoyant", total(clairvoyant(load, model, ticks, seed=seed))))
    return rows


def _mean(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of the numbers; for auto also the ratio to the fixed policy, of the means and of each run."""
    mean: dict[str, Any] = {}
    for key, value in rows[0].items():
        mean[key] = value if isinstance(value, str) else statistics.fmean(row[key] for row in rows)
    compared = "cold_of_fixed_with_as_many_pings"
    if compared in mean:
        mean["ratio_to_fixed"] = mean["cold"] / mean[compared] if mean[compared] else None
        mean["ratios_to_fixed"] = [row["cold"] / row[compared] if row[compared] else None for row in rows]
    return mean
