"""Enough HTTP/1.1 for the bench's own servers: one event loop serves hundreds of connections at little cost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One whole request; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpProtocol(asyncio.Protocol):
    """One connection; a subclass handles each whole request, and calls `respond` when it is done."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def handle(self, request: HttpRequest) -> None:
        """Handle one request; subclasses define this."""
        raise NotImplementedError

    def respond(self, status: str, headers: dict[str, str], body: bytes = b"") -> None:
        """Send the response to the oldest request without one, unless the client has disconnected."""
        if self._transport is None or self._transport.is_closing():
            return
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {headers[name]}" for name in headers),
        ]
        self._transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (a TCP server has no other)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._received[:head_end].decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            end = head_end + 4 + int(headers.get("content-length", "0"))
            if len(self._received) < end:
                return
            body = bytes(self._received[head_end + 4 : end])
            del self._received[:end]
            method, path, _ = first.split(" ", 2)
            self.handle(HttpRequest(method, path, headers, body))
