"""Requests and ticks over time: the timeline's points and the heatmap."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pilotlight_tools.latency.columns import Columns
from pilotlight_tools.latency.counted import Counts
from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.reading import Reading
from pilotlight_tools.latency.report import NO_RECORD, Heatmap, Point
from pilotlight_tools.latency.statistics import logarithmic_edges
from pilotlight_tools.latency.ticks import Tick

_MOST_ROWS = 30


def timeline(reading: Reading, bin_seconds: int) -> list[Point]:
    """One point for each bin from the first to the last in which something happened.

    Bins begin at multiples of their width, so that they do not move with the time range.
    """
    requests = _by_bin(reading.columns, bin_seconds)
    ticks: dict[int, list[Tick]] = {}
    for tick in reading.ticks:
        ticks.setdefault(int(tick.at // bin_seconds), []).append(tick)
    counts = _counts_by_bin(reading.counts, bin_seconds)
    numbers = {*requests, *ticks, *counts}
    points = [
        _point(number * bin_seconds, reading.columns, requests.get(number, []), ticks.get(number, []))
        for number in range(min(numbers, default=0), max(numbers, default=-1) + 1)
    ]
    if not counts:
        return points
    return [_counted(point, counts.get(int(point.start // bin_seconds), Counter())) for point in points]


def heatmap(columns: Columns, points: list[Point], bin_seconds: int) -> Heatmap:
    """Count the measured requests by the bins of `points` and by response time."""
    edges = logarithmic_edges(columns.times(range(len(columns))), _MOST_ROWS)
    rows = max(0, len(edges) - 1)
    counts = [[0] * rows for _ in points]
    cold = [[0] * rows for _ in points]
    for index in filter(columns.is_measured, range(len(columns))):
        column = int((columns.at[index] - points[0].start) // bin_seconds)
        row = min(max(bisect_right(edges, columns.response_ms[index]) - 1, 0), rows - 1)
        counts[column][row] += 1
        if columns.starts[index] == "cold":
            cold[column][row] += 1
    return Heatmap(edges, counts, cold)


def _by_bin(columns: Columns, bin_seconds: int) -> dict[int, array[int]]:
    found: dict[int, array[int]] = {}
    for index, at in enumerate(columns.at):
        number = math.floor(at / bin_seconds)
        if number not in found:
            found[number] = array("I")
        found[number].append(index)
    return found


def _counts_by_bin(counts: Counts | None, bin_seconds: int) -> dict[int, Counter[str]]:
    """CloudWatch's counts by number of bin; none where its periods are longer than the bins."""
    if counts is None or counts.period_seconds != bin_seconds:
        return {}
    return {at // bin_seconds: counter for at, counter in counts.bins.items()}


def _counted(point: Point, counter: Counter[str]) -> Point:
    """The point with CloudWatch's counts, which are of all requests, in place of those of the traced ones."""
    requests, cold = counter["requests"], counter["cold"]
    return replace(
        point,
        requests=requests,
        cold=cold,
        errors=counter["errors"],
        faults=counter["faults"],
        cold_start_rate=min(1.0, cold / requests) if requests else None,
    )


def _point(start: int, columns: Columns, indices: Sequence[int], ticks: list[Tick]) -> Point:
    starts = [columns.starts[index] for index in indices]
    cold, without = starts.count("cold"), starts.count(NO_RECORD)
    known = len(starts) - without - starts.count(UNKNOWN)
    return Point(
        start=float(start),
        requests=len(indices),
        cold=cold,
        without_record=without,
        errors=sum(columns.is_error(index) for index in indices),
        faults=sum(columns.is_fault[index] for index in indices),
        cold_start_rate=cold / known if known else None,
        coverage=min((tick.coverage for tick in ticks), default=None),
        ticks=len(ticks),
    )
