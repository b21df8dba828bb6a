"""Exact percentiles and shared histogram bins."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

METHOD = (
    "Percentiles are exact, by nearest rank: the smallest measured value that is not exceeded by at least that share "
    "of the values. Each is a value that was really measured; nothing is interpolated or bucketed. "
    "A percentile that is finer than the values are many is not shown."
)
_LEAST_VALUES = {0.9: 10, 0.95: 20, 0.99: 100}
"""How many values a percentile needs, so that one lies above it."""
_MOST_BINS = 60
_BINS_PER_DECADE = (40, 20, 10, 5)
_SMALLEST = 0.001


@dataclass(frozen=True, slots=True)
class Distribution:
    """Percentiles of `count` measured durations, in milliseconds; None for those finer than the values are many.

    Below 10 values there is no p90, below 20 no p95, below 100 no p99: each would only be the maximum by another name.
    """

    count: int
    p50: float
    p90: float | None
    p95: float | None
    p99: float | None
    max: float


def distribution(values: Iterable[float]) -> Distribution | None:
    """Compute the distribution of durations in milliseconds, by nearest rank; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    count = len(ordered)

    def percentile(share: float) -> float | None:
        if count < _LEAST_VALUES[share]:
            return None
        return float(ordered[_rank(share, count)])

    return Distribution(
        count,
        float(ordered[_rank(0.5, count)]),
        percentile(0.9),
        percentile(0.95),
        percentile(0.99),
        float(ordered[-1]),
    )


def _rank(share: float, count: int) -> int:
    # The tolerance absorbs rounding: 90 % of 10 values is exactly the ninth.
    return max(0, math.ceil(share * count * (1 - 1e-9)) - 1)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between `edges` (milliseconds, one more than there are counts), by start type. Bins are equally wide on a
    logarithmic scale, because cold and warm differ by orders of magnitude."""

    edges: list[float]
    counts: dict[str, list[int]]


def histogram(values: Mapping[str, Sequence[float]]) -> Histogram:
    """Make histograms of several sets of durations (milliseconds, above 0) over the same bins."""
    edges = logarithmic_edges((value for group in values.values() for value in group), _MOST_BINS)
    if not edges:
        return Histogram([], {})
    counts = {}
    for name, group in values.items():
        counts[name] = [0] * (len(edges) - 1)
        for value in group:
            index = bisect.bisect_right(edges, max(value, _SMALLEST)) - 1
            counts[name][min(max(index, 0), len(edges) - 2)] += 1
    return Histogram(edges, counts)


def logarithmic_edges(values: Iterable[float], most: int) -> list[float]:
    """Return the borders of at most `most` bins, equally wide on a logarithmic scale, that hold all `values`."""
    lowest, highest = math.inf, 0.0
    for value in values:
        lowest, highest = min(lowest, max(value, _SMALLEST)), max(highest, max(value, _SMALLEST))
    if not highest:
        return []
    low, high = math.log10(lowest), math.log10(highest)
    for per_decade in _BINS_PER_DECADE:
        first, last = math.floor(low * per_decade), math.floor(high * per_decade) + 1
        if last - first <= most:
            break
    # When the logarithm was rounded up to a whole step, the lowest value is just below the first edge.
    first -= round(10 ** (first / per_decade), 6) > lowest
    return [round(10 ** (step / per_decade), 6) for step in range(first, last + 1)]
