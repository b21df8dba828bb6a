"""Bounds that no policy can beat: schedules made with knowledge of the whole load."""

import bisect
from collections.abc import Mapping, Sequence

from pilotlight_tools.policies.load import Load
from pilotlight_tools.policies.simulate import Counts, Ticks, first_tick, simulate
from pilotlight_tools.policies.simulated_pool import PoolModel
from pilotlight_tools.policies.sizing_policies import Planned

_ROUNDS = 12
"""How often `clairvoyant` replays the load."""


def clairvoyant(load: Load, model: PoolModel, ticks: Ticks, *, seed: int) -> dict[str, Counts]:
    """Ping only in the last tick before each cold start, and only as many times as necessary.

    Found by replaying: every round adds to each tick what its interval still lacked. It is a schedule, not a proof that
    none is better; the cold starts left are requests before the first tick and those blocked by a ping's hold.
    """
    times = {
        name: ticks.times(first_tick(load, ticks, number), load.seconds) for number, name in enumerate(load.functions)
    }
    plans = {name: [0] * len(times[name]) for name in load.functions}
    best: dict[str, Counts] = {}
    for _ in range(_ROUNDS):
        results = simulate(load, model, ticks, lambda name: Planned(plans[name]), seed=seed)
        for name, counts in results.items():
            if name not in best or (counts.cold, counts.pings) < (best[name].cold, best[name].pings):
                best[name] = counts
            _add_what_lacked(plans[name], times[name], counts)
    return best


def hindsight(fixed: Sequence[Mapping[str, Counts]], pings: float) -> float:
    """Cold starts left by the best fixed concurrency for each function, with at most `pings` pings in all.

    `fixed[n]` is the replay with n pings a tick for every function. The steps along each function's lower convex hull
    are taken in the order of their benefit for each ping, the last step in part.
    """
    cold = float(sum(counts.cold for counts in fixed[0].values()))
    steps = sorted((step for name in fixed[0] for step in _hull([counts[name] for counts in fixed])), reverse=True)
    for each, more in steps:
        taken = min(more, pings)
        cold, pings = cold - each * taken, pings - taken
    return cold


def _add_what_lacked(plan: list[int], times: Sequence[float], counts: Counts) -> None:
    lacked = [0] * len(plan)
    for at in counts.cold_at:
        tick = bisect.bisect_right(times, at) - 1
        if tick >= 0:
            lacked[tick] += 1
    for tick, more in enumerate(lacked):
        if more:
            # Pings take idle environments first: only further pings make new ones.
            plan[tick] = max(plan[tick], counts.idle_at[tick]) + more


def _hull(counts: Sequence[Counts]) -> list[tuple[float, float]]:
    """Steps in order of decreasing benefit: cold starts avoided by each ping, and the pings that the step takes."""
    steps: list[tuple[float, float]] = []
    at = 0
    while at < len(counts) - 1:
        worth, to = max(
            ((counts[at].cold - counts[to].cold) / max(1, counts[to].pings - counts[at].pings), to)
            for to in range(at + 1, len(counts))
        )
        if worth <= 0:
            break
        steps.append((worth, counts[to].pings - counts[at].pings))
        at = to
    return steps
