"""A median with its spread, which shows how reliable the figure is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, minimum and quartiles of measured values, in the values' unit."""

    median: float
    minimum: float
    lower_quartile: float
    upper_quartile: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Compute the spread of at least one value. Raises ValueError for none."""
        if not values:
            raise ValueError("nothing was measured")
        low, middle, high = (
            statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
        )
        return cls(
            median=round(middle, 4),
            minimum=round(min(values), 4),
            lower_quartile=round(low, 4),
            upper_quartile=round(high, 4),
            runs=len(values),
        )
