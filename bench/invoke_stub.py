"""A stub of Lambda's Invoke API: holds every ping, and counts how many it held at once.

Run as a process of its own (`python -m bench.invoke_stub`), so that its CPU is not counted as the warmer's. Prints one
line of JSON with its port when it is ready. `GET /counts` answers what it has seen since the last `POST /reset`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

INVOKE_PATH = "/2015-03-31/functions/"


@dataclass(slots=True)
class Counts:
    """What the stub has seen: concurrency, connections, and when the invocations came (monotonic seconds)."""

    in_flight: int = 0
    max_in_flight: int = 0
    connections: int = 0
    arrivals: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        """JSON of it. `spread_ms`: first arrival → last arrival."""
        spread = (max(self.arrivals) - min(self.arrivals)) * 1000 if self.arrivals else 0.0
        return {
            "invocations": len(self.arrivals),
            "max_in_flight": self.max_in_flight,
            "connections": self.connections,
            "spread_ms": round(spread, 3),
        }


class InvokeApi(asyncio.Protocol):
    """One connection. Holds until the ping's `hold_until`, or `hold_s` from its arrival when it names none."""

    def __init__(self, counts: Counts, hold_s: float) -> None:
        self._counts = counts
        self._hold_s = hold_s
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server has no other
        self._transport = transport
        self._counts.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in what has come."""
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:head_end])
            end = head_end + 4 + _content_length(head)
            if len(self._received) < end:
                return
            body = bytes(self._received[head_end + 4 : end])
            del self._received[:end]
            self._handle(head.split(b" ", 2)[1].decode(), body)

    def _handle(self, path: str, body: bytes) -> None:
        if path.startswith(INVOKE_PATH):
            self._hold(body)
        elif path == "/counts":
            self._reply(json.dumps(self._counts.as_dict()).encode())
        else:
            self._counts.max_in_flight = self._counts.connections = 0
            self._counts.arrivals.clear()
            self._reply(b"{}")

    def _hold(self, body: bytes) -> None:
        now = time.monotonic()
        counts = self._counts
        counts.arrivals.append(now)
        counts.in_flight += 1
        counts.max_in_flight = max(counts.max_in_flight, counts.in_flight)
        ping = json.loads(body)["pilotlight"] if body else {}
        hold_s = ping["hold_until"] - time.time() if "hold_until" in ping else self._hold_s
        reply = _ping_reply(ping, len(counts.arrivals))
        asyncio.get_running_loop().call_later(max(0.0, hold_s), self._release, reply)

    def _release(self, reply: bytes) -> None:
        self._counts.in_flight -= 1
        self._reply(reply)

    def _reply(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Amz-Executed-Version: $LATEST\r\n"
                b"X-Amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lower[at + 17 :].split(b"\r\n", 1)[0])


def _ping_reply(ping: dict[str, object], number: int) -> bytes:
    reply = {
        "ping": ping.get("ping", ""),
        "index": ping.get("index", 0),
        "environment": f"{number:032x}",
        "start": "warm",
        "init_ms": None,
        "age_ms": 1000.0,
        "served": 0,
        "made_by": "ping",
        "initialization": "on-demand",
        "landed_at": time.time(),
        "held_ms": 50.0,
        "billed_ms": 51,
    }
    return json.dumps({"pilotlight": reply}).encode()


async def _serve(hold_s: float, tls: ssl.SSLContext | None) -> None:
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(
        lambda: InvokeApi(counts, hold_s), "127.0.0.1", 0, ssl=tls, backlog=1024
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m bench.invoke_stub", description=__doc__)
    parser.add_argument("--hold-ms", type=float, default=50, help="hold of an invocation that names no deadline")
    parser.add_argument("--certificate", type=Path, help="PEM with key and certificate: serve TLS, as AWS does")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    asyncio.run(_serve(options.hold_ms / 1000, tls))


if __name__ == "__main__":
    main()
