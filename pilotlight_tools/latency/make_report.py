"""From X-Ray to a report: the survey of all traces, the sample, the figures."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pilotlight.environment import START_TYPES
from pilotlight_tools.latency import statistics
from pilotlight_tools.latency.measures import Measures
from pilotlight_tools.latency.notes import notes
from pilotlight_tools.latency.observation import UNKNOWN, Observation
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.report import Coverage, Heatmap, Pings, Point, Report, Slow, StartType, Verdict
from pilotlight_tools.latency.statistics import Distribution
from pilotlight_tools.latency.survey import Survey
from pilotlight_tools.latency.ticks import Tick
from pilotlight_tools.latency.time_range import TimeRange

_SLOWEST_SHOWN = 10

_DEFINITIONS = {
    "cold": "The request waited for a new execution environment: its code was loaded and initialised first.",
    "warm": "The request met an execution environment that had served before, a user or a ping.",
    "proactive": "The first request in an environment that Lambda had initialised ahead of need: it did not wait.",
    "provisioned": "The first request in an environment that provisioned concurrency had initialised.",
    "restored": "The first request in an environment that SnapStart restored from a snapshot.",
    UNKNOWN: "The record has no start annotation.",
}


def make_report(reader: Reader, time_range: TimeRange, *, stage: str, region: str | None, most: int) -> Report:
    """Read the traces of a time range, `most` in detail, and compute the report; without `region`, X-Ray is local."""
    reading = _read(reader, time_range, most)
    survey, response_ms = reading.survey, reading.response_ms
    starts = _starts_met(survey)
    engine = None if region else reading.measures.around_the_function()
    return Report(
        service=reader.service,
        stage=stage,
        region=region,
        time_range=time_range,
        made_at=time.time(),
        source="traces",
        selection="",
        verdict=_verdict(survey.requests),
        requests=survey.requests,
        traced=survey.requests,
        sampled=sum(map(len, survey.sample().values())),
        measured=len(reading.measures.measured),
        measured_by=reading.measures.measured_by,
        cold_start_rate=_cold_start_rate(survey),
        starts={start: _start_type(reading, start) for start in starts},
        every=_every(survey, response_ms),
        engine=engine,
        pings=_pings(reading),
        routes=[],
        functions=[],
        bin_seconds=time_range.bin_seconds,
        timeline=_timeline(reading),
        heatmap=Heatmap([], [], []),
        histogram=statistics.histogram({start: response_ms[start] for start in starts if start in response_ms}),
        slowest=_slowest(reading.measures.measured, region),
        definitions=_definitions(starts),
        method=statistics.METHOD,
        notes=notes(survey, reading.measures, reader, engine),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The survey of all traces, the ticks, and the sample: what is measured of it, and its times by start type."""

    survey: Survey
    ticks: list[Tick]
    measures: Measures
    response_ms: dict[str, list[float]]


def _read(reader: Reader, time_range: TimeRange, most: int) -> _Reading:
    survey = Survey(time_range, most)
    for summary in reader.summaries(time_range):
        survey.add(summary)
    measures = Measures.of(reader.observations([trace_id for ids in survey.sample().values() for trace_id in ids]))
    ticks = list(reader.ticks(survey.sampled_ticks()))
    response_ms: dict[str, list[float]] = {}
    for observation in measures.measured:
        response_ms.setdefault(observation.start, []).append(observation.response_ms or 0.0)
    return _Reading(survey, ticks, measures, response_ms)


def _verdict(requests: int) -> Verdict:
    return Verdict("", requests, 0, None, 0.0, None, None, None, None, None, [], 6.0, 0.05)


def _starts_met(survey: Survey) -> list[str]:
    """The start types that occurred: known ones in their usual order, then others."""
    return [start for start in dict.fromkeys([*START_TYPES, *sorted(survey.starts)]) if survey.starts[start]]


def _cold_start_rate(survey: Survey) -> float | None:
    known = survey.requests - survey.starts[UNKNOWN]
    return survey.starts["cold"] / known if known else None


def _every(survey: Survey, response_ms: dict[str, list[float]]) -> Distribution | None:
    """The response times of all start types, each weighted by the number of requests that it represents."""
    return statistics.weighted_distribution(
        [(value, survey.starts[start] / len(group)) for start, group in response_ms.items() for value in group]
    )


