"""From the access log, or else from X-Ray, to a report."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pilotlight_tools.cost.deployed_plan import Observed
from pilotlight_tools.cost.stage import MonthlyCost
from pilotlight_tools.cost.worth import IDLE_MINUTES, PRICE_OF_A_COLD_START
from pilotlight_tools.latency import figures, notes, over_time, statistics
from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.observed_load import observed_in
from pilotlight_tools.latency.read_log import read_log
from pilotlight_tools.latency.read_traces import read_traces
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.reading import Reading
from pilotlight_tools.latency.replay import cold_without_pings
from pilotlight_tools.latency.report import NO_RECORD, Counted, Report
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.stage_log import NoLogError
from pilotlight_tools.latency.time_range import MOST_SECONDS_BY_X_RAY, TimeRange
from pilotlight_tools.latency.verdict import Facts, judge

_DEFINITIONS = {
    "cold": "The request waited for a new execution environment: its code was loaded and initialised first.",
    "warm": "The request met an execution environment that had served before, a user or a ping.",
    "proactive": "The first request in an environment that Lambda had initialised ahead of need: it did not wait.",
    "provisioned": "The first request in an environment that provisioned concurrency had initialised.",
    "restored": "The first request in an environment that SnapStart restored from a snapshot.",
    NO_RECORD: "The request left no record: it timed out, crashed, was throttled, or met API Gateway's own error.",
    UNKNOWN: "The record has no start annotation.",
}
_WAITED = ("cold", "restored")

_Costs = Callable[[Observed, Callable[[str], object]], MonthlyCost | None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a report is about, and the choices of its verdict; `costs` reads what the stage costs, None for no price."""

    selection: Selection = field(default_factory=Selection)
    costs: _Costs | None = None
    price_of_a_cold_start: float = PRICE_OF_A_COLD_START
    idle_minutes: float = IDLE_MINUTES


def make_report(
    reader: Reader,
    time_range: TimeRange,
    *,
    stage: str,
    region: str | None,
    most: int,
    options: Options | None = None,
) -> Report:
    """Read a time range and compute the report; without `region`, AWS is local.

    Where the reader has an access log, this is the source. Else X-Ray's traces are: all are listed, and `most` of each
    kind that needs it are read in detail.
    """
    options = options or Options()
    reading = _read(reader, time_range, options, most=most, region=region)
    columns, by_start = reading.columns, reading.columns.starts.groups()
    starts = figures.start_types(reading, by_start)
    points = over_time.timeline(reading, time_range.bin_seconds)
    counted = reading.counts.total() if reading.counts else None
    times = {start: array("d", columns.times(by_start[start])) for start in starts}
    facts = _facts(reading, time_range, options, by_start, counted)
    report = Report(
        service=reader.service,
        stage=stage,
        region=region,
        time_range=time_range,
        made_at=time.time(),
        source=reading.source,
        selection=str(options.selection),
        counted=counted,
        verdict=judge(facts),
        requests=len(columns),
        traced=reading.traced,
        sampled=len(reading.observed),
        measured=sum(map(len, times.values())),
        measured_by=reading.measured_by,
        cold_start_rate=counted.cold_start_rate if counted else figures.cold_start_rate(by_start),
        starts=starts,
        every=statistics.distribution(columns.times(range(len(columns)))),
        engine=reading.engine,
        pings=figures.pings(reading),
        routes=figures.groups(columns, columns.routes.groups(), by_start),
        functions=figures.groups(columns, columns.functions.groups(), by_start),
        bin_seconds=time_range.bin_seconds,
        timeline=points,
        heatmap=over_time.heatmap(columns, points, time_range.bin_seconds),
        histogram=statistics.histogram({start: values for start, values in times.items() if values}),
        slowest=figures.slowest(reading, region),
        definitions=_definitions([*starts]),
        method=statistics.METHOD,
        notes=[*notes.of_source(reading, region), *reading.notes, *notes.of_reader(reader, reading, region)],
    )
    # What all requests of the stage cost is not the price of some of them.
    return report if options.selection or not facts.requests else _priced(report, facts, options.costs)


def _priced(report: Report, facts: Facts, costs: _Costs | None) -> Report:
    """The report with the verdict that knows what the stage costs, or with a note why that is not known."""
    if costs is None:
        return report
    told: list[str] = []
    cost = costs(observed_in(report), told.append)
    return replace(
        report,
        verdict=judge(replace(facts, cost=cost)),
        notes=[*report.notes, *(notes.without_cost(why) for why in told)],
    )


def _read(reader: Reader, time_range: TimeRange, options: Options, *, most: int, region: str | None) -> Reading:
    is_local = region is None
    why = ""
    if reader.access_log is not None:
        try:
            return read_log(
                reader.access_log,
                reader,
                time_range,
                selection=options.selection,
                is_local=is_local,
                lead_seconds=60 * options.idle_minutes,
            )
        except NoLogError as error:
            why = str(error)
    listed = (
        time_range
        if is_local
        else TimeRange(max(time_range.start, time_range.end - MOST_SECONDS_BY_X_RAY), time_range.end)
    )
    reading = read_traces(reader, listed, most=most, selection=options.selection, is_local=is_local)
    if why:
        reading.notes[:0] = [notes.without_log(why), *_count(reading, reader, time_range, options)]
    if listed.start > time_range.start:
        reading.notes.append(notes.OF_A_DAY)
    return reading


def _count(reading: Reading, reader: Reader, time_range: TimeRange, options: Options) -> Iterator[str]:
    """Let CloudWatch count all requests where it can, and yield what is to be said about that."""
    if reader.access_log is None or options.selection:
        return  # its metrics know neither routes nor which function a request was for
    try:
        reading.counts = reader.access_log.counts(time_range)
    except NoLogError as error:
        yield notes.without_counts(str(error))
    if reading.counts is not None and (total := reading.counts.total()) is not None:
        yield notes.of_counts(total)


def _facts(
    reading: Reading, time_range: TimeRange, options: Options, by_start: figures.Indices, counted: Counted | None
) -> Facts:
    """All that the verdict needs but the price."""
    columns = reading.columns
    warm = statistics.distribution(columns.times(by_start.get("warm", ())))
    return Facts(
        requests=counted.requests if counted else len(columns),
        is_complete=reading.is_complete or counted is not None,
        seconds=time_range.end - time_range.start,
        waited_ms=[value for start in _WAITED for value in columns.times(by_start.get(start, ()))],
        warm_median_ms=warm.p50 if warm else None,
        cold_without_pings=cold_without_pings(reading, 60 * options.idle_minutes, time_range.start),
        cold=counted.starts.get("cold", 0) if counted else len(by_start.get("cold", ())),
        cost=None,
        price_of_a_cold_start=options.price_of_a_cold_start,
        idle_minutes=options.idle_minutes,
    )


def _definitions(starts: list[str]) -> dict[str, str]:
    """The meaning of each start type shown; cold and warm are always shown."""
    shown = dict.fromkeys([*starts, "cold", "warm"])
    return {start: _DEFINITIONS.get(start, _DEFINITIONS[UNKNOWN]) for start in shown}
