"""A report counted from requests and ticks that a test writes down: plainly, and apart from the code that it tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pilotlight_tools.latency.report import (
    NO_RECORD,
    Group,
    Heatmap,
    Pings,
    Point,
    Report,
    Slow,
    StartType,
    Verdict,
)
from pilotlight_tools.latency.statistics import METHOD, Distribution, distribution, histogram
from pilotlight_tools.latency.time_range import TimeRange

END = 1_780_000_000.0
"""28 May 2026, 20:26:40 UTC."""
TYPES = ("cold", "warm", "proactive", "provisioned", "restored", NO_RECORD)
_FEWEST = {"p90": 10, "p95": 20, "p99": 100}
_DEFINITIONS = {
    "cold": "The request waited for a new execution environment: its code was loaded and initialised first.",
    "warm": "The request met an execution environment that had served before, a user or a ping.",
    "proactive": "The first request in an environment that Lambda had initialised ahead of need: it did not wait.",
    "provisioned": "The first request in an environment that provisioned concurrency had initialised.",
    "restored": "The first request in an environment that SnapStart restored from a snapshot.",
    NO_RECORD: "It timed out, crashed, was throttled, or met an error of API Gateway's own.",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the access log has it, for `stands_for` like it."""

    at: float
    start: str
    response_ms: float
    status: int = 200
    route: str = "GET /hello"
    function: str = "shop-prod-api"
    stands_for: int = 1


@dataclass(frozen=True, slots=True)
class Ticked:
    """One tick of the warmer."""

    at: float
    coverage: float = 1.0


