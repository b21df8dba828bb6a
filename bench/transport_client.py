"""The measured side of `bench fanout`, a process of its own: ticks of pings through one client, timed from inside.

Run as `python -m bench.transport_client CLIENT PINGS`, with the stub's AWS_ENDPOINT_URL. A line on stdin starts a tick;
the line `new` closes the connections first, as 5 minutes without a tick do. The result is a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

_FUNCTION = "pilotlight-bench-api"
_BOTO3_THREADS = 50
"""boto3's own pool has 10 connections; with more than 50 threads it gets slower."""


def main() -> None:
    """Serve stdin until it ends."""
    client, pings = sys.argv[1], int(sys.argv[2])
    events = [
        json.dumps({"pilotlight": {"ping": "bench", "index": each, "of": pings}}).encode() for each in range(pings)
    ]
    tick, forget = {"pilotlight": _pilotlight, "boto3": _boto3}[client](events)
    print(json.dumps({"init_cpu_ms": time.process_time() * 1000}), flush=True)
    for line in sys.stdin:
        if line.strip() == "new":
            forget()
        wall, cpu = time.perf_counter(), time.process_time()
        succeeded = tick()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"succeeded": succeeded, "wall_ms": wall * 1000, "cpu_ms": cpu * 1000}), flush=True)


def _pilotlight(events: list[bytes]) -> tuple[Callable[[], int], Callable[[], None]]:
    from pilotlight.warming.fanout import FanOut

    fan_out = FanOut(boto3.Session())

    def tick() -> int:
        return sum(reply.outcome == "succeeded" for reply in fan_out.invoke(_FUNCTION, events, 30))

    return tick, fan_out.close


def _boto3(events: list[bytes]) -> tuple[Callable[[], int], Callable[[], None]]:
    client = boto3.client("lambda", config=Config(max_pool_connections=_BOTO3_THREADS))
    threads = ThreadPoolExecutor(_BOTO3_THREADS)

    def invoke(event: bytes) -> bool:
        return "pilotlight" in json.loads(client.invoke(FunctionName=_FUNCTION, Payload=event)["Payload"].read())

    return lambda: sum(threads.map(invoke, events)), client.close


if __name__ == "__main__":
    main()
