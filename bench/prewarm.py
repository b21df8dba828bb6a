"""A FastAPI app of 30 routes: what its first request costs beside its third, without a ping, after one, with `prewarm`.

A ping loads an app's modules and runs none of its code; `prewarm` sends one request through the framework. The three
requests are of one route, which `prewarm` asked, or did not: FastAPI does some work once for each route.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench import instructions
from bench.aims import Aim
from bench.apps import PINGED, PREWARMED, PREWARMED_ROUTE, App
from bench.install import Installed, app_folder
from bench.modes import FULL, started
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight.events import http_event
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

COLD = replace(PINGED, name="no-ping", title="nothing")
CASES = (COLD, PINGED, PREWARMED, PREWARMED_ROUTE)
_REQUESTS = 3
_MOST = 1.5
_PING = json.dumps({"pilotlight": {"ping": "bench", "index": 0, "of": 1, "hold_until": 0}}).encode()
_BODY = {
    "number": "AB-1234",
    "status": "open",
    "lines": [{"product": "lamp", "quantity": 2, "price": 19.9}, {"product": "bulb", "quantity": 4, "price": 3}],
    "labels": {"colour": "red"},
}
_REQUEST = json.dumps(http_event("POST", "/orders", body=_BODY)).encode()


@dataclass(frozen=True, slots=True)
class _FirstRequests:
    """Milliseconds of the ping, of `prewarm` in it as its reply tells, and of the three requests; the ratio is paired.

    Without a ping, its time is None, and the first request does what a ping would have done.
    """

    app: str
    title: str
    ping_ms: Spread | None
    prewarm_ms: Spread | None
    first_ms: Spread
    second_ms: Spread
    third_ms: Spread
    first_to_third: Spread


@dataclass(frozen=True, slots=True)
class _Run:
    """One environment's times in milliseconds."""

    ping: float
    prewarm: float
    requests: list[float]


def run(runs: int, count: bool) -> dict[str, Any]:
    """Measure the three cases in turn, each run in an environment of its own; JSON-ready. Raises RuntimeError."""
    python = runtime_python()
    with XRaySink() as sink, progress("requests", len(CASES) * (runs + 1)) as advance:
        installed = {
            app.name: Installed(app, app_folder(app, "valid bytecode", python), python, sink.address) for app in CASES
        }
        taken: dict[str, list[_Run]] = {app.name: [] for app in CASES}
        for number in range(runs + 1):
            for app in CASES:
                measured = _one_run(installed[app.name], sink)
                advance()
                if number:  # the first round fills the page cache
                    taken[app.name].append(measured)
    counted = _count(installed) if count and instructions.has_valgrind() else {}
    rows = {app.name: _row(app, taken[app.name]) for app in CASES}
    return {
        "first_requests": [asdict(row) for row in rows.values()],
        "instructions": counted,
        "aims": [asdict(aim) for app in (PREWARMED, PREWARMED_ROUTE) for aim in _aims(rows[app.name], counted)],
        "python": str(python.resolve().name),
    }


def _aims(prewarmed: _FirstRequests, counted: dict[str, dict[str, int]]) -> Iterator[Aim]:
    what = f"first request after {prewarmed.title}, beside the third"
    yield Aim(f"{what}, in time", prewarmed.first_to_third.median, _MOST)
    if in_instructions := counted.get(prewarmed.app):
        yield Aim(f"{what}, in instructions", round(in_instructions["first"] / in_instructions["third"], 4), _MOST)


def _one_run(installed: Installed, sink: XRaySink) -> _Run:
    is_pinged = installed.app is not COLD
    with started(installed, FULL) as environment:
        environment.wait_ready()
        ping, reply = _ping(environment) if is_pinged else (0.0, {"prewarm_ms": 0.0})
        requests = [_request(environment) for _ in range(_REQUESTS)]
        sent, expected = len(sink.take(0.2)), is_pinged + _REQUESTS
        if sent != expected:
            raise RuntimeError(
                f"{installed.app.title} sent {sent} records, not {expected}; its log:\n{environment.logs()}"
            )
    return _Run(ping, float(reply["prewarm_ms"]), requests)


def _row(app: App, taken: list[_Run]) -> _FirstRequests:
    firsts, seconds, thirds = zip(*(run.requests for run in taken), strict=True)
    return _FirstRequests(
        app.name,
        app.title,
        None if app is COLD else Spread.of([run.ping for run in taken]),
        Spread.of([run.prewarm for run in taken]) if app in (PREWARMED, PREWARMED_ROUTE) else None,
        Spread.of(firsts),
        Spread.of(seconds),
        Spread.of(thirds),
        Spread.of([first / third for first, third in zip(firsts, thirds, strict=True)]),
    )


def _ping(environment: Sandbox) -> tuple[float, dict[str, Any]]:
    reply = environment.invoke(_PING)
    if not isinstance(reply.payload, dict) or reply.payload.get("pilotlight", {}).get("notes"):
        raise RuntimeError(f"this is not the reply to a ping, or its prewarm failed: {reply}")
    return reply.duration_ms, reply.payload["pilotlight"]


def _request(environment: Sandbox) -> float:
    response = environment.invoke(_REQUEST)
    if not isinstance(response.payload, dict) or response.payload.get("statusCode") != 200:
        raise RuntimeError(f"the response is not a 200: {response}; the log:\n{environment.logs()}")
    return response.duration_ms


def _count(installed: dict[str, Installed]) -> dict[str, dict[str, int]]:
    """Instructions of the first and the third request, by case."""
    counted = {}
    with progress("instructions", len(installed) * (_REQUESTS + 1)) as advance:
        for name, each in installed.items():
            events = [] if each.app is COLD else [_PING]
            totals = []
            for requests in range(_REQUESTS + 1):
                totals.append(instructions.count_all(each, [*events, *[_REQUEST] * requests]))
                advance()
            counted[name] = {"first": totals[1] - totals[0], "third": totals[3] - totals[2]}
    return counted
