"""Reports made by hand, for tests of what shows them: no X-Ray, no access log, the same at each run.

Requests are drawn from a fixed seed; the parts of the report are counted from them here, plainly, and the verdicts are
written down.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pilotlight_tools.latency.report import (
    NO_RECORD,
    Alternative,
    Coverage,
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
_HOUR, _DAY = 3600.0, 86400.0
_ROUTES = ("GET /hello", "GET /items/{id}", "POST /orders", "GET /orders/{id}", "DELETE /orders/{id}", "GET /search")
_TYPES = ("cold", "warm", "proactive", "provisioned", "restored", NO_RECORD)
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


def typical_day() -> Report:
    """24 hours of a shop: 9,000 requests, few cold, a deployment with a dip of coverage, time-outs in the evening."""
    chance = random.Random(15)  # noqa: S311 (not secret)
    requests = []
    for _ in range(9000):
        hour = chance.triangular(0, 24, 14)
        at = END - _DAY + hour * _HOUR
        route = chance.choices(_ROUTES, (40, 25, 12, 10, 2, 11))[0]
        is_slow = 18 < hour < 18.7 and chance.random() < 0.12
        start = NO_RECORD if is_slow else chance.choices(_TYPES[:3], (0.6, 98.6, 0.8))[0]
        requests.append(_request(chance, at, start, route))
    ticks = [
        Ticked(END - _DAY + 300.0 * index + 7, {120: 0.4, 121: 0.8, 200: 0.9}.get(index, 1.0)) for index in range(288)
    ]
    made = report_of(requests, ticks, seconds=_DAY)
    coverages = {"shop-prod-api": Coverage(288, 12, 0.994, 0.4), "shop-prod-orders": Coverage(288, 2, 0.9997, 0.9)}
    return replace(made, verdict=_typical_verdict(made), pings=replace(made.pings, functions=coverages))


def burst() -> Report:
    """One hour: ten at once, all cold, every ten minutes, beside a trickle of 0.2 warm requests a second. No warmer."""
    chance = random.Random(7)  # noqa: S311 (not secret)
    requests = [_request(chance, END - _HOUR + 5.0 * index, "warm", _ROUTES[0]) for index in range(720)]
    requests += [
        _request(chance, END - _HOUR + 600.0 * each + 30, "cold", _ROUTES[0]) for each in range(6) for _ in range(10)
    ]
    made = report_of(requests, [], seconds=_HOUR)
    sentence = (
        "7.7 % of your users waited 410 ms longer for a cold start, and no warmer ran: it would cost $0.31 a month, "
        "and is worth it from $0.0001 for each cold start that a user is spared."
    )
    alternatives = [
        Alternative("none", 0.62, 0.0, 43_200.0, None),
        Alternative("warmer", 0.93, 0.31, 4_320.0, True),
    ]
    verdict = Verdict(
        sentence=sentence,
        requests=780,
        waited=60,
        longer_ms=410.0,
        longer_in_all_ms=24_600.0,
        cold_without_pings=60,
        spared=0,
        price=None,
        price_for_each_spared=None,
        is_worth_it=True,
        alternatives=alternatives,
        assumed_idle_minutes=6.0,
        price_of_a_cold_start=0.05,
    )
    return replace(made, verdict=verdict)


def empty() -> Report:
    """One hour without a request and without a tick, read from X-Ray."""
    return replace(report_of([], [], seconds=_HOUR), source="traces", notes=["No request was found."])


def one_request() -> Report:
    """One hour with a single warm request."""
    return report_of([Request(END - 600, "warm", 23.4)], [Ticked(END - 700)], seconds=_HOUR)


def a_million() -> Report:
    """30 days with 1,000,000 requests."""
    chance = random.Random(30)  # noqa: S311 (not secret)
    starts = chance.choices(_TYPES, (0.1, 98.8, 0.4, 0.3, 0.3, 0.1), k=4000)
    requests = [
        replace(_request(chance, END - 30 * _DAY * chance.random(), start, chance.choice(_ROUTES)), stands_for=250)
        for start in starts
    ]
    made = report_of(requests, [Ticked(END - _DAY * each) for each in range(30)], seconds=30 * _DAY)
    return replace(made, verdict=_typical_verdict(made), sampled=4000)


def hostile_names() -> Report:
    """Names from outside that are markup, very long, or written from right to left; requests that nobody traced."""
    trick = "</script><img src=x onerror=alert(1)>"
    routes = (f"GET /{'segment/' * 250}"[:2000], "GET /مرحبا/بالعالم", "GET /שלום/{id}", f"GET /{trick}", "GET /日本語")
    requests = [
        Request(END - 3000 + 100 * index, "warm" if index % 5 else f"new {trick}", 20.0 + index, 200, route, trick)
        for index, route in enumerate(routes * 6)
    ]
    made = report_of(requests, [Ticked(END - 1800, 0.5)], seconds=_HOUR)
    slowest = [replace(slow, trace_id=None, init_ms=None, handler_ms=None) for slow in made.slowest]
    coverages = {"orders": Coverage(8, 3, 0.975, 0.8), "<b>mail": Coverage(8, 0, 1.0, 1.0)}
    return replace(
        made,
        service=trick,
        slowest=slowest,
        notes=[trick],
        verdict=replace(made.verdict, sentence=trick),
        pings=replace(made.pings, functions=coverages),
    )


EVERY: dict[str, Callable[[], Report]] = {
    made.__name__: made for made in (typical_day, burst, empty, one_request, a_million, hostile_names)
}


def report_of(requests: Sequence[Request], ticks: Sequence[Ticked], *, seconds: float) -> Report:
    """Count a report from requests and ticks of the last `seconds`, without a verdict."""
    time_range = TimeRange(END - seconds, END)
    starts = {start: _start_type(requests, start) for start in _met(requests)}
    total = sum(each.stands_for for each in requests)
    cold = sum(each.stands_for for each in requests if each.start == "cold")
    timeline = _timeline(requests, ticks, time_range)
    spread = {start: [each.response_ms for each in requests if each.start == start] for start in starts}
    slowest = sorted(requests, key=lambda each: -each.response_ms)[:10]
    made = Report(
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
    return replace(made, verdict=_no_verdict(made))


def _request(chance: random.Random, at: float, start: str, route: str) -> Request:
    work = chance.lognormvariate(3.1, 0.45) + (40 if route == "GET /search" else 0)
    waits = {"cold": chance.gauss(410, 45), "restored": chance.gauss(180, 25)}
    function = "shop-prod-orders" if "orders" in route else "shop-prod-api"
    if start == NO_RECORD:
        return Request(at, start, 10_000 + chance.random() * 30, 504, route, function)
    failed = 500 if chance.random() < 0.001 else 404 if chance.random() < 0.008 else 200
    return Request(at, start, work + waits.get(start, 0.0), failed, route, function)


def _met(requests: Sequence[Request]) -> list[str]:
    met = {each.start for each in requests}
    return [start for start in dict.fromkeys([*_TYPES, *sorted(met)]) if start in met]


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


def _no_verdict(report: Report) -> Verdict:
    cold = report.starts.get("cold")
    return replace(report.verdict, waited=cold.count if cold else 0)


def _typical_verdict(report: Report) -> Verdict:
    cold = report.starts["cold"].count
    return Verdict(
        sentence=(
            f"{cold} of {report.requests:,} users waited 0.41 s longer for a cold start; the warmer spared 418 others "
            "that for $0.17 a month, which is worth it."
        ),
        requests=report.requests,
        waited=cold,
        longer_ms=412.0,
        longer_in_all_ms=412.0 * cold,
        cold_without_pings=cold + 418,
        spared=418,
        price=0.17,
        price_for_each_spared=0.17 / (418 * 30),
        is_worth_it=True,
        alternatives=[
            Alternative("none", 0.62, 0.0, 30.0 * (cold + 418), None),
            Alternative("warmer", 0.79, 0.17, 30.0 * cold, True),
            Alternative("provisioned", 29.41, 28.79, 0.0, True),
            Alternative("snapstart", 700.62, 700.0, 0.0, False),
        ],
        assumed_idle_minutes=6.0,
        price_of_a_cold_start=0.05,
    )
