"""What a report is made of, from either source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pilotlight_tools.latency.columns import Columns
from pilotlight_tools.latency.counted import Counts
from pilotlight_tools.latency.observation import Observation
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.statistics import Distribution
from pilotlight_tools.latency.ticks import Tick

ACCESS_LOG = "access log"
TRACES = "traces"
SLOWEST_SHOWN = 10
"""So many of the slowest requests a report shows, with what X-Ray has of them."""


@dataclass(slots=True)
class Reading:
    """The requests, the ticks, and what X-Ray shows of some requests.

    `inits` are the init durations (milliseconds) that the records have, by start type. `observed` are the requests
    that were read in detail, by trace id, None where the trace has no record. `more_faults` are 5xx that are known by
    number only, by start type.
    `earlier` has, by function, what came shortly before the time range: arrival (epoch seconds), seconds in Lambda.
    `counts` are CloudWatch's of all requests, where there is no log. `traced` requests are listed by X-Ray, `by_ping`
    of these met one of `environments_by_ping` that a ping had made.
    """

    source: str
    selection: Selection
    columns: Columns
    inits: Mapping[str, list[float]]
    ticks: list[Tick]
    observed: Mapping[str, Observation | None]
    traced: int
    by_ping: int
    environments_by_ping: int
    measured_by: str
    engine: Distribution | None
    notes: list[str] = field(default_factory=list)
    more_faults: Counter[str] = field(default_factory=Counter)
    earlier: Mapping[str, list[tuple[float, float]]] = field(default_factory=dict)
    counts: Counts | None = None

    @property
    def is_complete(self) -> bool:
        """Whether these are all requests, not the sampled ones."""
        return self.source == ACCESS_LOG
