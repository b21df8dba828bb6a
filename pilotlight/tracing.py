"""The record of each request and each ping: one X-Ray subsegment, sent to the X-Ray daemon.

The datagram is the daemon's documented one ("Sending trace data to X-Ray", "X-Ray segment documents"); importing
aws-xray-sdk for it would cost a user's cold start half as much again. Lambda's own segment cannot be annotated, so the
record is always a subsegment. Without a daemon address or a sampled trace nothing is sent. Nothing here raises.

A request's facts are all annotations. The pings of a tick share one trace, and X-Ray indexes up to 50 annotations of a
trace ("X-Ray segment documents", Annotations): a ping has two, kind and start, and its other facts are metadata.
"""

from __future__ import annotations

import os
import sys
import time
from _json import encode_basestring_ascii as quote
from _socket import AF_INET, SOCK_DGRAM, socket  # the C half of `socket`; the other half costs 3.5 ms

from pilotlight.environment import Annotation, service_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pilotlight.environment import ExecutionEnvironment, Kind, Start

NAME = "pilotlight"
"""The name of the subsegment, and of the namespace of its metadata."""
HEADER = '{"format": "json", "version": 1}\n'
"""What a datagram begins with, before the document."""
_MOST_BYTES = 63 * 1024
"""A UDP datagram carries 64 KiB at most."""
_MOST_METHOD, _MOST_URL, _MOST_MESSAGE = 50, 2000, 2000
"""Characters of a record's texts: a client makes them as long as it likes, and there is a record of each request."""
MESSAGES_VARIABLE = "PILOTLIGHT_EXCEPTION_MESSAGES"
"""`true` sends exceptions' messages to X-Ray too: they may hold what a client or a database said, as the log does."""


