"""The local stack under a steady load: every request answered, every answer recorded, and memory that stays flat.

`npm start`'s own command runs in a process of its own, and so do its engine and execution environments. The clients are
here: each sends its next request when it has the response to its last one.
"""

from __future__ import annotations

import asyncio
import math
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import NO_RECORD, Report
from pilotlight_tools.latency.running import RunningService, find_all
from pilotlight_tools.latency.statistics import distribution
from pilotlight_tools.latency.time_range import TimeRange

_START_SECONDS, _STOP_SECONDS, _SETTLE_SECONDS = 120.0, 30.0, 60.0
_WARM_UP_REQUESTS = 10
"""Of each client: environments start, caches fill, and what the memory grows by meanwhile is no leak."""
_SAMPLES = 5
_PATH = "/hello"
_UNLIMITED = 1_000_000


@dataclass
class _Load:
    """What the clients met, and the memory of each process in MB, at equal distances."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0


def run(clients: int, seconds: float, requests_per_second: int | None) -> dict[str, object]:
    """Start the stack, put the load on it, and read the records back. Raises RuntimeError when it does not start."""
    began = time.time()
    with _started(requests_per_second or _UNLIMITED) as stack:
        load = asyncio.run(_put_on(stack.running.api_url, stack.process.pid, clients, seconds))
        report = _settled(stack, began, load)
        notices = stack.notices()
    times = distribution(load.milliseconds)
    return {
        "clients": clients,
        "seconds": seconds,
        "answered": load.statuses.total(),
        "statuses": {str(status): count for status, count in sorted(load.statuses.items())},
        "without_response": dict(load.failures),
        "records_found": report.requests - _without_record(report),
        "without_record": _without_record(report),
        "requests_per_second": round(len(load.milliseconds) / load.seconds, 1),
        "p50_ms": times and round(times.p50, 1),
        "p99_ms": times and times.p99 and round(times.p99, 1),
        "engine_p50_ms": report.engine and round(report.engine.p50, 1),
        "memory_mb": load.memory,
        "notices": notices,
        "notes": report.notes,
    }


@dataclass
class _Stack:
    process: subprocess.Popen[bytes]
    log: Path
    running: RunningService = field(init=False)

    def notices(self) -> list[str]:
        return [line for line in self.log.read_text(errors="replace").splitlines() if line.startswith("notice: ")]


@contextmanager
def _started(requests_per_second: int) -> Iterator[_Stack]:
    parameters = {"requestsPerSecond": requests_per_second, "burst": 2 * requests_per_second}
    options = [part for name, value in parameters.items() for part in ("--param", f"{name}={value}")]
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "pilotlight_tools.local", "start", "--port", "0", *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _wait_for(_Stack(process, log))
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _wait_for(stack: _Stack) -> _Stack:
    deadline = time.monotonic() + _START_SECONDS
    while not (found := re.search(r"API +(http\S+)", stack.log.read_text(errors="replace"))):
        if stack.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the local stack did not start:\n{stack.log.read_text(errors='replace')}")
        time.sleep(0.1)
    stack.running = next(each for each in find_all() if each.api_url == found[1])
    return stack


async def _put_on(url: str, process: int, clients: int, seconds: float) -> _Load:
    load = _Load()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(_client(session, url + _PATH, load, most=_WARM_UP_REQUESTS) for _ in range(clients)))
        load.milliseconds.clear()
        began = time.monotonic()
        until = began + seconds
        await asyncio.gather(
            *(_client(session, url + _PATH, load, until=until) for _ in range(clients)), _watch(process, seconds, load)
        )
        load.seconds = time.monotonic() - began
    return load


async def _client(
    session: aiohttp.ClientSession, url: str, load: _Load, *, most: int = sys.maxsize, until: float = math.inf
) -> None:
    for _ in range(most):
        if time.monotonic() >= until:
            return
        sent = time.perf_counter()
        try:
            async with session.get(url) as response:
                await response.read()
        except (aiohttp.ClientError, OSError) as error:
            load.failures[type(error).__name__] += 1
            continue
        load.statuses[response.status] += 1
        load.milliseconds.append((time.perf_counter() - sent) * 1000)


async def _watch(process: int, seconds: float, load: _Load) -> None:
    for sample in range(_SAMPLES):
        for name, megabytes in (await asyncio.to_thread(_memory, process)).items():
            load.memory.setdefault(name, []).append(megabytes)
        if sample < _SAMPLES - 1:
            await asyncio.sleep(seconds / (_SAMPLES - 1))


def _memory(command: int) -> dict[str, float]:
    """The resident memory of the command, its supervisor, its engine, and the largest execution environment."""
    listing = subprocess.run(["ps", "-Ao", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [[int(each) for each in line.split()] for line in listing.splitlines()]
    names, found = {command: "command"}, dict[str, float]()
    below = {"command": "supervisor", "supervisor": "engine", "engine": "largest environment"}
    for _ in below:
        names |= {pid: below[names[parent]] for pid, parent, _ in rows if names.get(parent) in below}
    for pid, _, kilobytes in rows:
        if name := names.get(pid):
            found[name] = max(found.get(name, 0.0), round(kilobytes / 1024, 1))
    return found


def _settled(stack: _Stack, began: float, load: _Load) -> Report:
    """The report once every record is in it, or as it is after a minute."""
    running = stack.running
    reader = Reader(xray_client("us-east-1", running.xray_endpoint, local=True), running.service, running.stage)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        report = make_report(reader, TimeRange(began, time.time() + 1), stage=running.stage, region=None, most=2000)
        if report.requests >= load.statuses.total() or time.monotonic() > deadline:
            return report
        time.sleep(1)


def _without_record(report: Report) -> int:
    return report.starts[NO_RECORD].count if NO_RECORD in report.starts else 0


def shortfalls(result: dict[str, Any]) -> list[str]:
    """What the stack did not hold; empty when it did."""
    found = [f"{count} requests got no response: {why}" for why, count in result["without_response"].items()]
    answered = result["answered"] - result["statuses"].get("429", 0)
    if result["records_found"] != answered:
        found.append(f"{answered} requests reached the function, and {result['records_found']} records were found")
    return found
