"""The pool behind the Lambda API: `python -m bench.pool_api < functions.json` prints one line of JSON with its port.

functions.json: `functions`, by name, each with `command`, `folder`, `environment` and `memory_mb`; `limit`, the most
environments in all; `routing`; `verbose`; and `landing_ms`, the mean time until an invocation reaches its environment.
`GET /pool/invocations` returns what was done since the last `POST /pool/reset`. `Event` invocations get their response
at once and run in the background.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from typing import Any
from urllib.parse import unquote

from bench.http_protocol import HttpProtocol, HttpRequest
from bench.pool import SandboxPool


class _PoolConnection(HttpProtocol):
    """The Lambda API, as far as warmers use it, and the pool's own two paths."""

    def __init__(self, pool: SandboxPool, landing_seconds: float, chance: random.Random) -> None:
        super().__init__()
        self._pool = pool
        self._landing_seconds = landing_seconds
        self._random = chance

    def handle(self, request: HttpRequest) -> None:
        """Handle one call."""
        path = request.path.partition("?")[0]
        if path == "/pool/reset":
            self._pool.done.clear()
            self._json("200 OK", {})
        elif path == "/pool/invocations":
            content = {"invocations": self._pool.done, "running": self._pool.running}
            self._json("200 OK", content | {"environments": len(self._pool.environments)})
        elif path.endswith("/invocations"):
            self._invoke(path, request)
        elif path.endswith("/concurrency"):
            self._json("200 OK", {})
        elif path.endswith("/account-settings"):
            self._json("200 OK", {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}})
        else:
            self._json("404 Not Found", {"Message": f"no {request.method} {path} here"})

    def _invoke(self, path: str, request: HttpRequest) -> None:
        named = unquote(path.split("/")[3])
        function = named.split(":")[6 if named.startswith("arn:") else 0]
        if function not in self._pool.functions:
            self._json("404 Not Found", {"Message": f"Function not found: {function}"}, "ResourceNotFoundException")
            return
        # From half the mean to one and a half times the mean: the time through Lambda varies.
        seconds = self._landing_seconds * self._random.uniform(0.5, 1.5)
        asyncio.get_running_loop().call_later(seconds, self._land, function, request)

    def _land(self, function: str, request: HttpRequest) -> None:
        trace_header = request.headers.get("x-amzn-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0")
        response = self._pool.invoke(function, request.body or b"{}", trace_header)
        if response is None:
            self._json("429 Too Many Requests", {"Message": "Rate Exceeded."}, "TooManyRequestsException")
        elif request.headers.get("x-amz-invocation-type") == "Event":
            self.respond("202 Accepted", {})
        else:
            response.add_done_callback(self._respond)

    def _respond(self, response: asyncio.Future[tuple[bytes, bool]]) -> None:
        body, failed = response.result()
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
        self.respond("200 OK", headers | ({"X-Amz-Function-Error": "Unhandled"} if failed else {}), body)

    def _json(self, status: str, content: object, error: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"x-amzn-ErrorType": error} if error else {})
        self.respond(status, headers, json.dumps(content).encode())


async def _serve(specification: dict[str, Any]) -> None:
    pool = SandboxPool(
        specification["functions"], specification["limit"], specification["routing"], specification["verbose"]
    )
    chance = random.Random(1)  # noqa: S311 (the same in every run)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(
        lambda: _PoolConnection(pool, specification["landing_ms"] / 1000, chance), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    pool.url = f"http://127.0.0.1:{port}"
    print(json.dumps({"port": port}), flush=True)
    try:
        await stopped.wait()
    finally:
        pool.close()


if __name__ == "__main__":
    asyncio.run(_serve(json.load(sys.stdin)))
