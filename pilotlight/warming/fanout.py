"""Many invocations at once from one small function: connect all, send all, then read all.

Pings are released together, so their replies come together, and one thread that reads them in turn waits no longer than
fifty would. What counts is how close together the pings leave: connections are opened and requests signed beforehand.
boto3 resolves the endpoint, the region and the credentials; a boto3 call for each ping would cost ten times the CPU,
and at 512 MB only a third of fifty pings would be in flight at once.

The call is Invoke of the Lambda API ("Invoke", AWS Lambda API reference).
"""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import boto3
    from botocore.credentials import ReadOnlyCredentials

_CONNECT_TIMEOUT_SECONDS = 3.0
_CONNECTING_AT_ONCE = 16

Outcome = Literal["succeeded", "function error", "throttled", "timed out", "failed"]


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation. `payload` is what it returned, parsed; `cause` says why there is none."""

    outcome: Outcome
    sent_at: float
    payload: Any = None
    cause: str = ""


class FanOut:
    """Invokes a function many times at once, over connections that stay open from one tick to the next."""

    def __init__(self, session: boto3.Session) -> None:
        """Take the endpoint, region and credentials of the session's Lambda client."""
        self._session = session
        client = session.client("lambda")
        self._region = client.meta.region_name
        self._url = client.meta.endpoint_url.rstrip("/")
        endpoint = urlsplit(self._url)
        self._host = endpoint.hostname or ""
        self._host_header = endpoint.netloc
        self._port = endpoint.port
        self._tls = _tls_context() if endpoint.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []

    def connect(self, count: int) -> None:
        """Keep or open `count` connections. Raises OSError where the Lambda API cannot be reached."""
        self._idle = [connection for connection in self._idle if _is_alive(connection)]
        missing = count - len(self._idle)
        if missing > 0:
            with ThreadPoolExecutor(min(missing, _CONNECTING_AT_ONCE)) as pool:  # a TLS handshake mostly waits
                self._idle += pool.map(lambda _: self._open(), range(missing))

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Invocation]:
        """Invoke `function` (name, ARN or ARN with alias) once for each payload, all at once, and wait for all.

        A throttle or an error is an Invocation's outcome, never an exception; the order is that of the payloads. Raises
        OSError where nothing could be sent at all.
        """
        credentials = self._session.get_credentials()
        if credentials is None:
            raise OSError("no AWS credentials to sign with")
        frozen = credentials.get_frozen_credentials()
        self.connect(len(payloads))
        requests = [self._request(function, payload, frozen) for payload in payloads]
        deadline = time.monotonic() + timeout_seconds
        sent = [_send(self._idle.pop(), request) for request in requests]
        return [self._read(connection, begun, deadline) for connection, begun in sent]

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=_CONNECT_TIMEOUT_SECONDS, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(self._host, self._port, timeout=_CONNECT_TIMEOUT_SECONDS)
        )
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _request(self, function: str, payload: bytes, credentials: ReadOnlyCredentials) -> bytes:
        """The bytes of the whole request, made beforehand so that signing does not spread the pings."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        path = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        request = AWSRequest("POST", self._url + path, data=payload, headers={"Host": self._host_header})
        SigV4Auth(credentials, "lambda", self._region).add_auth(request)
        headers = {**dict(request.headers.items()), "Content-Length": str(len(payload))}
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):
            headers["X-Amzn-Trace-Id"] = trace  # as botocore does: the pings join the tick's trace
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + payload

    def _read(self, connection: http.client.HTTPConnection, sent: Invocation, deadline: float) -> Invocation:
        if sent.outcome != "succeeded":
            return sent
        try:
            connection.sock.settimeout(max(0.001, deadline - time.monotonic()))
            response = http.client.HTTPResponse(connection.sock, method="POST")
            response.begin()
            body = response.read()
        except TimeoutError:
            connection.close()
            return Invocation("timed out", sent.sent_at, cause="no response within the time that the tick had left")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return Invocation("failed", sent.sent_at, cause=f"the connection to the Lambda API broke off: {error!r}")
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return _interpret(response, body, sent.sent_at)


def _send(connection: http.client.HTTPConnection, request: bytes) -> tuple[http.client.HTTPConnection, Invocation]:
    sent_at = time.time()
    try:
        connection.sock.sendall(request)
    except OSError as error:
        connection.close()
        return connection, Invocation("failed", sent_at, cause=f"the Lambda API could not be reached: {error}")
    return connection, Invocation("succeeded", sent_at)


def _interpret(response: http.client.HTTPResponse, body: bytes, sent_at: float) -> Invocation:
    try:
        payload = json.loads(body or b"null")
    except ValueError:
        payload = None
    if response.status == 200 and not response.headers.get("X-Amz-Function-Error"):
        return Invocation("succeeded", sent_at, payload)
    described = payload if isinstance(payload, dict) else {}
    message = described.get("errorMessage") or described.get("Message") or described.get("message") or "no message"
    if response.status == 200:
        return Invocation("function error", sent_at, cause=f"{described.get('errorType', 'error')}: {message}"[:500])
    kind = (response.headers.get("x-amzn-ErrorType") or described.get("__type") or str(response.status)).split(":")[0]
    outcome: Outcome = "throttled" if response.status == 429 else "failed"
    return Invocation(outcome, sent_at, cause=f"{kind}: {message}"[:500])


def _is_alive(connection: http.client.HTTPConnection) -> bool:
    """Whether an idle connection is still open; where there is something to read, the other side closed it."""
    if connection.sock is not None:
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        if not poll.poll(0):
            return True
    connection.close()
    return False


def _tls_context() -> ssl.SSLContext:
    from botocore.httpsession import get_cert_path

    bundle = os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True)
    return ssl.create_default_context(cafile=bundle)