def _slowest(measured: list[Observation], region: str | None) -> list[Slow]:
    ordered = sorted(measured, key=lambda observation: observation.response_ms or 0, reverse=True)
    return [_slow(observation, region) for observation in ordered[:_SLOWEST_SHOWN]]


def _definitions(starts: list[str]) -> dict[str, str]:
    """The meaning of each start type shown; cold and warm are always shown."""
    shown = dict.fromkeys([*starts, "cold", "warm"])
    return {start: _DEFINITIONS.get(start, _DEFINITIONS[UNKNOWN]) for start in shown}


def _start_type(reading: _Reading, start: str) -> StartType:
    survey = reading.survey
    observed = [each for each in reading.measures.observations if each.start == start]
    inits_ms = (each.init_ms for each in observed if each.init_ms is not None)
    raised = sum(each.raised_unseen for each in observed)
    return StartType(
        count=survey.starts[start],
        # Where only a sample was read, each trace in it represents others.
        faults=survey.faults[start] + round(raised * survey.starts[start] / max(1, len(observed))),
        errors=survey.errors[start],
        throttles=survey.throttles[start],
        response=statistics.distribution(reading.response_ms.get(start, [])),
        init=statistics.distribution(inits_ms),
    )


def _pings(reading: _Reading) -> Pings:
    survey, coverages = reading.survey, [tick.coverage for tick in reading.ticks]
    return Pings(
        requests=survey.by_ping.total(),
        environments=len(survey.environments_by_ping),
        ticks=len(reading.ticks),
        cold_pings=sum(tick.cold for tick in reading.ticks),
        coverage_mean=sum(coverages) / len(coverages) if coverages else None,
        coverage_lowest=min(coverages, default=None),
        functions=_coverage_by_function(reading.ticks),
    )


def _coverage_by_function(ticks: list[Tick]) -> dict[str, Coverage]:
    by_function: dict[str, list[Tick]] = {}
    for tick in sorted(ticks, key=lambda tick: tick.function):
        by_function.setdefault(tick.function, []).append(tick)
    return {name: _coverage(of_function) for name, of_function in by_function.items()}


def _coverage(ticks: list[Tick]) -> Coverage:
    coverages = [tick.coverage for tick in ticks]
    cold_pings = sum(tick.cold for tick in ticks)
    return Coverage(len(ticks), cold_pings, sum(coverages) / len(coverages), min(coverages))


def _timeline(reading: _Reading) -> list[Point]:
    """A point for every bin from the first with data to the last; coverage is the lowest of its ticks."""
    survey = reading.survey
    ticks: dict[int, list[Tick]] = {}
    for tick in reading.ticks:
        ticks.setdefault(survey.bin_number(tick.at), []).append(tick)
    numbers = {*survey.bins, *ticks}
    points = []
    for number in range(min(numbers, default=0), max(numbers, default=-1) + 1):
        found = survey.bins.get(number)
        points.append(
            Point(
                start=float(number * survey.time_range.bin_seconds),
                requests=found.requests if found else 0,
                cold=found.cold if found else 0,
                without_record=0,
                errors=0,
                faults=0,
                cold_start_rate=found.cold / found.requests if found else None,
                coverage=min((tick.coverage for tick in ticks.get(number, ())), default=None),
                ticks=len(ticks.get(number, ())),
            )
        )
    return points


def _slow(observation: Observation, region: str | None) -> Slow:
    return Slow(
        trace_id=observation.trace_id,
        at=observation.at,
        start=observation.start,
        response_ms=observation.response_ms or 0.0,
        init_ms=observation.init_ms,
        handler_ms=observation.handler_ms,
        measured_by=observation.measured_by,
        status=observation.status,
        request=f"{observation.method} {observation.route or '(no route)'}".strip(),
        function=observation.function,
        console_url=_console_url(region, observation.trace_id) if region else None,
    )


def _console_url(region: str, trace_id: str) -> str:
    partition = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    if region.startswith("us-gov-"):
        partition = "amazonaws-us-gov.com"
    host = f"console.{partition}" if partition != "aws.amazon.com" else f"{region}.console.{partition}"
    return f"https://{host}/cloudwatch/home?region={region}#xray:traces/{trace_id}"
