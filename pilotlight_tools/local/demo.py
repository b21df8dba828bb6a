"""`npm run demo`: what the warmer is worth, shown once from beginning to end on free ports of this machine.

The same requests twice, first to a service without a single execution environment, then after one tick of the warmer.
The tick is the warmer invoked with the event its schedule sends; the schedule itself is switched off meanwhile, for a
tick between two measurements would belong to neither.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from rich.table import Table

from pilotlight_tools.latency import tables
from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.statistics import Distribution, distribution
from pilotlight_tools.latency.time_range import Window
from pilotlight_tools.local.engine import REGION
from pilotlight_tools.local.front_door import Exchange
from pilotlight_tools.local.records import Records
from pilotlight_tools.local.service import Service
from pilotlight_tools.local.witness import environments_started, misclassified
from pilotlight_tools.terminal import Progress, answers

CONCURRENCIES = (1, 2, 5, 10)
PATH = "/hello?name=marie&env=prod"
REQUEST_SECONDS = 60.0
TICK_KEYS = ("requested", "unique", "cold", "failed", "throttled", "rounds", "invocations", "hold_ms", "billed_ms")


@dataclass(frozen=True)
class Burst:
    """Requests sent at once: how many, and the exchange of each with the start type its record names ("" without).

    `started` is how many execution environments the engine says it started meanwhile.
    """

    concurrency: int
    exchanges: list[Exchange]
    starts: list[str]
    started: int

    @property
    def milliseconds(self) -> list[float]:
        """The response times, as the front door measured them."""
        return [exchange.milliseconds for exchange in self.exchanges]


@dataclass(frozen=True)
class Findings:
    """What a demonstration found; `tick` is the warmer's own result, `found` the requests read back from X-Ray.

    `untrue` counts the records that contradict one another.
    """

    cold: list[Burst]
    warm: list[Burst]
    tick: dict[str, Any]
    found: int
    untrue: int

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return sum(len(burst.exchanges) for burst in (*self.cold, *self.warm))

    @property
    def misclassified(self) -> int:
        """How many records are untrue: they contradict one another, or what the engine says that it started."""
        bursts = (*self.cold, *self.warm)
        return self.untrue + sum(abs(burst.starts.count("cold") - burst.started) for burst in bursts)

    def shortfalls(self) -> list[str]:
        """Why the warm-up has not proved itself; empty when it has."""
        tick, found = self.tick, []
        if tick["coverage"] < 1 or tick["failed"] or tick["throttled"]:
            causes = "; ".join(cause for target in tick.get("targets", []) for cause in target.get("causes", []))
            found.append(
                f"the tick covered {tick['unique']} of {tick['requested']} environments, with {tick['failed']} pings "
                f"failed and {tick['throttled']} throttled: {causes or 'no cause given'}"
            )
        starts = [start for burst in self.warm for start in burst.starts]
        if starts.count("cold"):
            found.append(f"{starts.count('cold')} of {len(starts)} requests after the tick met a cold start")
        for name, bursts in (("before", self.cold), ("after", self.warm)):
            if lost := sum(burst.starts.count("") for burst in bursts):
                found.append(f"{lost} requests {name} the tick left no record, so their start is not known")
            refused = sorted({exchange.status for burst in bursts for exchange in burst.exchanges} - {200})
            if refused:
                found.append(f"requests {name} the tick were answered with status {refused}")
        if self.found != self.sent:
            found.append(f"X-Ray has records of {self.found} requests, and {self.sent} were sent")
        if self.misclassified:
            found.append(f"{self.misclassified} records tell another start than the engine's")
        return found


def demo(*, project: Path, concurrency: int, as_json: bool) -> int:
    """Run the demonstration with the warmer keeping `concurrency` environments; return the exit code."""
    with Progress() as progress:
        findings, report = find_out(project, concurrency, progress)
    if as_json:
        print(json.dumps(as_document(findings), indent=2))
    else:
        show(findings)
        answers().print("\nThe same, read back from X-Ray as `npm run latency` does:")
        tables.show(report, answers())
    shortfalls = findings.shortfalls()
    for shortfall in shortfalls:
        print(f"error: {shortfall}", file=sys.stderr)
    return 1 if shortfalls else 0


def find_out(project: Path, concurrency: int, progress: Progress) -> tuple[Findings, Report]:
    """Send the requests, tick, send them again, and read the records back from X-Ray."""
    began = time.time()
    levels = sorted({level for level in CONCURRENCIES if level <= concurrency} | {concurrency})
    records = Records()
    with Service(
        project=project,
        parameters={"concurrency": concurrency},
        progress=progress,
        on_exchange=records.exchange,
        on_document=records.document,
    ) as service:
        service.stack.stop_schedule()
        cold = []
        for level in levels:
            progress("Sending requests to the cold service", f"{level} at once")
            service.stack.end_environments("api")
            cold.append(send(service, records, level))
        progress("Ticking", f"the warmer pings {concurrency} environments")
        service.stack.end_environments("api")
        tick = service.stack.tick()
        warm = []
        for level in levels:
            progress("Sending the same requests to the warmed service", f"{level} at once")
            warm.append(send(service, records, level))
        progress("Reading the records back from X-Ray", "")
        service.xray.flush(settle=True)
        report = read_back(service, began)
        untrue = misclassified([*records.of_kind("request"), *records.of_kind("warmup")])
    return Findings(cold, warm, tick, report.requests, len(untrue)), report


def read_back(service: Service, began: float) -> Report:
    """The report of all that X-Ray has of this demonstration."""
    reader = Reader(xray_client(REGION, service.xray.endpoint_url, local=True), service.name, service.stage)
    return make_report(reader, Window(began, time.time() + 1), stage=service.stage, region=None, most=2000)


def send(service: Service, records: Records, count: int) -> Burst:
    """Send `count` requests at once and wait for their answers and records."""

    def get(_: int) -> str:
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the developer's between two ends of one machine
            return session.get(service.url + PATH, timeout=REQUEST_SECONDS).headers.get("X-Request-Id", "")

    function, engine = service.stack.functions["api"], service.stack.engine
    before, started = len(records.exchanges), environments_started(engine, function)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(get, range(count)))
    exchanges = records.exchanges_from(before, count)
    service.xray.flush()
    starts = [records.start_of(exchange.request_id) for exchange in exchanges]
    return Burst(count, exchanges, starts, environments_started(engine, function) - started)


def as_document(findings: Findings) -> dict[str, Any]:
    """What `--json` prints: milliseconds, counts, and the tick's own result."""
    return {
        "cold": summary(findings.cold),
        "warm": summary(findings.warm),
        "tick": {key: findings.tick[key] for key in (*TICK_KEYS, "coverage")},
        "records": {
            "requests_sent": findings.sent,
            "records_found": findings.found,
            "misclassified": findings.misclassified,
        },
    }


