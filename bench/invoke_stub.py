"""A stub of Lambda's Invoke API: holds every ping, and counts how many it held at once.

Run as a process of its own (`python -m bench.invoke_stub`), so that its CPU is not counted as the warmer's. Prints one
line of JSON with its port when it is ready. `GET /counts` returns what it has seen since the last `POST /reset`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_protocol import HttpProtocol, HttpRequest

_INVOKE_PATH = "/2015-03-31/functions/"


@dataclass(slots=True)
class _StubCounts:
    """What the stub has seen: how many invocations at once, and when each arrived (monotonic seconds)."""

    in_flight: int = 0
    max_in_flight: int = 0
    arrivals: list[float] = field(default_factory=list)

    def reset(self) -> None:
        """Reset all counts except the invocations in flight."""
        self.max_in_flight = 0
        self.arrivals.clear()

    def as_dict(self) -> dict[str, float]:
        """Return the counts as JSON-ready data. `spread_ms`: first arrival → last arrival."""
        spread = (max(self.arrivals) - min(self.arrivals)) * 1000 if self.arrivals else 0.0
        return {"max_in_flight": self.max_in_flight, "spread_ms": round(spread, 3)}


class _StubConnection(HttpProtocol):
    """One connection. Holds each ping `hold_seconds` from its arrival."""

    def __init__(self, counts: _StubCounts, hold_seconds: float) -> None:
        super().__init__()
        self._counts = counts
        self._hold_seconds = hold_seconds

    def handle(self, request: HttpRequest) -> None:
        """Handle Invoke, or the stub's own `/counts` and `/reset`."""
        if request.path.startswith(_INVOKE_PATH):
            self._hold(request.body)
        elif request.method == "GET":
            self.respond("200 OK", {}, json.dumps(self._counts.as_dict()).encode())
        else:
            self._counts.reset()
            self.respond("200 OK", {}, b"{}")

    def _hold(self, body: bytes) -> None:
        counts = self._counts
        counts.arrivals.append(time.monotonic())
        counts.in_flight += 1
        counts.max_in_flight = max(counts.max_in_flight, counts.in_flight)
        ping = json.loads(body)["pilotlight"]
        reply = json.dumps({"pilotlight": {"ping": ping["ping"], "environment": f"{len(counts.arrivals):032x}"}})
        asyncio.get_running_loop().call_later(self._hold_seconds, self._release, reply.encode())

    def _release(self, reply: bytes) -> None:
        self._counts.in_flight -= 1
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST", "X-Amzn-RequestId": "stub"}
        self.respond("200 OK", headers, reply)


async def _serve(hold_seconds: float, tls: ssl.SSLContext | None) -> None:
    counts = _StubCounts()
    server = await asyncio.get_running_loop().create_server(
        lambda: _StubConnection(counts, hold_seconds), "127.0.0.1", 0, ssl=tls, backlog=1024
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m bench.invoke_stub", description=__doc__)
    parser.add_argument("--hold-ms", type=float, default=50, help="how long each ping is held (default: %(default)s)")
    parser.add_argument("--certificate", type=Path, help="PEM with key and certificate: serve TLS, as AWS does")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    asyncio.run(_serve(options.hold_ms / 1000, tls))


if __name__ == "__main__":
    main()
