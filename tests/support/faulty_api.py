"""A Lambda API on real sockets that fails in the way a test asks for, and counts what comes."""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.replies import ping_reply


@dataclass
class Request:
    """One request: its connection, which one on this connection it is (from 1), and its path and body."""

    connection: socket.socket
    number: int
    path: str
    body: bytes

    @property
    def index(self) -> int:
        """Which ping of its fan-out it is."""
        index: int = json.loads(self.body)["pilotlight"]["index"]
        return index

    def hang_up(self) -> None:
        """End the connection without a response."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def respond(self, body: object, status: str = "200 OK", headers: str = "") -> None:
        """Send a whole response; bytes go as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.sendall(
            f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content
        )

    def reply(self, **changes: Any) -> None:
        """Reply to the ping as an environment of its own, with these keys changed."""
        self.respond({"pilotlight": reply_to(self.body, **changes)})


Behaviour = Callable[[Request], None]


@dataclass
class FaultyApi:
    """What the server has seen; `behaves` may be replaced at any time."""

    port: int
    behaves: Behaviour
    limits: Behaviour
    connections: int = 0
    pings: list[dict[str, Any]] = field(default_factory=list)
    connected_at: list[float] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def hang(self, _: Request) -> None:
        """Say nothing until the test is over."""
        self.stopped.wait(60)


_environments = itertools.count()


def reply_to(body: bytes, **changes: Any) -> dict[str, Any]:
    """The reply of a warm environment that was never seen before."""
    ping = json.loads(body)["pilotlight"]
    reply: dict[str, Any] = {
        **ping_reply(f"{next(_environments):016x}", ping["ping"]),
        "index": ping["index"],
        "landed_at": time.time(),
        **changes,
    }
    return {name: value for name, value in reply.items() if value is not ...}


def no_limits(request: Request) -> None:
    """No reserved concurrency, and 1000 unreserved in the account."""
    account = {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}
    request.respond(account if "account-settings" in request.path else {})


@contextmanager
def faulty_api(behaves: Behaviour = Request.reply, tls: ssl.SSLContext | None = None) -> Iterator[FaultyApi]:
    """Serve on a free port of 127.0.0.1 until the block ends, each connection in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        api = FaultyApi(listener.getsockname()[1], behaves, no_limits)
        threading.Thread(target=_accept, args=(listener, api, tls), daemon=True).start()
        try:
            yield api
        finally:
            api.stopped.set()


def _accept(listener: socket.socket, api: FaultyApi, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            api.connections += 1
            api.connected_at.append(time.time())
            threading.Thread(target=_serve, args=(connection, api, tls), daemon=True).start()


def _serve(connection: socket.socket, api: FaultyApi, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError, ValueError), connection:
        spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
        with spoken, spoken.makefile("rb") as incoming:
            for number in itertools.count(1):
                first = incoming.readline().decode()
                if not first:
                    return
                headers = dict(line.split(": ", 1) for line in iter(lambda: incoming.readline().decode().strip(), ""))
                body = incoming.read(int(headers.get("Content-Length", 0)))
                request = Request(spoken, number, first.split()[1], body)
                if "/invocations" in request.path:
                    api.pings.append(json.loads(body)["pilotlight"])
                    api.behaves(request)
                else:
                    api.limits(request)
