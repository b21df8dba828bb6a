"""`npm run demo`: what the warmer is worth, shown once from beginning to end on free ports of this machine.

The same requests twice, first to a service without a single execution environment, then after one tick of the warmer.
The tick is the warmer invoked with the event its schedule sends; the schedule itself is switched off meanwhile, for a
tick between two measurements would belong to neither.
"""

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests
from rich.table import Table

from latency.statistics import Distribution, distribution
from local.front_door import Exchange
from local.records import Records
from local.service import Service
from local.terminal import Progress, answers

CONCURRENCIES = (1, 2, 5, 10)
PATH = "/hello?name=marie&env=prod"
REQUEST_SECONDS = 60.0
TICK_KEYS = ("requested", "unique", "cold", "failed", "throttled", "rounds", "invocations", "hold_ms", "billed_ms")


@dataclass(frozen=True)
class Burst:
    """Requests sent at once: how many, and the exchange of each with the start type its record names ("" without)."""

    concurrency: int
    exchanges: list[Exchange]
    starts: list[str]

    @property
    def milliseconds(self) -> list[float]:
        """The response times, as the front door measured them."""
        return [exchange.milliseconds for exchange in self.exchanges]


@dataclass(frozen=True)
class Findings:
    """What a demonstration found; `tick` is the warmer's own result."""

    cold: list[Burst]
    warm: list[Burst]
    tick: dict[str, Any]

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
        return found


def demo(*, concurrency: int, as_json: bool) -> int:
    """Run the demonstration with the warmer keeping `concurrency` environments; return the exit code."""
    with Progress() as progress:
        findings = find_out(concurrency, progress)
    if as_json:
        print(json.dumps(as_document(findings), indent=2))
    else:
        show(findings)
    shortfalls = findings.shortfalls()
    for shortfall in shortfalls:
        print(f"error: {shortfall}", file=sys.stderr)
    return 1 if shortfalls else 0


def find_out(concurrency: int, progress: Progress) -> Findings:
    """Send the requests, tick, and send them again."""
    levels = sorted({level for level in CONCURRENCIES if level <= concurrency} | {concurrency})
    records = Records()
    with Service(
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
    return Findings(cold, warm, tick)


def send(service: Service, records: Records, count: int) -> Burst:
    """Send `count` requests at once and wait for their answers and records."""

    def get(_: int) -> str:
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the developer's between two ends of one machine
            return session.get(service.url + PATH, timeout=REQUEST_SECONDS).headers.get("X-Request-Id", "")

    before = len(records.exchanges)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(get, range(count)))
    service.xray.flush()
    exchanges = records.exchanges[before:]
    starts = [records.start_of(exchange.request_id) for exchange in exchanges]
    return Burst(count, exchanges, starts)


def as_document(findings: Findings) -> dict[str, Any]:
    """What `--json` prints: milliseconds, counts, and the tick's own result."""
    return {
        "cold": summary(findings.cold),
        "warm": summary(findings.warm),
        "tick": {key: findings.tick[key] for key in (*TICK_KEYS, "coverage")},
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
