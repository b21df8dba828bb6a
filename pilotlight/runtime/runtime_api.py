"""A client of the Lambda Runtime API, on the C half of `socket` alone.

Paths and headers are those of "Using the Lambda runtime API for custom runtimes" (Lambda Developer Guide). One
connection is kept; a lost one is treated as the managed client's libcurl treats it.
"""

import _socket
import sys

_BASE = "/2018-06-01/runtime"
_ESTABLISHED = b"\x01"
"""The first byte of TCP_INFO, the connection's state: tcp(7)."""


class RuntimeApiError(Exception):
    """The Runtime API did not respond, or not with what it documents: the process ends, and Lambda starts another."""


class RuntimeApi:
    """The Runtime API at an address, `127.0.0.1:9001`. Every method raises RuntimeApiError or OSError."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket: _socket.socket | None = None
        self._common = f"Host: {address}\r\nAccept: */*\r\n"
        self._agent = "User-Agent: pilotlight-runtime/3.{}.{}\r\n".format(*sys.version_info[1:3])

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an event. Returns the headers that are not empty, with names in lower case, and the body."""
        request = f"GET {_BASE}/invocation/next HTTP/1.1\r\n{self._common}{self._agent}\r\n".encode()
        status, headers, body = self._exchange(request, may_repeat=True)
        if status != 200 or "lambda-runtime-aws-request-id" not in headers:
            raise RuntimeApiError(f"Failed to get next invocation: status {status}")
        return headers, body

    def post_result(self, request_id: str, body: bytes, content_type: str, invocation_id: str | None) -> None:
        """Post the result of an invocation."""
        headers = f"content-type: {content_type}\r\n{self._agent}{_of_invocation(invocation_id)}"
        self._post(f"/invocation/{request_id}/response", headers.encode(), body)

    def post_error(self, request_id: str, body: bytes, xray_cause: str, invocation_id: str | None) -> None:
        """Post the error of an invocation, with what X-Ray shows as its cause (JSON without line breaks)."""
        cause = f"lambda-runtime-function-xray-error-cause: {xray_cause}\r\n" if xray_cause else ""
        headers = f"content-type: application/json\r\n{cause}{self._agent}{_of_invocation(invocation_id)}"
        self._post(f"/invocation/{request_id}/error", headers.encode(), body)

    def post_init_error(self, body: bytes, error_type: str) -> None:
        """Post the error that ended init."""
        headers = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n{self._agent}"
        self._post("/init/error", headers.encode(), body)

    def _post(self, path: str, headers: bytes, body: bytes) -> None:
        first = f"POST {_BASE}{path} HTTP/1.1\r\n{self._common}".encode()
        request = b"%scontent-length: %d\r\n\r\n%s" % (first + headers, len(body), body)
        status, _, _ = self._exchange(request, may_repeat=False)
        if not 200 <= status < 300:
            raise RuntimeApiError(f"Failed to post {path}: status {status}")

    def _exchange(self, request: bytes, may_repeat: bool) -> tuple[int, dict[str, str], bytes]:
        reused = self._open_socket()
        connection = reused or self._connect()
        may_repeat = may_repeat and reused is not None
        received = b""
        try:
            connection.sendall(request)
            received = connection.recv(65_536)
        except OSError:
            if not may_repeat:
                raise
        if not received:
            self._close()
            if not may_repeat:
                raise RuntimeApiError("the Runtime API closed the connection")
            return self._exchange(request, may_repeat=False)
        response = Response(connection, received)
        if not response.is_kept:
            self._close()
        return response.status, response.headers, response.body

    def _open_socket(self) -> _socket.socket | None:
        if self._socket and self._socket.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, 1) != _ESTABLISHED:
            self._close()  # the other side has closed or reset it
        return self._socket

    def _connect(self) -> _socket.socket:
        host, _, port = self._address.partition(":")
        made = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        made.connect((host, int(port or 80)))
        made.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._socket = made
        return made

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Response:
    """An HTTP response, read to its end. `is_kept`: the connection may be used again. Raises RuntimeApiError."""

    def __init__(self, connection: _socket.socket, received: bytes) -> None:
        self._connection = connection
        self._received = received
        self.status, version, self.headers = self._head()
        while 100 <= self.status < 200:
            self.status, version, self.headers = self._head()
        self.is_kept = version == "HTTP/1.1" and self.headers.get("connection", "").lower() != "close"
        self.body = self._body()

    def _head(self) -> tuple[int, str, dict[str, str]]:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._read()
        first, *lines = self._received[:end].decode().split("\r\n")
        self._received = self._received[end + 4 :]
        if first[:7] != "HTTP/1." or not first[9:12].isdigit():
            raise RuntimeApiError(f"this is no HTTP response: {first[:80]!r}")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            if value := value.strip(" \t"):
                headers[name.lower()] = value
        return int(first[9:12]), first[:8], headers

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        if self.status in (204, 304):
            return b""
        if "content-length" in self.headers:
            return self._take(int(self.headers["content-length"]))
        self.is_kept = False
        while chunk := self._connection.recv(65_536):
            self._received += chunk
        return self._received

    def _chunk(self) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            self._read()
        length = int(self._received[:end].partition(b";")[0], 16)
        self._received = self._received[end + 2 :]
        return self._take(length + 2)[:-2]

    def _take(self, length: int) -> bytes:
        if len(self._received) < length:
            parts, missing = [self._received], length - len(self._received)
            while missing > 0:
                parts.append(self._connection.recv(min(missing, 1_048_576)))
                if not parts[-1]:
                    raise RuntimeApiError("the Runtime API closed the connection within a response")
                missing -= len(parts[-1])
            self._received = b"".join(parts)
        taken, self._received = self._received[:length], self._received[length:]
        return taken

    def _read(self) -> None:
        chunk = self._connection.recv(65_536)
        if not chunk:
            raise RuntimeApiError("the Runtime API closed the connection within a response")
        self._received += chunk


def _of_invocation(invocation_id: str | None) -> str:
    return f"lambda-runtime-invocation-id: {invocation_id}\r\n" if invocation_id else ""
