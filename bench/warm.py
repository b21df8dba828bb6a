"""Requests to a warm environment: the first two, each app compared with the bare handler, and what pings cost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import instructions
from bench.aims import Aim
from bench.apps import BARE, LEAN, OURS, OURS_LEAN, REQUEST, WRAPPED, App
from bench.install import Installed, app_folder
from bench.modes import FULL, started
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

_PING = json.dumps({"pilotlight": {"ping": "bench", "index": 0, "of": 1, "hold_until": 0}}).encode()
_MOST_WRAPPED = 1.15
_MOST_LEAN = {"warm request": 0.60, "ping": 0.50}
REQUESTS_PER_RUN = 60
"""Warm requests of each run, alternating with those they are compared with."""
_SETTLING = 20
"""This number of first requests is left out: the interpreter specialises its bytecode in them."""


@dataclass(frozen=True, slots=True)
class _Warm:
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


@dataclass(frozen=True, slots=True)
class _Run:
    """One environment's times in milliseconds, and those of the bare handler's environment started with it."""

    first: float
    second: float
    warm: list[float]
    bare: list[float]
    record: list[float]


@dataclass(frozen=True, slots=True)
class _BothClients:
    """Ratios of the lean client to the managed one: of each invocation's time as the Runtime API sees it, and of the
    process's own CPU time in all of a run's."""

    time: Spread
    cpu: Spread


def run_requests(apps: list[App], runs: int, count: bool) -> dict[str, Any]:
    """Measure each app in its own environments, each with a bare one; JSON-ready. Raises RuntimeError for a failure."""
    python = runtime_python()
    with XRaySink() as sink:
        installed = [
            Installed(app, app_folder(app, "valid bytecode", python), python, sink.address) for app in [BARE, *apps]
        ]
        bare, *measured = installed
        rows = []
        with progress("requests", len(apps) * runs) as advance:
            for each in measured:
                taken = []
                for _ in range(runs):
                    taken.append(_one_run(bare, each, sink))
                    advance()
                rows.append(_row(each.app, taken))
        counted = _instructions({each.app.name: (each, REQUEST) for each in installed}) if count else {}
        clients = _both_clients(measured, runs, _request)
        sink.take()
    return {
        "requests": [asdict(row) for row in rows],
        "clients": {name: asdict(both) for name, both in clients.items()},
        "instructions": counted,
        "aims": [asdict(aim) for aim in (*_aims(rows, counted), *_lean_aims("warm request", clients, counted))],
    }


def run_pings(runs: int, count: bool, app: App = OURS) -> dict[str, Any]:
    """Measure pings without a hold and requests of an app, in the same environments; JSON-ready."""
    python = runtime_python()
    firsts: list[float] = []
    pings: list[float] = []
    requests: list[float] = []
    with XRaySink() as sink:
        ours = Installed(app, app_folder(app, "valid bytecode", python), python, sink.address)
        with progress("pings", runs) as advance:
            for _ in range(runs):
                with started(ours, FULL) as environment:
                    firsts.append(_ping(environment))
                    pairs = [(_ping(environment), _request(environment)) for _ in range(_SETTLING + REQUESTS_PER_RUN)]
                    sink.take()
                pings += [ping for ping, _ in pairs[_SETTLING:]]
                requests += [request for _, request in pairs[_SETTLING:]]
                advance()
        lean = next(each for each in LEAN if each.managed_name == app.name)
        ours_lean = Installed(lean, app_folder(lean, "valid bytecode", python), python, sink.address)
        clients = _both_clients([ours, ours_lean], runs, _ping)
        sink.take()
        events = {"ping": (ours, _PING), "request": (ours, REQUEST), "ping, lean": (ours_lean, _PING)}
        counted = _instructions(events) if count else {}
    of_pings = {app.name: counted["ping"], lean.name: counted["ping, lean"]} if counted else {}
    return {
        "app": app.name,
        "first_ping_ms": asdict(Spread.of(firsts)),
        "ping_ms": asdict(Spread.of(pings)),
        "request_ms": asdict(Spread.of(requests)),
        "ratio": asdict(Spread.of([ping / request for ping, request in zip(pings, requests, strict=True)])),
        "clients": {name: asdict(both) for name, both in clients.items()},
        "instructions": counted,
        "aims": [asdict(aim) for aim in (_lean_aims("ping", clients, of_pings) if app is OURS else ())],
    }


def _both_clients(measured: Sequence[Installed], runs: int, one: Callable[[Sandbox], float]) -> dict[str, _BothClients]:
    """For each app under the lean client: its invocations beside the same under the managed client."""
    found = {}
    by_name = {each.app.name: each for each in measured}
    for each in measured:
        managed = by_name.get(each.app.managed_name)
        if not each.app.lean or managed is None:
            continue
        times, cpu = [], []
        for _ in range(runs):
            with started(managed, FULL) as theirs, started(each, FULL) as ours:
                for _ in range(_SETTLING):
                    one(ours), one(theirs)
                before = ours.cpu_ms, theirs.cpu_ms
                times += [one(ours) / one(theirs) for _ in range(REQUESTS_PER_RUN)]
                cpu.append((ours.cpu_ms - before[0]) / (theirs.cpu_ms - before[1]))
        found[each.app.name] = _BothClients(Spread.of(times), Spread.of(cpu))
    return found


def _lean_aims(what: str, clients: dict[str, _BothClients], counted: dict[str, int]) -> Iterator[Aim]:
    """Of Pilotlight under the lean client beside Pilotlight under the managed one."""
    if OURS_LEAN.name in clients:
        most = _MOST_LEAN[what]
        both = clients[OURS_LEAN.name]
        yield Aim(f"{what} under the lean client beside the managed one, in time", both.time.median, most)
        yield Aim(f"{what} under the lean client beside the managed one, in CPU time", both.cpu.median, most)
    if {OURS.name, OURS_LEAN.name} <= counted.keys():
        ratio = round(counted[OURS_LEAN.name] / counted[OURS.name], 4)
        yield Aim(f"{what} under the lean client beside the managed one, in instructions", ratio, _MOST_LEAN[what])


def _aims(rows: list[_Warm], counted: dict[str, int]) -> Iterator[Aim]:
    """The wrapped handler's."""
    what = f"warm request of {WRAPPED.title} beside bare"
    for row in rows:
        if row.app == WRAPPED.name:
            yield Aim(f"{what}, in time", row.warm_ratio.median, _MOST_WRAPPED)
            if row.app in counted:
                yield Aim(f"{what}, in instructions", round(counted[row.app] / counted[BARE.name], 4), _MOST_WRAPPED)


