"""A pool of real execution environments in one event loop, with Lambda's rules.

One invocation at a time in an environment; a new environment when none is idle; none beyond the limit.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cpu_quota import cpu_quota, unavailable
from bench.http_protocol import HttpProtocol, HttpRequest
from pilotlight_tools.local.runtime.sandbox import lambda_variables

ROUTING = ("newest", "oldest", "random")
"""Which idle environment is used next: Lambda does not document it. `newest` is the most recently used."""


@dataclass
class _PooledInvocation:
    """One event and its response in an environment."""

    event: bytes
    trace_header: str
    response: asyncio.Future[tuple[bytes, bool]]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    handed_over: float = 0.0


class _PooledSandbox:
    """A process that runs a function, and its Runtime API."""

    def __init__(self, pool: SandboxPool, function: str, number: int) -> None:
        self.pool = pool
        self.function = function
        self.number = number
        self.started = time.perf_counter()
        self.cold = True
        self.current: _PooledInvocation | None = None
        self.response: tuple[bytes, bool] | None = None
        self.waiting: _RuntimeConnection | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._server: asyncio.Server | None = None

    async def start(self, invocation: _PooledInvocation) -> None:
        """Start the process with an event waiting for it."""
        self.current = invocation
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _RuntimeConnection(self), "127.0.0.1", 0)
        specification = self.pool.functions[self.function]
        folder = Path(specification["folder"])
        address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        memory_mb = specification["memory_mb"]
        variables = lambda_variables(folder, "function", address, self.function, memory_mb, "on-demand")
        variables |= {"AWS_ENDPOINT_URL": self.pool.url, **specification["environment"]}
        start = (
            self.pool.quotas.enter_context(cpu_quota(memory_mb)).start if self.pool.with_quotas else subprocess.Popen
        )
        self.process = start(
            specification["command"],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr if self.pool.verbose else subprocess.DEVNULL,
        )

    def ready(self, connection: _RuntimeConnection) -> None:
        """Handle the process's request for an event, with which the invocation before it has ended."""
        self.waiting = connection
        if self.current and self.response is None:
            self.hand_over(self.current)
        else:
            self._finish()
            self.pool.release(self)

    def disconnected(self) -> None:
        """Handle the end of a connection of the process, and perhaps of the process itself."""
        status = self.process.poll() if self.process else None
        if status is None:
            return
        if self.current and self.response is None:
            self.take_response(_exit_error(status), failed=True)
        self._finish()
        self.pool.forget(self)

    def hand_over(self, invocation: _PooledInvocation) -> None:
        """Give an event to the process, which is waiting for one."""
        connection, self.waiting, self.current = self.waiting, None, invocation
        assert connection is not None  # noqa: S101 (only idle environments are handed events)
        invocation.handed_over = time.perf_counter()
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 60) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:123456789012:function:{self.function}",
            "Lambda-Runtime-Trace-Id": invocation.trace_header,
        }
        connection.respond("200 OK", headers, invocation.event)

    def take_response(self, body: bytes, failed: bool) -> None:
        """Take the response or error that the process has posted."""
        if self.current and self.response is None:
            self.response = body, failed
            self._bill()

    def _bill(self) -> None:
        assert self.current is not None  # noqa: S101 (only what was handed over is billed)
        # INIT is billed too ("AWS Lambda standardizes billing for INIT Phase", 2025).
        began = self.started if self.cold else self.current.handed_over
        billed_ms = math.ceil((time.perf_counter() - began) * 1000)
        self.pool.done.append(
            {"function": self.function, "environment": self.number, "cold": self.cold, "billed_ms": billed_ms}
        )
        self.cold = False

    def _finish(self) -> None:
        if self.current and self.response:
            self.pool.running -= 1
            self.current.response.set_result(self.response)
        self.current = self.response = None


class _RuntimeConnection(HttpProtocol):
    """A connection of an environment's runtime client."""

    def __init__(self, environment: _PooledSandbox) -> None:
        super().__init__()
        self._environment = environment

    def handle(self, request: HttpRequest) -> None:
        """Handle one call of the Runtime API."""
        if request.path.endswith("/invocation/next"):
            self._environment.ready(self)
            return
        self.respond("202 Accepted", {"Content-Type": "application/json"}, b"{}")
        if request.path.endswith(("/response", "/error")):
            self._environment.take_response(request.body, request.path.endswith("/error"))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Called by asyncio; the delay lets a process that is ending end."""
        asyncio.get_running_loop().call_later(0.1, self._environment.disconnected)


class SandboxPool:
    """All environments, the idle ones by function, and what they have done."""

    def __init__(self, functions: dict[str, Any], limit: int, routing: str, verbose: bool) -> None:
        self.functions = functions
        self.limit = limit
        self.verbose = verbose
        self.with_quotas = not unavailable()
        self.quotas = ExitStack()
        self.url = ""
        self.environments: list[_PooledSandbox] = []
        self.idle: dict[str, list[_PooledSandbox]] = {name: [] for name in functions}
        self.done: list[dict[str, Any]] = []
        self.running = 0
        self._routing = routing

    def invoke(self, function: str, event: bytes, trace_header: str) -> asyncio.Future[tuple[bytes, bool]] | None:
        """Start an invocation; return its future response, with whether it is an error, or None at the limit."""
        loop = asyncio.get_running_loop()
        invocation = _PooledInvocation(event, trace_header, loop.create_future())
        idle = self.idle[function]
        if not idle and len(self.environments) >= self.limit:
            return None
        self.running += 1
        if idle:
            self._next(idle).hand_over(invocation)
        else:
            environment = _PooledSandbox(self, function, len(self.environments))
            self.environments.append(environment)
            loop.create_task(environment.start(invocation))  # noqa: RUF006 (the list keeps the environment)
        return invocation.response

    def release(self, environment: _PooledSandbox) -> None:
        """Mark an environment as idle."""
        self.idle[environment.function].append(environment)

    def forget(self, environment: _PooledSandbox) -> None:
        """Remove an environment that has ended from the idle ones."""
        if environment in self.idle[environment.function]:
            self.idle[environment.function].remove(environment)

    def _next(self, idle: list[_PooledSandbox]) -> _PooledSandbox:
        if self._routing == "random":
            return idle.pop(random.randrange(len(idle)))  # noqa: S311 (no secret)
        return idle.pop(-1 if self._routing == "newest" else 0)

    def close(self) -> None:
        """End every process."""
        processes = [environment.process for environment in self.environments if environment.process]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        self.quotas.close()


def _exit_error(status: int) -> bytes:
    message = f"Error: Runtime exited with error: exit status {status}"
    return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}).encode()
