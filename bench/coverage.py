"""Coverage: how many distinct execution environments each warmer really reaches, all on the same pool."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from bench.apps import OURS, PEERS, ROOT
from bench.cpu_quota import unavailable
from bench.install import app_folder, node_folder
from bench.pool import ROUTING
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

_SETTLING_TICKS = 3
"""Ticks before the measured ones, in which the pool fills and adaptive warmers adapt."""
_BETWEEN_TICKS_SECONDS = 0.3
_FUNCTION_MB = 512
"""The API's memory in serverless.yml."""
_WARMER_MB = 1024
"""The warmer's memory in serverless.yml."""
_PLUGIN_MB = 128
"""The default memory of serverless-plugin-warmup's warmer."""


@dataclass(frozen=True, slots=True)
class Warmer:
    """A warmer: its title, the functions of its pool for N environments, and the invocation that starts a tick."""

    name: str
    title: str
    functions: Callable[[int, str], dict[str, Any]]
    ticked: str
    event: Callable[[int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Settings of the pool: the most environments, which idle one is next, mean delay of an invocation, show logs."""

    limit: int = 250
    routing: str = ROUTING[0]
    landing_ms: float = 10.0
    verbose: bool = False


def run(names: list[str], sizes: list[int], ticks: int, settings: PoolSettings) -> dict[str, Any]:
    """Measure; JSON-ready. Raises RuntimeError when a warmer's tick fails."""
    chosen = [warmer for warmer in WARMERS if warmer.name in names]
    rows = []
    with XRaySink() as sink, progress("ticks", len(chosen) * len(sizes) * (_SETTLING_TICKS + ticks)) as advance:
        for size in sizes:
            for warmer in chosen:
                with pool_of(warmer.functions(size, sink.address), settings) as pool:
                    taken = []
                    for number in range(_SETTLING_TICKS + ticks):
                        tick = _tick(pool, warmer, size)
                        if number >= _SETTLING_TICKS:
                            taken.append(tick)
                        advance()
                rows.append(_row(warmer, size, taken))
                sink.take()
    return {
        "routing": settings.routing,
        "landing_ms": settings.landing_ms,
        "quotas_left_out": unavailable(),
        "ticks": ticks,
        "coverage": rows,
    }


def _row(warmer: Warmer, size: int, taken: list[dict[str, float]]) -> dict[str, Any]:
    spreads = {
        name: asdict(Spread.of([tick[name] for tick in taken]))
        for name in ("unique", "invocations", "billed_ms", "warmer_billed_ms", "wall_ms", "environments")
    }
    return {"warmer": warmer.name, "title": warmer.title, "concurrency": size, **spreads}


def _tick(pool: http.client.HTTPConnection, warmer: Warmer, size: int) -> dict[str, float]:
    _call(pool, "POST", "/pool/reset")
    began = perf_counter()
    result = _call(pool, "POST", f"/2015-03-31/functions/{warmer.ticked}/invocations", warmer.event(size))
    wall_ms = (perf_counter() - began) * 1000
    if isinstance(result, dict) and "errorMessage" in result:
        raise RuntimeError(f"{warmer.title}: a tick failed: {result}")
    while (seen := _call(pool, "GET", "/pool/invocations"))["running"]:
        sleep(0.02)
    sleep(_BETWEEN_TICKS_SECONDS)
    pings = [each for each in seen["invocations"] if each["function"] == "api"]
    others = [each for each in seen["invocations"] if each["function"] != "api"]
    return {
        "unique": len({each["environment"] for each in pings}),
        "invocations": len(pings),
        "billed_ms": sum(each["billed_ms"] for each in pings),
        "warmer_billed_ms": sum(each["billed_ms"] for each in others),
        "wall_ms": wall_ms,
        "environments": seen["environments"] - bool(others),
    }


def _call(pool: http.client.HTTPConnection, method: str, path: str, body: object = None) -> Any:
    pool.request(method, path, json.dumps(body).encode() if body is not None else b"")
    return json.loads(pool.getresponse().read() or b"null")


@contextmanager
def pool_of(functions: dict[str, Any], settings: PoolSettings) -> Iterator[http.client.HTTPConnection]:
    """Start a pool of these functions (see bench.pool_api) for the block, and connect to it."""
    specification = {"functions": functions, **asdict(settings)}
    command = [sys.executable, "-m", "bench.pool_api"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None  # noqa: S101 (a pipe)
        assert process.stdout is not None  # noqa: S101 (a pipe)
        process.stdin.write(json.dumps(specification))
        process.stdin.close()
        connection = http.client.HTTPConnection("127.0.0.1", json.loads(process.stdout.readline())["port"], timeout=120)
        yield connection
        connection.close()
    finally:
        process.terminate()  # it ends its own processes first
        process.wait()
        if process.stdout:
            process.stdout.close()


def _function(folder: Path, handler: str, environment: dict[str, str], memory_mb: int = _FUNCTION_MB) -> dict[str, Any]:
    command = [str(runtime_python()), "-m", "awslambdaric", handler]
    return {"command": command, "folder": str(folder), "environment": environment, "memory_mb": memory_mb}


def _node_function(folder: Path, file: str, name: str, memory_mb: int = _FUNCTION_MB) -> dict[str, Any]:
    command = ["node", str(ROOT / "bench" / "peers" / "node_runtime.cjs"), file, name]
    return {"command": command, "folder": str(folder), "environment": {}, "memory_mb": memory_mb}


def _pilotlight(size: int, daemon_address: str) -> dict[str, Any]:
    package = app_folder(OURS, "valid bytecode", runtime_python())
    shared = {"PILOTLIGHT_SERVICE": "pilotlight-bench", "AWS_XRAY_DAEMON_ADDRESS": daemon_address}
    targets = json.dumps([{"function": "api", "concurrency": size}])
    return {
        "api": _function(package, OURS.handler, shared),
        "warmer": _function(package, "warmer.handler", {"PILOTLIGHT_TARGETS": targets, **shared}, _WARMER_MB),
    }


def _lambda_warmer_py(_size: int, daemon_address: str) -> dict[str, Any]:
    app = next(peer for peer in PEERS if peer.name == "lambda-warmer-py")
    folder = app_folder(app, "valid bytecode", runtime_python())
    return {"api": _function(folder, app.handler, {"AWS_XRAY_DAEMON_ADDRESS": daemon_address})}


def _lambda_warmer(_size: int, _daemon_address: str) -> dict[str, Any]:
    return {"api": _node_function(node_folder(), "lambda_warmer_function.cjs", "handler")}


def _plugin_warmup(hold_ms: int) -> Callable[[int, str], dict[str, Any]]:
    def functions(size: int, _daemon_address: str) -> dict[str, Any]:
        generated = _generated_warmer(size)
        return {
            "api": _function(ROOT / "bench" / "peers", "plugin_warmup.handler", {"HOLD_MS": str(hold_ms)}),
            "warmer": _node_function(generated, "index.mjs", "warmUp", _PLUGIN_MB),
        }

    return functions


def _generated_warmer(size: int) -> Path:
    """The warmer function as the plugin itself writes it when a service is deployed."""
    folder = node_folder() / f"generated-{size}"
    payload = json.dumps({"source": "serverless-plugin-warmup"})
    functions = [{"name": "api", "config": {"concurrency": size, "payload": payload}}]
    write = (
        "require('serverless-plugin-warmup/src/warmer.js').createWarmUpFunctionArtifact("
        f"{json.dumps(functions)}, false, false, 'us-east-1', {json.dumps(str(folder))})"
    )
    subprocess.run(["node", "-e", write], cwd=node_folder(), check=True)
    return folder


def _scheduled(_size: int) -> dict[str, Any]:
    return {"source": "aws.events", "detail-type": "Scheduled Event"}


def _warmer_true(size: int) -> dict[str, Any]:
    return {"warmer": True, "concurrency": size}


WARMERS = [
    Warmer("lambda-warmer-py", "lambda-warmer-py", _lambda_warmer_py, "api", _warmer_true),
    Warmer("lambda-warmer", "lambda-warmer (JS)", _lambda_warmer, "api", _warmer_true),
    Warmer("plugin-warmup", "serverless-plugin-warmup, no hold", _plugin_warmup(0), "warmer", _scheduled),
    Warmer("plugin-warmup-25", "serverless-plugin-warmup, 25 ms hold", _plugin_warmup(25), "warmer", _scheduled),
    Warmer("pilotlight", "Pilotlight", _pilotlight, "warmer", _scheduled),
]