def _one_run(bare: Installed, installed: Installed, sink: XRaySink) -> _Run:
    app = installed.app
    with started(bare, FULL) as bare_environment, started(installed, FULL) as environment:
        first, second = _request(environment), _request(environment)
        pairs = [(_request(bare_environment), _request(environment)) for _ in range(_SETTLING + REQUESTS_PER_RUN)]
        record = [-_request(environment, sampled=False) + _request(environment) for _ in range(REQUESTS_PER_RUN)]
        sent, expected = len(sink.take(0.2)), int(app.records) * (2 + _SETTLING + 2 * REQUESTS_PER_RUN)
        if sent != expected:
            raise RuntimeError(f"{app.title} sent {sent} records for {expected} sampled requests")
    theirs, ours = zip(*pairs[_SETTLING:], strict=True)
    return _Run(first, second, list(ours), list(theirs), record)


def _row(app: App, taken: list[_Run]) -> _Warm:
    pairs = [pair for run in taken for pair in zip(run.warm, run.bare, strict=True)]
    return _Warm(
        app.name,
        app.title,
        Spread.of([run.first for run in taken]),
        Spread.of([run.second for run in taken]),
        Spread.of([run.first / run.second for run in taken]),
        Spread.of([mine for mine, _ in pairs]),
        Spread.of([mine / theirs for mine, theirs in pairs]),
        Spread.of([added for run in taken for added in run.record]),
    )


def _request(environment: Sandbox, sampled: bool = True) -> float:
    trace = f"Root=1-00000000-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled={int(sampled)}"
    response = environment.invoke(REQUEST, trace_header=trace)
    if not isinstance(response.payload, dict) or response.payload.get("statusCode") != 200:
        raise RuntimeError(f"the response is not a 200: {response}; the log:\n{environment.logs()}")
    return response.duration_ms


def _instructions(events: dict[str, tuple[Installed, bytes]]) -> dict[str, int]:
    """Count the instructions of each event to a warm environment; empty where valgrind is not installed."""
    if not instructions.has_valgrind():
        return {}
    counted = {}
    with progress("instructions", len(events)) as advance:
        for name, (installed, event) in events.items():
            counted[name] = instructions.per_request(installed, event)
            advance()
    return counted


def _ping(environment: Sandbox) -> float:
    reply = environment.invoke(_PING)
    if not isinstance(reply.payload, dict) or "pilotlight" not in reply.payload:
        raise RuntimeError(f"this is not the reply to a ping: {reply}")
    return reply.duration_ms
