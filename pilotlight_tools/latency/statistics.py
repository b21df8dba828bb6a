"""Exact percentiles and shared histogram bins."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

METHOD = (
    "Percentiles are exact, by nearest rank: the smallest measured value that is not exceeded by at least that share "
    "of the values. Each is a value that was really measured; nothing is interpolated or bucketed."
)
_MOST_BINS = 60
_BINS_PER_DECADE = (40, 20, 10, 5)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Percentiles of `count` measured durations, in milliseconds."""

    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


def distribution(values: Iterable[float]) -> Distribution | None:
    """Compute the distribution of durations in milliseconds; None when there are none."""
    return weighted_distribution([(value, 1.0) for value in values])


def weighted_distribution(weighted: Sequence[tuple[float, float]]) -> Distribution | None:
    """Compute the same from (value, weight): each represents `weight` values, as a value of a sample does."""
    if not weighted:
        return None
    ordered = sorted(weighted)
    running, total = [], 0.0
    for _, weight in ordered:
        total += weight
        running.append(total)

    def percentile(share: float) -> float:
        # The tolerance absorbs rounding: 90 % of 10 values is exactly the ninth.
        index = bisect.bisect_left(running, share * total - 1e-9 * total)
        return ordered[min(index, len(ordered) - 1)][0]

    return Distribution(
        len(ordered), percentile(0.5), percentile(0.9), percentile(0.95), percentile(0.99), ordered[-1][0]
    )


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between `edges` (milliseconds, one more than there are counts), by start type. Bins are equally wide on a
    logarithmic scale, because cold and warm differ by orders of magnitude."""

    edges: list[float]
    counts: dict[str, list[int]]


def histogram(values: Mapping[str, Sequence[float]]) -> Histogram:
    """Make histograms of several sets of durations (milliseconds, above 0) over the same bins."""
    every = [max(value, 0.001) for group in values.values() for value in group]
    if not every:
        return Histogram([], {})
    low, high = math.log10(min(every)), math.log10(max(every))
    for per_decade in _BINS_PER_DECADE:
        first, last = math.floor(low * per_decade), math.floor(high * per_decade) + 1
        if last - first <= _MOST_BINS:
            break
    # When the logarithm was rounded up to a whole step, the lowest value is just below the first edge.
    first -= round(10 ** (first / per_decade), 6) > min(every)
    edges = [round(10 ** (step / per_decade), 6) for step in range(first, last + 1)]
    counts = {}
    for name, group in values.items():
        counts[name] = [0] * (len(edges) - 1)
        for value in group:
            index = bisect.bisect_right(edges, max(value, 0.001)) - 1
            counts[name][min(max(index, 0), len(edges) - 2)] += 1
    return Histogram(edges, counts)
