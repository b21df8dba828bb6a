"""One connection to the Lambda API, which never waits beyond a deadline, whatever the other side does."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass

CONNECT_SECONDS = 3.0
MOST_REPLY_BYTES = 256 * 1024
"""A reply to a ping has less than one kilobyte; what is larger is none."""


@dataclass(frozen=True)
class Address:
    """Where the Lambda API is, and with which TLS settings; None is plain HTTP, for an engine on this machine."""

    host: str
    port: int
    tls: ssl.SSLContext | None


@dataclass(frozen=True)
class HttpResponse:
    """A whole response: its status, its headers, and its body of at most MOST_REPLY_BYTES + 1 bytes."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    keeps_connection: bool


class Connection:
    """An open connection; `received_nothing` tells whether the current response has brought no byte yet.

    Deadlines are moments of `time.monotonic`.
    """

    def __init__(self, address: Address, deadline: float) -> None:
        """Connect, with the TLS handshake. Raises OSError, TimeoutError after CONNECT_SECONDS or at the deadline."""
        seconds = min(CONNECT_SECONDS, deadline - time.monotonic())
        if seconds <= 0:
            raise TimeoutError("no time left to connect")
        plain = socket.create_connection((address.host, address.port), seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket = address.tls.wrap_socket(plain, server_hostname=address.host) if address.tls else plain
        except BaseException:
            plain.close()
            raise
        self.received_nothing = True

    def send(self, request: bytes, deadline: float) -> None:
        """Send a whole request. Raises OSError, TimeoutError at the deadline."""
        self.received_nothing = True
        self._socket.settimeout(_left(deadline))
        try:
            self._socket.sendall(request)
        except (BlockingIOError, ssl.SSLWantWriteError) as error:
            raise TimeoutError("the request could not be sent in time") from error

    def read(self, deadline: float) -> HttpResponse:
        """Read the response to a POST. Raises OSError or HTTPException, TimeoutError at the deadline."""
        response = http.client.HTTPResponse(_Reading(self, deadline), method="POST")  # type: ignore[arg-type]
        try:
            response.begin()
            body = response.read(MOST_REPLY_BYTES + 1)
            keeps_connection = not response.will_close and len(body) <= MOST_REPLY_BYTES
            return HttpResponse(response.status, response.headers, body, keeps_connection)
        finally:
            response.close()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def receive_into(self, buffer: memoryview, deadline: float) -> int:
        """Receive some bytes, as `readinto` of a file does. Raises TimeoutError at the deadline."""
        self._socket.settimeout(_left(deadline))  # anew for each read, so that all of them have one deadline
        try:
            received = self._socket.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError) as error:
            raise TimeoutError("no response in time") from error
        if received:
            self.received_nothing = False
        return received


class _Reading(io.RawIOBase):
    """What `HTTPResponse` reads from: each of its reads has only the time until one and the same deadline."""

    def __init__(self, connection: Connection, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._connection.receive_into(buffer, self._deadline)


def _left(deadline: float) -> float:
    """The seconds left; at 0 a socket gives only what has arrived already."""
    return max(0.0, deadline - time.monotonic())
