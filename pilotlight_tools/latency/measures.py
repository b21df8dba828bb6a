"""Which segment measures whose requests, and which requests are therefore measured.

A function behind a REST API is measured by API Gateway's segments, any other by Lambda's. Times of the two are not
comparable, so each function has one measure: where its REST API is traced, a request without API Gateway's segment (by
the SDK, or of a trace that lacks it) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilotlight_tools.latency.observation import API_GATEWAY, LAMBDA, Observation
from pilotlight_tools.latency.statistics import Distribution, distribution


@dataclass(frozen=True, slots=True)
class Measures:
    """The observed sample, and the part of it that is `measured`.

    `by_lambda` names the functions that are measured by Lambda's segments; `left_out` counts requests that Lambda
    measured, to functions that API Gateway measures.
    """

    observations: list[Observation]
    measured: list[Observation]
    by_lambda: list[str]
    left_out: int

    @classmethod
    def of(cls, sample: Iterable[Observation]) -> Measures:
        """Decide it for a sample of requests."""
        observations = list(sample)
        by_gateway = {each.function for each in observations if each.measured_by == API_GATEWAY}
        complete = [each for each in observations if each.response_ms is not None]
        measured = [each for each in complete if each.measured_by == API_GATEWAY or each.function not in by_gateway]
        by_lambda = sorted({each.function for each in measured if each.measured_by == LAMBDA})
        return cls(observations, measured, by_lambda, len(complete) - len(measured))

    def around_the_function(self) -> Distribution | None:
        """What warm requests spent outside their function: in API Gateway and Lambda, or in what stands for them."""
        warm = (each for each in self.measured if each.start == "warm" and each.measured_by == API_GATEWAY)
        return distribution(
            each.response_ms - each.handler_ms
            for each in warm
            if each.response_ms is not None and each.handler_ms is not None
        )

    @property
    def measured_by(self) -> str:
        """Whose segments the times are from: `API Gateway`, `Lambda`, or both."""
        names = dict.fromkeys(each.measured_by or "" for each in self.measured)
        return " and ".join(sorted(names)) or LAMBDA
