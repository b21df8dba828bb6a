"""Requests to a warm environment: first beside second, each app beside the bare handler, and what pings cost."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from bench import instructions
from bench.apps import BARE, OURS, REQUEST, App
from bench.install import app_folder, runtime_python
from bench.modes import FULL, started
from bench.progress import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

PING = json.dumps({"pilotlight": {"ping": "bench", "index": 0, "of": 1, "hold_until": 0}}).encode()
REQUESTS_PER_RUN = 60
"""Warm requests of each run, in turn with those they are compared with."""
SETTLING = 20
"""The first so many are left out: the interpreter specialises its bytecode in them."""


@dataclass(frozen=True, slots=True)
class Warm:
    """Milliseconds from handing over the event to the response, and ratios.

    `warm_ratio`: to the bare handler's request just before. `record_ms`: a sampled request less the unsampled one just
    before it, in the same environment.
    """

    app: str
    title: str
    first_ms: Spread
    second_ms: Spread
    first_to_second: Spread
    warm_ms: Spread
    warm_ratio: Spread
    record_ms: Spread


def run_requests(apps: list[App], runs: int, count: bool) -> dict[str, Any]:
    """Measure each app in environments of its own beside a bare one; JSON-ready. Raises RuntimeError for a failure."""
    python = runtime_python()
    folders = {app.name: app_folder(app, "valid bytecode", python) for app in [BARE, *apps]}
    rows = []
    with XRaySink() as sink, progress("requests", len(apps) * runs) as advance:
        for app in apps:
            firsts, seconds, warm, bare, record = [], [], [], [], []
            for _ in range(runs):
                with (
                    started(BARE, folders[BARE.name], FULL, python, sink.address) as beside,
                    started(app, folders[app.name], FULL, python, sink.address) as environment,
                ):
                    firsts.append(_request(environment))
                    seconds.append(_request(environment))
                    for number in range(SETTLING + REQUESTS_PER_RUN):
                        pair = _request(beside), _request(environment)
                        if number >= SETTLING:
                            bare.append(pair[0])
                            warm.append(pair[1])
                    record += [
                        -_request(environment, sampled=False) + _request(environment) for _ in range(REQUESTS_PER_RUN)
                    ]
                    sent, expected = len(sink.take(0.2)), int(app.records) * (2 + SETTLING + 2 * REQUESTS_PER_RUN)
                    if sent != expected:
                        raise RuntimeError(f"{app.title} sent {sent} records for {expected} sampled requests")
                advance()
            rows.append(_row(app, firsts, seconds, warm, bare, record))
    events = {app.name: (app, REQUEST) for app in [BARE, *apps]}
    return {"requests": [asdict(row) for row in rows], "instructions": _instructions(events) if count else {}}


def run_pings(runs: int, count: bool) -> dict[str, Any]:
    """A ping that holds nothing beside a request, in the same environments; JSON-ready."""
    python = runtime_python()
    pings: list[float] = []
    requests: list[float] = []
    first_pings = []
    with XRaySink() as sink, progress("pings", runs) as advance:
        for _ in range(runs):
            with started(OURS, app_folder(OURS, "valid bytecode", python), FULL, python, sink.address) as environment:
                first_pings.append(_ping(environment))
                for number in range(SETTLING + REQUESTS_PER_RUN):
                    pair = _ping(environment), _request(environment)
                    if number >= SETTLING:
                        pings.append(pair[0])
                        requests.append(pair[1])
                sink.take()
            advance()
    return {
        "first_ping_ms": asdict(Spread.of(first_pings)),
        "ping_ms": asdict(Spread.of(pings)),
        "request_ms": asdict(Spread.of(requests)),
        "ratio": asdict(Spread.of([ping / request for ping, request in zip(pings, requests, strict=True)])),
        "instructions": _instructions({"ping": (OURS, PING), "request": (OURS, REQUEST)}) if count else {},
    }


def _row(
    app: App, firsts: list[float], seconds: list[float], warm: list[float], bare: list[float], record: list[float]
) -> Warm:
    return Warm(
        app.name,
        app.title,
        Spread.of(firsts),
        Spread.of(seconds),
        Spread.of([first / second for first, second in zip(firsts, seconds, strict=True)]),
        Spread.of(warm),
        Spread.of([mine / theirs for mine, theirs in zip(warm, bare, strict=True)]),
        Spread.of(record),
    )


def _request(environment: Sandbox, sampled: bool = True) -> float:
    trace = f"Root=1-00000000-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled={int(sampled)}"
    answer = environment.invoke(REQUEST, trace_header=trace)
    if not isinstance(answer.payload, dict) or answer.payload.get("statusCode") != 200:
        raise RuntimeError(f"not answered with 200 but {answer}; the log:\n{environment.logs()}")
    return answer.duration_ms


def _instructions(events: dict[str, tuple[App, bytes]]) -> dict[str, int]:
    """Of one event each to a warm environment; nothing where valgrind is not installed."""
    if not instructions.installed():
        return {}
    python = runtime_python()
    counted = {}
    with XRaySink() as sink, progress("instructions", len(events)) as advance:
        for name, (app, event) in events.items():
            folder = app_folder(app, "valid bytecode", python)
            counted[name] = instructions.per_request(app, folder, python, sink.address, event)
            advance()
    return counted


def _ping(environment: Sandbox) -> float:
    answer = environment.invoke(PING)
    if not isinstance(answer.payload, dict) or "pilotlight" not in answer.payload:
        raise RuntimeError(f"a ping was not answered as one: {answer}")
    return answer.duration_ms
