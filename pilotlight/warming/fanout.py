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
import ssl
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from pilotlight.warming.connection import MOST_REPLY_BYTES, Address, Connection, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    import boto3
    from botocore.credentials import ReadOnlyCredentials

_CONNECTING_AT_ONCE = 16
_SIGNED_TO_MEASURE = 5

Outcome = Literal["succeeded", "function error", "throttled", "timed out", "failed"]


@dataclass(frozen=True)
class Invocation:
    """What came of one invocation. `payload` is what it returned, parsed; `cause` says why there is none.

    `attempts` counts how often it was sent; `sent_at` and `received_at` are in epoch seconds, of the last attempt.
    """

    outcome: Outcome
    sent_at: float
    payload: Any = None
    cause: str = ""
    attempts: int = 1
    received_at: float | None = None


class FanOut:
    """Invokes a function many times at once. Its connections live from `connect` to `close`: one tick.

    What is open when Lambda freezes the warmer may be reset, or swallow bytes silently, when it thaws.
    """

    def __init__(self, session: boto3.Session) -> None:
        """The endpoint, region and credentials are those of the session's Lambda client."""
        self._session = session
        client = session.client("lambda")
        self._region = client.meta.region_name
        self._url = client.meta.endpoint_url.rstrip("/")
        endpoint = urlsplit(self._url)
        self._host_header = endpoint.netloc
        tls = _tls_context() if endpoint.scheme == "https" else None
        self._address = Address(endpoint.hostname or "", endpoint.port or (443 if tls else 80), tls)
        self._idle: list[Connection] = []

    def connect(self, count: int, timeout_seconds: float) -> None:
        """Have `count` connections open. Raises OSError where the Lambda API cannot be reached in that time."""
        deadline = time.monotonic() + timeout_seconds
        missing = count - len(self._idle)
        if missing <= 0:
            return
        # A TLS handshake is mostly waiting. The threads are not waited for: a name look-up has no timeout of its own.
        threads = ThreadPoolExecutor(min(missing, _CONNECTING_AT_ONCE))
        opening = [threads.submit(Connection, self._address, deadline) for _ in range(missing)]
        done, late = wait(opening, timeout_seconds, return_when="FIRST_EXCEPTION")
        threads.shutdown(wait=False, cancel_futures=True)
        self._idle += [each.result() for each in done if not each.exception()]
        for each in late:
            each.add_done_callback(_close_late)
        broken = next((error for each in done if (error := each.exception())), None)
        if broken or late:
            raise broken or TimeoutError("it accepts no connection in time")

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Invocation]:
        """Invoke `function` (name, ARN or ARN with alias) once for each payload, all at once, and wait for all.

        A throttle or an error is an Invocation's outcome, never an exception; the order is that of the payloads. What
        has not come whole within the time is timed out. Raises OSError where nothing could be sent at all.
        """
        deadline = time.monotonic() + timeout_seconds
        credentials = self._credentials()
        self.connect(len(payloads), timeout_seconds)
        requests = [self._request(function, payload, credentials) for payload in payloads]
        sent = [(self._idle.pop(), request) for request in requests]
        begun = [_send(connection, request, deadline) for connection, request in sent]
        return [
            self._finish(connection, request, invocation, deadline)
            for (connection, request), invocation in zip(sent, begun, strict=True)
        ]

    def signing_seconds(self, function: str, payload: bytes) -> float:
        """How long it takes to make one request ready, measured on a few. Raises OSError without credentials."""
        credentials = self._credentials()
        began = time.monotonic()
        for _ in range(_SIGNED_TO_MEASURE):
            self._request(function, payload, credentials)
        return (time.monotonic() - began) / _SIGNED_TO_MEASURE

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _credentials(self) -> ReadOnlyCredentials:
        try:
            credentials = self._session.get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        except Exception as error:  # a refresh may fail in any way that a credential provider has
            raise OSError(f"no AWS credentials to sign with: {error}") from error
        if frozen is None:
            raise OSError("no AWS credentials to sign with")
        return frozen

    def _request(self, function: str, payload: bytes, credentials: ReadOnlyCredentials) -> bytes:
        """The whole request as it goes over the wire, made beforehand so that it does not spread the pings."""
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

    def _finish(self, connection: Connection, request: bytes, begun: Invocation, deadline: float) -> Invocation:
        """Read the response; where the connection broke before its first byte, send the request once more."""
        finished = self._read(connection, begun, deadline)
        if finished.outcome == "failed" and finished.received_at is None and connection.received_nothing:
            finished = self._repeat(request, finished, deadline)
        return finished

    def _repeat(self, request: bytes, broken: Invocation, deadline: float) -> Invocation:
        try:
            connection = Connection(self._address, deadline)
        except OSError:
            return broken
        repeated = self._read(connection, _send(connection, request, deadline), deadline)
        return replace(repeated, attempts=broken.attempts + 1)

    def _read(self, connection: Connection, begun: Invocation, deadline: float) -> Invocation:
        if begun.outcome != "succeeded":
            return begun
        try:
            response = connection.read(deadline)
        except TimeoutError:
            connection.close()
            return replace(begun, outcome="timed out", cause="no whole response within the time that a ping may take")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return replace(begun, outcome="failed", cause=f"the connection to the Lambda API broke off: {error!r}")
        if response.keeps_connection:
            self._idle.append(connection)
        else:
            connection.close()
        return replace(_interpret(response, begun.sent_at), received_at=time.time())


def _send(connection: Connection, request: bytes, deadline: float) -> Invocation:
    sent_at = time.time()
    try:
        connection.send(request, deadline)
    except OSError as error:
        connection.close()
        return Invocation("failed", sent_at, cause=f"the Lambda API could not be reached: {error}")
    return Invocation("succeeded", sent_at)


def _interpret(response: HttpResponse, sent_at: float) -> Invocation:
    payload, is_json = None, False
    if len(response.body) <= MOST_REPLY_BYTES:
        with suppress(ValueError, RecursionError):  # told below as what it is
            payload, is_json = json.loads(response.body or b"null"), True
    function_error = response.headers.get("X-Amz-Function-Error")
    if response.status == 200 and not function_error:
        if not is_json:
            return Invocation("failed", sent_at, cause=_told(response))
        return Invocation("succeeded", sent_at, payload)
    described = payload if isinstance(payload, dict) else {}
    message = described.get("errorMessage") or described.get("Message") or described.get("message") or "no message"
    if response.status == 200:
        return Invocation("function error", sent_at, cause=f"{described.get('errorType', 'error')}: {message}"[:500])
    named = response.headers.get("x-amzn-ErrorType") or described.get("__type") or response.status
    outcome: Outcome = "throttled" if response.status == 429 else "failed"
    return Invocation(outcome, sent_at, cause=f"{str(named).split(':')[0]}: {message}"[:500])


def _told(response: HttpResponse) -> str:
    """What a response with status 200 is that is no reply."""
    content_type = response.headers.get("Content-Type", "no content type")
    begins = response.body[:60].decode("utf-8", "replace")
    return f"a response with status 200 that is no JSON ({content_type}): {begins!r}"


def _close_late(opening: Future[Connection]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result().close()


def _tls_context() -> ssl.SSLContext:
    from botocore.httpsession import get_cert_path

    bundle = os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True)
    return ssl.create_default_context(cafile=bundle)