def summary(bursts: Sequence[Burst]) -> dict[str, float | int]:
    """The response times of all requests in `bursts`, in milliseconds."""
    times = times_of(bursts)
    return {
        "count": times.count,
        "p50_ms": round(times.p50, 1),
        "p95_ms": round(times.p95, 1),
        "max_ms": round(times.max, 1),
    }


def times_of(bursts: Sequence[Burst]) -> Distribution:
    """The distribution of the response times in `bursts`."""
    times = distribution([each for burst in bursts for each in burst.milliseconds])
    if times is None:
        raise ValueError("no request was answered")
    return times


def show(findings: Findings) -> None:
    """Print cold beside warm as a table, and what the tick proved."""
    table = Table(title="Response times in milliseconds at the front door: cold, and after the tick")
    table.add_column("at\nonce", justify="right")
    table.add_column("\ncount", justify="right")
    for state in ("cold", "warm"):
        for column in ("p50", "p95", "max", "cold starts"):
            table.add_column(f"{state}\n{column}", justify="right")
    for before, after in zip(findings.cold, findings.warm, strict=True):
        table.add_row(str(before.concurrency), str(len(before.exchanges)), *cells([before]), *cells([after]))
    count = sum(len(burst.exchanges) for burst in findings.cold)
    table.add_section()
    table.add_row("all", str(count), *cells(findings.cold), *cells(findings.warm), style="bold")
    console = answers()
    console.print(table)
    tick = findings.tick
    console.print(
        f"The tick proved {tick['unique']} of {tick['requested']} execution environments warm "
        f"(coverage {100 * tick['coverage']:.0f} %): {tick['cold']} cold starts taken by its "
        f"{tick['invocations']} pings in {tick['rounds']} rounds, {tick['failed']} failed, "
        f"{tick['throttled']} throttled, {tick['billed_ms']:,} ms billed.\n"
        "About 50 ms of every response time are the local engine's own."
    )


def cells(bursts: Sequence[Burst]) -> list[str]:
    """The cells for one state of the service."""
    times = times_of(bursts)
    cold = sum(burst.starts.count("cold") for burst in bursts)
    return [f"{times.p50:,.0f}", f"{times.p95:,.0f}", f"{times.max:,.0f}", str(cold)]
