"""From X-Ray to a report: the survey of all traces, the sample, the figures."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pilotlight.environment import START_TYPES
from pilotlight_tools.latency import statistics
from pilotlight_tools.latency.notes import notes
from pilotlight_tools.latency.observation import API_GATEWAY, LAMBDA, UNKNOWN, Observation
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.report import Pings, Point, Report, Slow, StartType
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
    return Report(
        service=reader.service,
        stage=stage,
        region=region,
        time_range=time_range,
        made_at=time.time(),
        requests=survey.requests,
        sampled=sum(map(len, survey.sample().values())),
        measured=len(reading.measured),
        measured_by=reading.measured_by,
        cold_start_rate=_cold_start_rate(survey),
        starts={start: _start_type(reading, start) for start in starts},
        every=_every(survey, response_ms),
        pings=_pings(reading),
        without_record=dict(survey.without_record),
        bin_seconds=time_range.bin_seconds,
        timeline=_timeline(reading),
        histogram=statistics.histogram({start: response_ms[start] for start in starts if start in response_ms}),
        slowest=_slowest(reading.measured, region),
        definitions=_definitions(starts),
        method=statistics.METHOD,
        notes=notes(survey, reading.observations, reader),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The survey of all traces, the observed sample, the ticks, and the measured response times by start type."""

    survey: Survey
    observations: list[Observation]
    ticks: list[Tick]
    measured_by: str
    measured: list[Observation]
    response_ms: dict[str, list[float]]


def _read(reader: Reader, time_range: TimeRange, most: int) -> _Reading:
    survey = Survey(time_range, most)
    for summary in reader.summaries(time_range):
        survey.add(summary)
    observations = list(reader.observations([trace_id for ids in survey.sample().values() for trace_id in ids]))
    ticks = list(reader.ticks(survey.sampled_ticks()))
    measured_by = API_GATEWAY if any(observation.measured_by == API_GATEWAY for observation in observations) else LAMBDA
    # Times of different segments are not comparable: one kind is measured, the other counts as partial.
    measured = [each for each in observations if each.response_ms is not None and each.measured_by == measured_by]
    response_ms: dict[str, list[float]] = {}
    for observation in measured:
        response_ms.setdefault(observation.start, []).append(observation.response_ms or 0.0)
    return _Reading(survey, observations, ticks, measured_by, measured, response_ms)


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
    inits_ms = (each.init_ms for each in reading.observations if each.start == start and each.init_ms is not None)
    return StartType(
        count=survey.starts[start],
        faults=survey.faults[start],
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
    )


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
                cold_start_rate=found.cold / found.requests if found else None,
                coverage=min((tick.coverage for tick in ticks.get(number, ())), default=None),
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
        status=observation.status,
        request=f"{observation.method} {observation.route or '(no route)'}".strip(),
        console_url=_console_url(region, observation.trace_id) if region else None,
    )


def _console_url(region: str, trace_id: str) -> str:
    partition = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    if region.startswith("us-gov-"):
        partition = "amazonaws-us-gov.com"
    host = f"console.{partition}" if partition != "aws.amazon.com" else f"{region}.console.{partition}"
    return f"https://{host}/cloudwatch/home?region={region}#xray:traces/{trace_id}"
