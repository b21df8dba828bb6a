"""`npm run demo`: compare cold with warm requests once, on free ports of this machine.

It sends the same requests twice: first to a service without any execution environment, then after one tick of the
warmer. For the tick it invokes the warmer with the event that the schedule sends. The schedule is switched off
meanwhile, because a tick during a measurement would distort it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from rich.table import Table

from pilotlight_tools.latency import tables
from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.open_reader import open_reader
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.deploy_tool import DeployToolError
from pilotlight_tools.local.findings import Burst, Findings, as_document, times_of
from pilotlight_tools.local.history import History
from pilotlight_tools.local.service import Service
from pilotlight_tools.local.witness import contradictions, environments_started
from pilotlight_tools.terminal import Progress, printable, results, show_table

_CONCURRENCIES = (1, 2, 5, 10)
_LEAST_IMPORTANT_FIRST = ("\ncount", *(f"{state}\n{column}" for column in ("max", "p95") for state in ("cold", "warm")))
_REQUEST_SECONDS = 60.0


def demo(*, project: Path, concurrency: int, path: str, as_json: bool) -> int:
    """Run the demonstration with `concurrency` execution environments kept warm; return the exit code."""
    with Progress() as progress:
        findings, report = measure(project, concurrency, path, progress)
    if as_json:
        print(json.dumps(as_document(findings), indent=2))
    else:
        _show(findings)
        results().print("\nThe same requests, read back from X-Ray as `npm run latency` does:")
        tables.show(report, results())
    shortfalls = findings.shortfalls()
    for shortfall in shortfalls:
        print(f"error: {shortfall}", file=sys.stderr)
    return 1 if shortfalls else 0


def measure(project: Path, concurrency: int, path: str, progress: Progress) -> tuple[Findings, Report]:
    """Send the requests, tick, send them again, and read the records back from X-Ray."""
    began = time.time()
    levels = sorted({level for level in _CONCURRENCIES if level <= concurrency} | {concurrency})
    history = History()
    with Service(
        project=project, parameters={"concurrency": concurrency}, progress=progress, on_pair=history.add
    ) as service:
        service.stage.stop_schedule()
        if "api" not in service.stage.functions:
            raise DeployToolError(
                "the demo sends its requests to a function with the key `api`: serverless.yml has none"
            )
        cold = []
        for level in levels:
            progress("Sending requests to the cold service", f"{level} at once")
            service.stage.end_environments("api")
            cold.append(_send(service, history, path, level))
        progress("Ticking", f"the warmer pings {concurrency} environments")
        service.stage.end_environments("api")
        tick = service.stage.tick()
        warm = []
        for level in levels:
            progress("Sending the same requests to the warmed service", f"{level} at once")
            warm.append(_send(service, history, path, level))
        progress("Reading the records back from X-Ray", "")
        service.xray.flush(settle=True)
        report = _read_back(service, began)
    wrong = contradictions(history.records("request", "ping"))
    return Findings(cold, warm, tick, report.requests, len(wrong)), report


def get(url: str) -> None:
    """Send one GET request on its own connection and read the whole response; do not follow a redirect."""
    with requests.Session() as session:
        session.trust_env = False  # a local request must not pass the developer's proxy
        session.get(url, timeout=_REQUEST_SECONDS, allow_redirects=False)


def _send(service: Service, history: History, path: str, count: int) -> Burst:
    """Send `count` requests at once, and wait until each is paired with its record."""
    function, engine = service.stage.functions["api"], service.stage.engine
    before, started = len(history.exchanged()), environments_started(engine, function)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(get, [service.url + path] * count))
    pairs = history.exchanged_from(before, count)
    return Burst(count, pairs, environments_started(engine, function) - started)


def _read_back(service: Service, began: float) -> Report:
    """Return the report of everything that X-Ray and the access log have of this demonstration."""
    service.access_log.flush()
    reader = open_reader(service.deployment)
    return make_report(reader, TimeRange(began, time.time() + 1), stage=service.stage.name, region=None, most=2000)


def _show(findings: Findings) -> None:
    """Print the table of cold and warm requests, the request that was sent, and the tick's result."""
    console, tick = results(), findings.tick
    show_table(console, _table(findings), _LEAST_IMPORTANT_FIRST)
    console.print(_request_line(findings), markup=False)
    console.print(
        f"The tick proved {tick['unique']} of {tick['requested']} execution environments warm "
        f"(coverage {100 * tick['coverage']:.0f} %): {tick['cold']} cold starts taken by its "
        f"{tick['invocations']} pings in {tick['rounds']} rounds, {tick['failed']} failed, "
        f"{tick['throttled']} throttled, {tick['billed_ms']:,} ms billed."
    )


def _request_line(findings: Findings) -> str:
    """Name the request and the statuses of its responses, because a fast 404 may not be what the user meant."""
    exchanges = [exchange for burst in (*findings.cold, *findings.warm) for exchange in burst.exchanges]
    statuses = ", ".join(map(str, sorted({exchange.status for exchange in exchanges})))
    return f"Every request was {exchanges[0].method} {printable(exchanges[0].target)}; its status was {statuses}."


def _table(findings: Findings) -> Table:
    table = Table(title="Response times in milliseconds at the front door: cold, and after the tick")
    table.add_column("at\nonce", justify="right")
    table.add_column("\ncount", justify="right")
    for state in ("cold", "warm"):
        for column in ("p50", "p95", "max", "cold starts"):
            table.add_column(f"{state}\n{column}", justify="right", no_wrap=True)
    for before, after in zip(findings.cold, findings.warm, strict=True):
        table.add_row(str(before.concurrency), str(len(before.exchanges)), *_cells([before]), *_cells([after]))
    count = sum(len(burst.exchanges) for burst in findings.cold)
    table.add_section()
    table.add_row("all", str(count), *_cells(findings.cold), *_cells(findings.warm), style="bold")
    return table


def _cells(bursts: Sequence[Burst]) -> list[str]:
    """Format the cells for one state of the service."""
    times = times_of(bursts)
    cold = sum(burst.starts.count("cold") for burst in bursts)
    p95 = "-" if times.p95 is None else f"{times.p95:,.0f}"
    return [f"{times.p50:,.0f}", p95, f"{times.max:,.0f}", str(cold)]