def report_of(requests: Sequence[Request], ticks: Sequence[Ticked], *, seconds: float) -> Report:
    """Count a report from requests and ticks of the last `seconds`, without a verdict."""
    time_range = TimeRange(END - seconds, END)
    starts = {start: _start_type(requests, start) for start in _met(requests)}
    total = sum(each.stands_for for each in requests)
    cold = sum(each.stands_for for each in requests if each.start == "cold")
    timeline = _timeline(requests, ticks, time_range)
    spread = {start: [each.response_ms for each in requests if each.start == start] for start in starts}
    slowest = sorted(requests, key=lambda each: -each.response_ms)[:10]
    return Report(
        service="shop",
        stage="prod",
        region="eu-central-1",
        time_range=time_range,
        made_at=END,
        source="access log",
        selection="",
        counted=None,
        verdict=Verdict("", total, 0, None, 0.0, None, None, None, None, None, [], 6.0, 0.05),
        requests=total,
        traced=total // 10,
        sampled=min(total // 10, 2000),
        measured=total,
        measured_by="API Gateway",
        cold_start_rate=cold / total if total else None,
        starts=starts,
        every=_distribution([each.response_ms for each in requests]),
        engine=None,
        pings=_pings(ticks),
        routes=list(_groups(requests, lambda each: each.route)),
        functions=list(_groups(requests, lambda each: each.function)),
        bin_seconds=time_range.bin_seconds,
        timeline=timeline,
        heatmap=_heatmap(requests, timeline, time_range.bin_seconds),
        histogram=histogram(spread),
        slowest=[_slow(each, index) for index, each in enumerate(slowest)],
        definitions={start: _DEFINITIONS.get(start, "The record has no start annotation.") for start in starts},
        method=METHOD,
        notes=["Time-outs of the function count in full: API Gateway's access log has a line for each.", "See --last."],
    )


def _met(requests: Sequence[Request]) -> list[str]:
    met = {each.start for each in requests}
    return [start for start in dict.fromkeys([*TYPES, *sorted(met)]) if start in met]


def _start_type(requests: Sequence[Request], start: str) -> StartType:
    of_type = [each for each in requests if each.start == start]
    inits = [each.response_ms - 25 for each in of_type[::3]] if start in ("cold", "restored") else []
    return StartType(
        count=sum(each.stands_for for each in of_type),
        faults=_sum(of_type, 500, 599),
        errors=_sum(of_type, 400, 499),
        throttles=0,
        response=_distribution([each.response_ms for each in of_type]),
        init=_distribution(inits),
    )


def _distribution(values: Sequence[float]) -> Distribution | None:
    """A percentile that is finer than the sample is None."""
    made = distribution(values)
    finer: dict[str, Any] = {name: None for name, fewest in _FEWEST.items() if len(values) < fewest}
    return replace(made, **finer) if made else None


def _sum(requests: Sequence[Request], lowest: int, highest: int) -> int:
    return sum(each.stands_for for each in requests if lowest <= each.status <= highest)


def _groups(requests: Sequence[Request], name_of: Callable[[Request], str]) -> Iterator[Group]:
    by_name: dict[str, list[Request]] = {}
    for each in requests:
        by_name.setdefault(name_of(each), []).append(each)
    for name, group in sorted(by_name.items(), key=lambda item: -len(item[1])):
        yield Group(
            name=name,
            requests=sum(each.stands_for for each in group),
            cold=sum(each.stands_for for each in group if each.start == "cold"),
            without_record=sum(each.stands_for for each in group if each.start == NO_RECORD),
            errors=_sum(group, 400, 499),
            faults=_sum(group, 500, 599),
            response=_distribution([each.response_ms for each in group]),
        )


def _timeline(requests: Sequence[Request], ticks: Sequence[Ticked], time_range: TimeRange) -> list[Point]:
    seconds = time_range.bin_seconds
    numbers = {int(at // seconds) for at in (*(each.at for each in requests), *(each.at for each in ticks))}
    return [
        _point(
            number * seconds,
            [each for each in requests if each.at // seconds == number],
            [each for each in ticks if each.at // seconds == number],
        )
        for number in range(min(numbers, default=0), max(numbers, default=-1) + 1)
    ]


def _point(start: float, requests: Sequence[Request], ticks: Sequence[Ticked]) -> Point:
    total = sum(each.stands_for for each in requests)
    cold = sum(each.stands_for for each in requests if each.start == "cold")
    return Point(
        start=float(start),
        requests=total,
        cold=cold,
        without_record=sum(each.stands_for for each in requests if each.start == NO_RECORD),
        errors=_sum(requests, 400, 499),
        faults=_sum(requests, 500, 599),
        cold_start_rate=cold / total if total else None,
        coverage=min((each.coverage for each in ticks), default=None),
        ticks=len(ticks),
    )


def _heatmap(requests: Sequence[Request], timeline: Sequence[Point], seconds: int) -> Heatmap:
    if not requests:
        return Heatmap([], [], [])
    rows_per_decade = 8
    rows = [math.floor(math.log10(each.response_ms) * rows_per_decade) for each in requests]
    first, last = min(rows), max(rows)
    counts = [[0] * (last - first + 1) for _ in timeline]
    cold = [[0] * (last - first + 1) for _ in timeline]
    for each, row in zip(requests, rows, strict=True):
        column = int((each.at // seconds * seconds - timeline[0].start) // seconds)
        counts[column][row - first] += each.stands_for
        cold[column][row - first] += each.stands_for * (each.start == "cold")
    return Heatmap([10 ** (row / rows_per_decade) for row in range(first, last + 2)], counts, cold)


def _slow(request: Request, index: int) -> Slow:
    """Every second one was traced."""
    is_traced = index % 2 == 0 and request.start != NO_RECORD
    trace_id = f"1-{int(request.at):08x}-{index:024x}" if is_traced else None
    console = f"https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#xray:traces/{trace_id}"
    return Slow(
        trace_id=trace_id,
        at=request.at,
        start=request.start,
        response_ms=request.response_ms,
        init_ms=380.0 if is_traced and request.start == "cold" else None,
        handler_ms=12.5 if is_traced else None,
        measured_by="API Gateway",
        status=request.status,
        request=request.route,
        function=request.function,
        console_url=console if is_traced else None,
    )


def _pings(ticks: Sequence[Ticked]) -> Pings:
    coverages = [each.coverage for each in ticks]
    mean = sum(coverages) / len(coverages) if coverages else None
    return Pings(
        requests=3 * len(ticks),
        environments=min(len(ticks), 14),
        ticks=len(ticks),
        cold_pings=sum(each < 1 for each in coverages),
        coverage_mean=mean,
        coverage_lowest=min(coverages, default=None),
        functions={},
    )
