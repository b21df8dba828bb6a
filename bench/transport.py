"""Fan-out: pings through the warmer's own transport and through boto3, against a stub of the Invoke API."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.apps import ROOT
from bench.cpu_quota import cpu_quota
from bench.modes import Mode, measurable
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.certificate import write_certificate
from pilotlight_tools.local.runtime.python import runtime_python

_HOLD_MS = 50
_CLIENTS = ("pilotlight", "boto3")
_MODES = [
    Mode("full", "one core"),
    Mode("1024", "1024 MB", 1024, 1024),
    Mode("512", "512 MB", 512, 512),
    Mode("128", "128 MB", 128, 128),
]
CONNECTIONS = {
    "kept": "plain HTTP, connections kept from one fan-out to the next",
    "new": "TLS, new connections in each tick: as with a tick every 5 minutes on AWS",
}


def run(pings: int, ticks: int) -> dict[str, Any]:
    """Measure every client, mode and kind of connection; JSON-ready. Raises RuntimeError when a ping gets no reply."""
    modes, left_out = measurable(_MODES)
    rows = []
    with ExitStack() as stack, progress("fan-outs", len(CONNECTIONS) * len(modes) * len(_CLIENTS)) as advance:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotlight-bench-")))
        certificate = write_certificate(scratch / "certificate.pem")
        for connections in CONNECTIONS:
            tls = certificate if connections == "new" else None
            for mode in modes:
                for client in _CLIENTS:
                    rows.append(_measure(_FanOut(client, pings, mode, connections, tls), ticks))
                    advance()
    return {"hold_ms": _HOLD_MS, "pings": pings, "fan_outs": rows, "modes_left_out": left_out}


@dataclass(frozen=True, slots=True)
class _FanOut:
    """What is measured: this many pings through a client, with a mode's CPU, over one kind of connection."""

    client: str
    pings: int
    mode: Mode
    connections: str
    certificate: Path | None


def _measure(fan_out: _FanOut, ticks: int) -> dict[str, Any]:
    with _stub(fan_out.certificate) as stub, _client(fan_out, stub.url) as (process, init_cpu_ms):
        taken = []
        for _ in range(ticks + 1):
            stub.ask("POST", "/reset")
            tick = _tick(process, fan_out.connections)
            if tick["succeeded"] != fan_out.pings:
                raise RuntimeError(f"{fan_out.client}: only {tick['succeeded']} of {fan_out.pings} pings got a reply")
            taken.append(tick | stub.ask("GET", "/counts"))
    first, *steady = taken
    return {
        "client": fan_out.client,
        "mode": fan_out.mode.name,
        "connections": fan_out.connections,
        "init_cpu_ms": round(init_cpu_ms, 1),
        "first_tick": {name: first[name] for name in ("wall_ms", "max_in_flight", "spread_ms")},
        "in_flight_at_once": min(tick["max_in_flight"] for tick in steady),
        "spread_ms": asdict(Spread.of([tick["spread_ms"] for tick in steady])),
        "wall_ms": asdict(Spread.of([tick["wall_ms"] for tick in steady])),
        "wall_to_hold": asdict(Spread.of([tick["wall_ms"] / _HOLD_MS for tick in steady])),
        "cpu_ms_per_ping": asdict(Spread.of([tick["cpu_ms"] / fan_out.pings for tick in steady])),
    }


class _Stub:
    """A client of the stub's process, on a connection that the stub does not count."""

    def __init__(self, port: int, certificate: Path | None) -> None:
        self.url = f"{'https' if certificate else 'http'}://localhost:{port}"
        context = ssl.create_default_context(cafile=certificate) if certificate else None
        self._connection = (
            http.client.HTTPSConnection("localhost", port, context=context)
            if context
            else http.client.HTTPConnection("localhost", port)
        )

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str) -> dict[str, Any]:
        self._connection.request(method, path)
        content: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return content


@contextmanager
def _stub(certificate: Path | None) -> Iterator[_Stub]:
    command = [*_on_core(1), sys.executable, "-m", "bench.invoke_stub", "--hold-ms", str(_HOLD_MS)]
    command += ["--certificate", str(certificate)] if certificate else []
    with _process(command, {}) as process:
        stub = _Stub(_line(process)["port"], certificate)
        try:
            yield stub
        finally:
            stub.close()


@contextmanager
def _client(fan_out: _FanOut, url: str) -> Iterator[tuple[subprocess.Popen[str], float]]:
    variables = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if fan_out.certificate:
        variables["AWS_CA_BUNDLE"] = str(fan_out.certificate)
    command = [*_on_core(0), str(runtime_python()), "-m", "bench.transport_client"]
    command += [fan_out.client, str(fan_out.pings)]
    with ExitStack() as stack:
        process = stack.enter_context(_process(command, variables))
        init_cpu_ms = _line(process)["init_cpu_ms"]  # Lambda's init has CPU to spare: the quota begins after it
        if fan_out.mode.after_mb:
            stack.enter_context(cpu_quota(fan_out.mode.after_mb)).add(process.pid)
        yield process, init_cpu_ms
        process.kill()  # before its quota group is removed
        process.wait()


@contextmanager
def _process(command: list[str], variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "PYTHONPATH": str(ROOT), **variables}
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _tick(process: subprocess.Popen[str], connections: str) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101 (a pipe, see _process)
    process.stdin.write(connections + "\n")
    process.stdin.flush()
    return _line(process)


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 (a pipe, see _process)
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{' '.join(map(str, process.args))} ended early: its error is above")  # type: ignore[arg-type]
    content: dict[str, Any] = json.loads(line)
    return content


def _on_core(number: int) -> list[str]:
    """Pin a process to a core, where the machine allows it: one for the stub, another for what is measured."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return ["taskset", "-c", str(cores[number])] if len(cores) > number and shutil.which("taskset") else []