class Tracer:
    """Sends the records of one execution environment. Make it in init: its socket is opened there."""

    __slots__ = ("_address", "_facts", "_function", "_socket", "environment")

    def __init__(self, environment: ExecutionEnvironment) -> None:
        self.environment = environment
        self._facts = self._function = ""
        self._address: tuple[str, int] | None = None
        # One socket for the environment's life. It is not connected, so a SnapStart restore breaks no connection.
        self._socket = socket(AF_INET, SOCK_DGRAM)
        self._socket.setblocking(False)
        if os.environ.get("PILOTLIGHT_DOWNSTREAM_TRACING") == "xray-init":
            from pilotlight import downstream  # asked for, and cold requests wait for it

            downstream.trace_by_xray()

    def is_recording(self) -> bool:
        """Whether anything takes a record now: a sampled trace, or OpenTelemetry."""
        return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "") or _OPENTELEMETRY in sys.modules

    def send(self, record: Record) -> None:
        """Send the record of a sampled trace to the daemon at AWS_XRAY_DAEMON_ADDRESS, and describe a span by it."""
        try:
            if _OPENTELEMETRY in sys.modules:
                from pilotlight import spans  # no one else needs it

                spans.describe(record, self.environment)
            trace = parse_trace_header(os.environ.get("_X_AMZN_TRACE_ID", ""))
            if trace is None:
                return
            if not self._facts:
                self._look_up()
            if self._address is None:
                return
            message = (HEADER + self.document(record, *trace)).encode()
            if len(message) <= _MOST_BYTES:
                self._socket.sendto(message, self._address)
        except Exception:
            return  # a record that cannot be sent must not make the response fail

    def document(self, record: Record, trace_id: str, parent_id: str) -> str:
        """The subsegment document as JSON; times in epoch seconds.

        Written field by field: `json.dumps` of the same takes three times as long, in every request.
        """
        if not self._facts:
            self._look_up()
        http = flags = ""
        if record.status:
            method, url = quote(record.method[:_MOST_METHOD]), quote(record.url[:_MOST_URL])
            http = (
                f', "http": {{"request": {{"method": {method}, "url": {url}}}, '
                f'"response": {{"status": {record.status}}}}}'
            )
            if record.status >= 400:
                throttle = ', "throttle": true' if record.status == 429 else ""
                flags = ', "fault": true' if record.status >= 500 else f', "error": true{throttle}'
        if record.exception is not None:
            import json  # only a failure needs it

            flags = f', "fault": true, "cause": {json.dumps(_cause(record.exception))}'
        facts = self._facts
        annotations = (
            _annotations_of_ping(record, facts)
            if record.kind == "ping"
            else _annotations_of_request(record, facts + self._function)
        )
        return (
            f'{{"id": "{os.urandom(8).hex()}", "name": "{NAME}", "type": "subsegment", "namespace": "local", '
            f'"trace_id": {quote(trace_id)}, "parent_id": {quote(parent_id)}, "in_progress": false, '
            f'"start_time": {_seconds(record.start_ns)}, "end_time": {_seconds(time.time_ns())}, '
            f'"aws": {{"request_id": {quote(record.request_id)}}}, '
            f"{annotations}{http}{flags}}}"
        )

    def _look_up(self) -> None:
        """Store what no invocation changes: the environment's facts as JSON, and the daemon's address."""
        self._address = daemon_address(os.environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
        self._facts = _facts_of_environment(self.environment)
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self._function = f', "{Annotation.FUNCTION}": {quote(function)}' if function else ""


class Record:
    """The record of an invocation under way, of kind request or ping; fill in the rest, then send it once."""

    __slots__ = ("exception", "kind", "method", "request_id", "route", "start", "start_ns", "status", "url")

    def __init__(self, kind: Kind, request_id: str, start: Start) -> None:
        self.start_ns = time.time_ns()
        self.kind = kind
        self.request_id = request_id
        self.start = start
        self.method = ""
        self.url = ""
        self.route: str | None = None
        self.status = 0
        self.exception: BaseException | None = None


def parse_trace_header(header: str) -> tuple[str, str] | None:
    """Trace id and parent id of a tracing header such as `Root=1-…;Parent=…;Sampled=1`; None where not sampled."""
    if _field(header, "Sampled=") != "1":
        return None
    root, parent = _field(header, "Root="), _field(header, "Parent=")
    return (root, parent) if root and parent else None


def daemon_address(text: str) -> tuple[str, int] | None:
    """Host and UDP port of `host:port` or `tcp:host:port udp:host:port`; None where the text is neither."""
    for form in text.split():
        protocol, _, rest = form.rpartition("udp:") if form.startswith("udp:") else ("", "", form)
        host, _, port = rest.rpartition(":")
        if not protocol and host and ":" not in host and port.isdigit() and int(port) < 65536:
            return host, int(port)
    return None


_OPENTELEMETRY = "opentelemetry.trace"
"""OpenTelemetry's API, where the service or a layer has loaded it; it is never imported here."""


def _annotations_of_request(record: Record, facts_of_environment: str) -> str:
    route = "" if record.route is None else f', "{Annotation.ROUTE}": {quote(record.route)}'
    status = f', "{Annotation.STATUS}": {record.status}' if record.status else ""
    return (
        f'"annotations": {{"{Annotation.KIND}": "request", "{Annotation.START}": "{record.start}", '
        f'"{Annotation.COLD_START}": {"true" if record.start == "cold" else "false"}{route}{status}, '
        f"{facts_of_environment}}}"
    )


def _annotations_of_ping(record: Record, facts_of_environment: str) -> str:
    return (
        f'"annotations": {{"{Annotation.KIND}": "ping", "{Annotation.START}": "{record.start}"}}, '
        f'"metadata": {{"{NAME}": {{"{Annotation.COLD_START}": {"true" if record.start == "cold" else "false"}, '
        f"{facts_of_environment}}}}}"
    )


def _facts_of_environment(environment: ExecutionEnvironment) -> str:
    init_ms = "" if environment.init_ms is None else f', "{Annotation.INIT_MS}": {environment.init_ms}'
    warmed_by_ping = "true" if environment.warmed_by_ping else "false"
    return (
        f'"{Annotation.SERVICE}": {quote(service_name())}, "{Annotation.ENVIRONMENT}": "{environment.identity}", '
        f'"{Annotation.WARMED_BY_PING}": {warmed_by_ping}{init_ms}'
    )


def _seconds(nanoseconds: int) -> str:
    """Epoch seconds to the microsecond, as text; formatting a float takes ten times as long."""
    return f"{nanoseconds // 1_000_000_000}.{nanoseconds % 1_000_000_000 // 1000:06d}"


def _field(header: str, name: str) -> str:
    return header.partition(name)[2].partition(";")[0].rstrip()


def _cause(exception: BaseException) -> dict[str, Any]:
    """X-Ray's cause object: the exception with its stack, outermost frame first."""
    stack = []
    traceback = exception.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        stack.append({"path": code.co_filename, "line": traceback.tb_lineno, "label": code.co_name})
        traceback = traceback.tb_next
    described = {
        "id": os.urandom(8).hex(),
        "message": _message(exception),
        "type": type(exception).__name__,
        "remote": False,
        "stack": stack[-50:],
    }
    return {"working_directory": os.getcwd(), "exceptions": [described]}  # noqa: PTH109 (pathlib is a slow import)


def _message(exception: BaseException) -> str:
    if os.environ.get(MESSAGES_VARIABLE) != "true":
        return f"in the log; {MESSAGES_VARIABLE}=true shows it here"
    try:
        return str(exception)[:_MOST_MESSAGE]
    except Exception as error:  # a message is made by code of the service's own
        return f"its message could not be made: {type(error).__name__}"
