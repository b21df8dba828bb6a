"""The report: what cold starts cost users, and what the warmer saved them. Plain data, for every output.

Two sources make it. **All requests** are counted and timed by API Gateway's access log, which has a line for each;
their start types are those of the functions' own log lines, joined by request id. **Traces** are what X-Ray sampled:
they show what a single request is made of (init, handler). Where there is no access log, traces count too, and
`source` says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pilotlight_tools.cost.stage import Alternative
from pilotlight_tools.latency.statistics import Distribution, Histogram
from pilotlight_tools.latency.time_range import TimeRange

NO_RECORD = "no record"
"""The start type of a request without a record: a time-out, a crash, a throttle, or API Gateway's own error."""


@dataclass(frozen=True, slots=True)
class StartType:
    """User requests of one start type: `count` and the failures are of all that the source has.

    So is `response`: with the access log of all requests, else of the sampled ones. `init` is what the records say.
    """

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
    """What the warmer did: `requests` met one of `environments` whose init a ping, not a user, had waited for.

    Both are of the traced requests. The rest is of all ticks; `functions` has the same of each function that the warmer
    warms, by its name.
    """

    requests: int
    environments: int
    ticks: int
    cold_pings: int
    coverage_mean: float | None
    coverage_lowest: float | None
    functions: dict[str, Coverage]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `sentence`, and the figures that it is made of. Waiting in milliseconds, money in US dollars a month.

    `waited` users met a cold start or another slow start, and each waited `longer_ms` longer than a warm request at the
    median, `longer_in_all_ms` in all. Without pings `cold_without_pings` would have: `spared` more than now, None where
    too little is known. `assumed_idle_minutes` and `price_of_a_cold_start` are the two inputs that are choices.
    """

    sentence: str
    requests: int
    waited: int
    longer_ms: float | None
    longer_in_all_ms: float
    cold_without_pings: int | None
    spared: int | None
    price: float | None
    price_for_each_spared: float | None
    is_worth_it: bool | None
    alternatives: list[Alternative]
    assumed_idle_minutes: float
    price_of_a_cold_start: float


@dataclass(frozen=True, slots=True)
class Point:
    """One bin of time from `start` (epoch seconds). Rates and coverage are None where nothing happened.

    `errors` are 4xx, `faults` 5xx; `without_record` are of NO_RECORD. `coverage` is the lowest of the bin's `ticks`.
    """

    start: float
    requests: int
    cold: int
    without_record: int
    errors: int
    faults: int
    cold_start_rate: float | None
    coverage: float | None
    ticks: int


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Requests by time and response time: `counts[column][row]` of all, `cold[column][row]` of the cold ones.

    Columns are the report's bins of time, as `Report.timeline` has them; `edges` are the rows' borders in milliseconds,
    one more than there are rows, equally far apart on a logarithmic scale.
    """

    edges: list[float]
    counts: list[list[int]]
    cold: list[list[int]]


@dataclass(frozen=True, slots=True)
class Group:
    """The requests of one route or of one function."""

    name: str
    requests: int
    cold: int
    without_record: int
    errors: int
    faults: int
    response: Distribution | None


@dataclass(frozen=True, slots=True)
class Slow:
    """One of the slowest requests, to `function`; `console_url` opens its trace, None for a local one.

    `measured_by` is whose time `response_ms` is: API Gateway's or Lambda's. `trace_id` is None where no trace was
    sampled; `init_ms` and `handler_ms` are None there too.
    """

    trace_id: str | None
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
class Counted:
    """All requests as CloudWatch's metrics count them, where there is no access log: `starts` are those not warm.

    `errors` are 4xx, `faults` 5xx. The times of the report are of the traces all the same.
    """

    requests: int
    starts: dict[str, int]
    errors: int
    faults: int
    cold_start_rate: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the outputs show. Times are epoch seconds, durations milliseconds, rates from 0 to 1.

    `source` is what counts and times are of: `access log` or `traces`. Without the log, `counted` is what CloudWatch
    counted of all requests, where it did: then `cold_start_rate` and the timeline's counts are of these.
    `traced` are the requests that X-Ray lists, `sampled` those that were read in detail, `measured` those whose
    response time is in the figures. `selection` says which requests these are, by route or function; empty for all.
    `engine` is the local engine's own share of a warm request; None on AWS.
    """

    service: str
    stage: str
    region: str | None
    time_range: TimeRange
    made_at: float
    source: str
    selection: str
    verdict: Verdict
    requests: int
    traced: int
    sampled: int
    measured: int
    measured_by: str
    cold_start_rate: float | None
    starts: dict[str, StartType]
    every: Distribution | None
    engine: Distribution | None
    pings: Pings
    routes: list[Group]
    functions: list[Group]
    bin_seconds: int
    timeline: list[Point]
    heatmap: Heatmap
    histogram: Histogram
    slowest: list[Slow]
    definitions: dict[str, str]
    method: str
    notes: list[str]
    counted: Counted | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
