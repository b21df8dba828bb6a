"""Reports made by hand, for tests of what shows them: no X-Ray, no access log, the same at each run.

Requests are drawn from a fixed seed and counted by counted_report.py; the verdicts are written down.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from pilotlight_tools.cost.stage import Alternative
from pilotlight_tools.latency.report import NO_RECORD, Coverage, Report, Verdict
from tests.support.counted_report import END, TYPES, Request, Ticked, report_of

_HOUR, _DAY = 3600.0, 86400.0
_ROUTES = ("GET /hello", "GET /items/{id}", "POST /orders", "GET /orders/{id}", "DELETE /orders/{id}", "GET /search")


def typical_day() -> Report:
    """24 hours of a shop: 9,000 requests, few cold, a deployment with a dip of coverage, time-outs in the evening."""
    chance = random.Random(15)  # noqa: S311 (not secret)
    requests = []
    for _ in range(9000):
        hour = chance.triangular(0, 24, 14)
        at = END - _DAY + hour * _HOUR
        route = chance.choices(_ROUTES, (40, 25, 12, 10, 2, 11))[0]
        is_slow = 18 < hour < 18.7 and chance.random() < 0.12
        start = NO_RECORD if is_slow else chance.choices(TYPES[:3], (0.6, 98.6, 0.8))[0]
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
    starts = chance.choices(TYPES, (0.1, 98.8, 0.4, 0.3, 0.3, 0.1), k=4000)
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


def _request(chance: random.Random, at: float, start: str, route: str) -> Request:
    work = chance.lognormvariate(3.1, 0.45) + (40 if route == "GET /search" else 0)
    waits = {"cold": chance.gauss(410, 45), "restored": chance.gauss(180, 25)}
    function = "shop-prod-orders" if "orders" in route else "shop-prod-api"
    if start == NO_RECORD:
        return Request(at, start, 10_000 + chance.random() * 30, 504, route, function)
    failed = 500 if chance.random() < 0.001 else 404 if chance.random() < 0.008 else 200
    return Request(at, start, work + waits.get(start, 0.0), failed, route, function)


def _typical_verdict(report: Report) -> Verdict:
    cold = report.starts["cold"].count
    return Verdict(
        sentence=(
            f"{cold:,} of {report.requests:,} users waited 0.41 s longer for a cold start; the warmer spared 418 "
            "others that for $0.17 a month, which is worth it."
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
