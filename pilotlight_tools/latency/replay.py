"""Replays the requests that came, function by function, without pings: the cold starts that users would have met."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pilotlight_tools.latency.columns import Columns
from pilotlight_tools.latency.reading import Reading
from pilotlight_tools.latency.without_pings import cold_starts

_LIFETIME_SECONDS = 7200.0
"""How long Lambda keeps an execution environment in use: not documented; about two hours is observed."""
_MILLISECONDS = 1000.0


def cold_without_pings(reading: Reading, idle_seconds: float, counted_from: float) -> int | None:
    """Count them over all functions; None where a time in Lambda is not known, as of traces, which are a sample."""
    if not reading.is_complete:
        return None
    columns = reading.columns
    inits = sorted(reading.inits.get("cold", ()))
    init_seconds = inits[len(inits) // 2] / _MILLISECONDS if inits else 0.0
    total = 0
    for function, indices in columns.functions.groups().items():
        rows = [*reading.earlier.get(function, ()), *_rows(columns, indices, init_seconds)]
        total += cold_starts(
            rows, idle_seconds, _LIFETIME_SECONDS, init_seconds=init_seconds, counted_from=counted_from
        )
    return total


def _rows(columns: Columns, indices: Iterable[int], init_seconds: float) -> Iterable[tuple[float, float]]:
    for index in indices:
        seconds = columns.in_lambda_ms[index] / _MILLISECONDS
        if math.isnan(seconds):
            continue  # it called no function
        yield columns.at[index], max(0.0, seconds - (init_seconds if columns.starts[index] == "cold" else 0.0))
