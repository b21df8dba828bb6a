"""The report: what cold starts cost users, and what the warmer saved them. Plain data, for every output."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pilotlight_tools.latency.statistics import Distribution, Histogram
from pilotlight_tools.latency.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class StartType:
    """User requests of one start type: `count` is of all traces, `response` and `init` are of the sampled ones."""

    count: int
    faults: int
    errors: int
    throttles: int
    response: Distribution | None
    init: Distribution | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the warmer's ticks of one function proved: the mean and the lowest coverage of `ticks`."""

    ticks: int
    cold_pings: int
    mean: float
    lowest: float


@dataclass(frozen=True, slots=True)
class Pings:
    """What pings saved: `requests` met one of `environments` whose init a ping, not a user, had waited for.

    The rest is of all ticks; `functions` has the same of each function that the warmer warms, by its name.
    """

    requests: int
    environments: int
    ticks: int
    cold_pings: int
    coverage_mean: float | None
    coverage_lowest: float | None
    functions: dict[str, Coverage]


@dataclass(frozen=True, slots=True)
class Point:
    """One bin of time from `start` (epoch seconds). Rates and coverage are None where nothing happened."""

    start: float
    requests: int
    cold: int
    cold_start_rate: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Slow:
    """One of the slowest requests, to `function`; `console_url` opens its trace, None for a local one.

    `measured_by` is whose segment `response_ms` is: API Gateway's or Lambda's.
    """

    trace_id: str
    at: float
    start: str
    response_ms: float
    init_ms: float | None
    handler_ms: float | None
    measured_by: str | None
    status: int | None
    request: str
    function: str
    console_url: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the outputs show. Times are epoch seconds, durations milliseconds, rates from 0 to 1.

    `engine` is the local engine's own share of a warm request; None on AWS.
    """

    service: str
    stage: str
    region: str | None
    time_range: TimeRange
    made_at: float
    requests: int
    sampled: int
    measured: int
    measured_by: str
    cold_start_rate: float | None
    starts: dict[str, StartType]
    every: Distribution | None
    engine: Distribution | None
    pings: Pings
    without_record: dict[str, int]
    bin_seconds: int
    timeline: list[Point]
    histogram: Histogram
    slowest: list[Slow]
    definitions: dict[str, str]
    method: str
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
