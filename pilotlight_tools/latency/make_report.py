"""From X-Ray to a report: the survey of all traces, the sample, the figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pilotlight_tools.latency import statistics
from pilotlight_tools.latency.notes import notes
from pilotlight_tools.latency.observation import API_GATEWAY, LAMBDA, START_TYPES, UNKNOWN, Observation
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.report import Pings, Point, Report, Slow, StartType
from pilotlight_tools.latency.survey import Survey, Tick
from pilotlight_tools.latency.time_range import Window

SLOWEST_SHOWN = 10

DEFINITIONS = {
    "cold": "The request waited for a new execution environment: its code was loaded and initialised first.",
    "warm": "An execution environment that had served before, a user or a ping, answered.",
    "proactive": "Lambda had initialised the environment ahead by itself: its first request waited for nothing.",
    "provisioned": "The first request in an environment that provisioned concurrency had initialised.",
    "restored": "The first request in an environment that SnapStart restored from a snapshot.",
    UNKNOWN: "The record does not say, so nothing is claimed.",
}


def make_report(
    reader: Reader,
    window: Window,
    *,
    stage: str,
    region: str | None,
    most: int,
    clock: Callable[[], float] = time.time,
) -> Report:
    """Read a window of traces, `most` of them closely, and compute the report. `region` None means a local X-Ray."""
    survey = Survey(window, most)
    for summary in reader.summaries(window):
        survey.add(summary)
    sample = survey.sample()
    observations = list(reader.observations([trace_id for ids in sample.values() for trace_id in ids]))
    return Report(
        service=reader.service,
        stage=stage,
        region=region,
        window=window,
        made_at=clock(),
        **_figures(survey, observations, region),
        notes=notes(survey, observations, reader),
    )


def _figures(survey: Survey, observations: list[Observation], region: str | None) -> dict[str, Any]:
    measured_by = API_GATEWAY if any(one.measured_by == API_GATEWAY for one in observations) else LAMBDA
    # Times of different segments are not comparable: one kind is measured, the other counts as partial.
    measured = [one for one in observations if one.response_ms is not None and one.measured_by == measured_by]
    values: dict[str, list[float]] = {}
    for one in measured:
        values.setdefault(one.start, []).append(one.response_ms or 0.0)
    order = [start for start in (*START_TYPES, *sorted(survey.starts)) if survey.starts[start]]
    starts = {start: _start_type(survey, start, values.get(start, []), observations) for start in dict.fromkeys(order)}
    slowest = sorted(measured, key=lambda one: one.response_ms or 0, reverse=True)[:SLOWEST_SHOWN]
    shown = dict.fromkeys([*order, "cold", "warm"])
    known = survey.requests - survey.starts[UNKNOWN]
    return {
        "requests": survey.requests,
        "sampled": sum(map(len, survey.sample().values())),
        "measured": len(measured),
        "measured_by": measured_by,
        "cold_start_rate": survey.starts["cold"] / known if known else None,
        "starts": starts,
        "every": statistics.weighted_distribution(
            [(value, survey.starts[start] / len(group)) for start, group in values.items() for value in group]
        ),
        "pings": _pings(survey),
        "without_record": dict(survey.without_record),
        "bin_seconds": survey.window.bin_seconds,
        "timeline": _timeline(survey),
        "histogram": statistics.histogram({start: values[start] for start in starts if start in values}),
        "slowest": [_slow(one, region) for one in slowest],
        "definitions": {start: DEFINITIONS.get(start, DEFINITIONS[UNKNOWN]) for start in shown},
        "method": statistics.METHOD,
    }


def _start_type(survey: Survey, start: str, values: list[float], observations: list[Observation]) -> StartType:
    return StartType(
        count=survey.starts[start],
        faults=survey.faults[start],
        errors=survey.errors[start],
        throttles=survey.throttles[start],
        response=statistics.distribution(values),
        init=statistics.distribution(
            one.init_ms for one in observations if one.start == start and one.init_ms is not None
        ),
    )


def _pings(survey: Survey) -> Pings:
    coverages = [tick.coverage for tick in survey.ticks]
    return Pings(
        requests=survey.by_ping.total(),
        environments=len(survey.environments_by_ping),
        ticks=len(survey.ticks),
        cold_pings=sum(tick.cold for tick in survey.ticks),
        coverage_mean=sum(coverages) / len(coverages) if coverages else None,
        coverage_lowest=min(coverages, default=None),
    )


def _timeline(survey: Survey) -> list[Point]:
    """A point for every bin from the first that has something to the last; coverage is the lowest of its ticks."""
    ticks: dict[int, list[Tick]] = {}
    for tick in survey.ticks:
        ticks.setdefault(survey.bin_number(tick.at), []).append(tick)
    numbers = {*survey.bins, *ticks}
    points = []
    for number in range(min(numbers, default=0), max(numbers, default=-1) + 1):
        place = survey.bins.get(number)
        points.append(
            Point(
                start=float(number * survey.window.bin_seconds),
                requests=place.requests if place else 0,
                cold=place.cold if place else 0,
                cold_start_rate=place.cold / place.requests if place else None,
                coverage=min((tick.coverage for tick in ticks.get(number, ())), default=None),
            )
        )
    return points


def _slow(one: Observation, region: str | None) -> Slow:
    return Slow(
        trace_id=one.trace_id,
        at=one.at,
        start=one.start,
        response_ms=one.response_ms or 0.0,
        init_ms=one.init_ms,
        handler_ms=one.handler_ms,
        status=one.status,
        request=f"{one.method} {one.route or '(no route)'}".strip(),
        console_url=_console_url(region, one.trace_id) if region else None,
    )


def _console_url(region: str, trace_id: str) -> str:
    partition = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    if region.startswith("us-gov-"):
        partition = "amazonaws-us-gov.com"
    host = f"console.{partition}" if partition != "aws.amazon.com" else f"{region}.console.{partition}"
    return f"https://{host}/cloudwatch/home?region={region}#xray:traces/{trace_id}"
