"""The Lambda Runtime API on 127.0.0.1, from which an execution environment requests its next event.

Paths and headers are those of "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide. It
runs in the caller's own thread, and only while the caller waits, so that it does not disturb the measured execution
environment.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_VERSION = "/2018-06-01"


class ProtocolError(Exception):
    """The runtime client sent a request that the Runtime API does not support."""


@dataclass(slots=True)
class Connection:
    """One connection of the runtime client, with the bytes received so far of an incomplete request."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)

    def respond(self, status: str, headers: dict[str, str], body: bytes = b"") -> None:
        """Respond to the request received on this connection."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


@dataclass(frozen=True, slots=True)
class RuntimeRequest:
    """One complete request of the runtime client; `arrived` is when its last byte was read (`time.perf_counter`)."""

    connection: Connection
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived: float


class RuntimeApi:
    """A listener on a free port of 127.0.0.1; `receive` returns the runtime client's requests one by one."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._requests: list[RuntimeRequest] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def receive(self, seconds: float) -> RuntimeRequest | None:
        """Return the next request, or None when none was complete within `seconds`."""
        until = time.perf_counter() + seconds
        while not self._requests:
            left = until - time.perf_counter()
            if left <= 0:
                return None
            for key, _ in self._selector.select(left):
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)
        return self._requests.pop(0)

    def close(self) -> None:
        """Close the listener and every connection."""
        for key in list(self._selector.get_map().values()):
            self._close(key.fileobj)
        self._selector.close()

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(accepted, selectors.EVENT_READ, Connection(accepted))

    def _read(self, connection: Connection) -> None:
        try:
            chunk = connection.socket.recv(262_144)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self._close(connection.socket)
            return
        connection.received += chunk
        while request := _parse(connection):
            self._requests.append(request)

    def _close(self, fileobj: object) -> None:
        assert isinstance(fileobj, socket.socket)  # noqa: S101 (the selector holds only sockets)
        self._selector.unregister(fileobj)
        fileobj.close()


def route(request: RuntimeRequest) -> tuple[str, str]:
    """Return the operation of a request, and the id of the invocation that it concerns ("" when none).

    One of "next", "response", "error", "init/error", "restore/next", "restore/error". Raises ProtocolError.
    """
    parts = request.path.removeprefix(_VERSION).strip("/").split("/")
    match parts:
        case ["runtime", "invocation", "next"]:
            return "next", ""
        case ["runtime", "invocation", request_id, ("response" | "error") as kind]:
            return kind, request_id
        case ["runtime", ("init" | "restore") as phase, ("error" | "next") as kind]:
            return f"{phase}/{kind}", ""
    raise ProtocolError(f"not a path of the Runtime API: {request.method} {request.path}")


def _parse(connection: Connection, now: Callable[[], float] = time.perf_counter) -> RuntimeRequest | None:
    head_end = connection.received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    first, *lines = connection.received[:head_end].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "transfer-encoding" in headers:
        raise ProtocolError("a streamed response (Transfer-Encoding: chunked) is not supported here")
    end = head_end + 4 + int(headers.get("content-length", "0"))
    if len(connection.received) < end:
        return None
    method, path, _ = first.split(" ", 2)
    body = bytes(connection.received[head_end + 4 : end])
    del connection.received[:end]
    return RuntimeRequest(connection, method, path, headers, body, now())
