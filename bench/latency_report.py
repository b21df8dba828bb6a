"""How long the report takes over many traces in the local X-Ray, and how much memory: `python -m bench.latency_report`.

The traces are made and sent as they would be by the handler: each request's record by UDP, its AWS segments from a
front door's measurement. Then `latency` reads all of them back by boto3, every one closely.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from typing import Any

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

HOURS = 6
TICK_SECONDS = 300
FLUSH_EVERY = 100


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.latency_report", description=__doc__)
    parser.add_argument("--traces", type=int, default=10_000, help="user requests (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--html", help="also have the page written there")
    options = parser.parse_args(arguments)
    with XRay(service=SERVICE, stage=STAGE) as xray:
        filling = fill(xray, options.traces)
        figures = {"traces": options.traces, "fill_seconds": round(filling, 2)} | measure(xray, options)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:>28}  {value}")
    return 0


def fill(xray: XRay, requests: int, *, hours: float = HOURS, now: float | None = None) -> float:
    """Send this many user requests and a tick every five minutes, spread over the last hours; the seconds it took."""
    began = time.monotonic()
    end = (now or time.time()) - 5
    records = RecordMaker()
    chance = random.Random(1)  # noqa: S311
    for index in range(requests):
        at = end - hours * 3600 * (1 - index / requests)
        cold = chance.random() < 0.02
        seconds = chance.lognormvariate(-4.2, 0.5)
        init_ms = chance.lognormvariate(5.4, 0.25) if cold else None
        record = records.request(
            at,
            start="cold" if cold else "proactive" if chance.random() < 0.002 else "warm",
            seconds=seconds,
            init_ms=init_ms,
            environment=f"e{chance.randrange(40)}",
            warmed_by_ping=not cold and chance.random() < 0.7,
            status=500 if chance.random() < 0.002 else 200,
        )
        waited = 0.012 + (init_ms or 0) / 1000 + chance.random() * 0.01
        status = record["annotations"]["status"]
        url = "http://localhost/test/hello"
        xray.measured(Exchange(at - waited, at + seconds, "GET", url, status, record["aws"]["request_id"]))
        send(xray.daemon_address, [datagram(record)])
        if index % FLUSH_EVERY == 0:
            xray.flush()
    for tick in range(int(hours * 3600 / TICK_SECONDS)):
        unique = 5 if chance.random() < 0.9 else 4
        made = records.tick(end - tick * TICK_SECONDS, requested=5, unique=unique, cold=chance.randrange(2))
        send(xray.daemon_address, map(datagram, made))
        xray.flush()
    xray.flush(settle=True)
    return time.monotonic() - began


def measure(xray: XRay, options: argparse.Namespace) -> dict[str, Any]:
    """Run the command in a process of its own, and see what it took."""
    command = [
        sys.executable,
        "-m",
        "pilotlight_tools.latency",
        "--stage",
        STAGE,
        "--service",
        SERVICE.removesuffix(f"-{STAGE}"),
    ]
    command += [
        "--last",
        "7h",
        "--most",
        str(options.traces),
        "--json",
        *(["--html", options.html] if options.html else []),
    ]
    credentials = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    began = time.monotonic()
    result = subprocess.run(
        command, env=credentials | {"AWS_ENDPOINT_URL_XRAY": xray.endpoint_url}, stdout=subprocess.PIPE, check=True
    )
    seconds = time.monotonic() - began
    report = json.loads(result.stdout)
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "report_seconds": round(seconds, 2),
        "report_memory_mb": round(kilobytes / 1024),
        "requests_in_report": report["requests"],
        "measured_in_report": report["measured"],
        "ticks_in_report": report["pings"]["ticks"],
        "store": xray.counts(),
    }


if __name__ == "__main__":
    sys.exit(main())
