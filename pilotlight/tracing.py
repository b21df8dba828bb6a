"""The record of each invocation: one X-Ray subsegment, written straight to the X-Ray daemon.

The datagram is the daemon's documented one ("Sending trace data to X-Ray", "X-Ray segment documents"); importing
aws-xray-sdk for it would cost a user's cold start half as much again. Lambda's own segment cannot be annotated, so it
is always a subsegment. Without a daemon address or a sampled trace nothing is sent, and nothing here ever raises.
"""

from __future__ import annotations

import json
import os
import time

from pilotlight.environment import service_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket  # noqa: N812
    from typing import Any

    from pilotlight.environment import ExecutionEnvironment

NAME = "pilotlight"
HEADER = '{"format": "json", "version": 1}\n'
MOST_BYTES = 63 * 1024
"""A UDP datagram carries 64 KiB at most."""


class Annotation:
    """The annotations that X-Ray groups, the report and the dashboard filter by."""

    SERVICE = "service"
    KIND = "kind"
    START = "start"
    COLD_START = "cold_start"
    ENVIRONMENT = "environment"
    INIT_MS = "init_ms"
    ROUTE = "route"
    STATUS = "status"
    WARMED_BY_PING = "warmed_by_ping"


class Record:
    """One invocation under way, of kind request or warmup; fill in the rest, then ``send`` once."""

    __slots__ = ("annotations", "exception", "method", "request_id", "start_time", "status", "url")

    def __init__(self, kind: str, request_id: str, environment: ExecutionEnvironment, start: str) -> None:
        self.start_time = time.time()
        self.request_id = request_id
        self.annotations: dict[str, Any] = {
            Annotation.SERVICE: service_name(),
            Annotation.KIND: kind,
            Annotation.START: start,
            Annotation.COLD_START: start == "cold",
            Annotation.ENVIRONMENT: environment.identity,
            Annotation.WARMED_BY_PING: environment.warmed_by_ping,
        }
        if environment.init_ms is not None:
            self.annotations[Annotation.INIT_MS] = environment.init_ms
        self.method = ""
        self.url = ""
        self.status = 0
        self.exception: BaseException | None = None

    def send(self) -> None:
        """Send what X-Ray asked to be sampled to the daemon named by AWS_XRAY_DAEMON_ADDRESS."""
        try:
            trace = parse_trace_header(os.environ.get("_X_AMZN_TRACE_ID", ""))
            address = daemon_address(os.environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
            if trace is None or address is None:
                return
            message = (HEADER + json.dumps(self.document(*trace))).encode()
            if len(message) <= MOST_BYTES:
                _socket().sendto(message, address)
        except Exception:
            return  # a record that cannot be sent must not become an answer that fails

    def document(self, trace_id: str, parent_id: str) -> dict[str, Any]:
        """The subsegment document; times in epoch seconds."""
        document: dict[str, Any] = {
            "id": os.urandom(8).hex(),
            "name": NAME,
            "start_time": self.start_time,
            "parent_id": parent_id,
            "in_progress": False,
            "annotations": self.annotations,
            "aws": {"request_id": self.request_id},
            "trace_id": trace_id,
            "type": "subsegment",
            "namespace": "local",
            "end_time": time.time(),
        }
        if self.status:
            self.annotations[Annotation.STATUS] = self.status
            document["http"] = {
                "request": {"method": self.method, "url": self.url},
                "response": {"status": self.status},
            }
            if self.status >= 500:
                document["fault"] = True
            elif self.status >= 400:
                document["error"] = True
                if self.status == 429:
                    document["throttle"] = True
        if self.exception is not None:
            document["fault"] = True
            document["cause"] = _cause(self.exception)
        return document


def parse_trace_header(header: str) -> tuple[str, str] | None:
    """Trace id and parent id of a tracing header such as ``Root=1-…;Parent=…;Sampled=1``; None where not sampled."""
    fields = dict(field.strip().split("=", 1) for field in header.split(";") if "=" in field)
    if fields.get("Sampled") != "1" or "Root" not in fields or "Parent" not in fields:
        return None
    return fields["Root"], fields["Parent"]


def daemon_address(text: str) -> tuple[str, int] | None:
    """Host and UDP port of ``host:port`` or ``tcp:host:port udp:host:port``; None where the text is neither."""
    for form in text.split():
        protocol, _, rest = form.rpartition("udp:") if form.startswith("udp:") else ("", "", form)
        host, _, port = rest.rpartition(":")
        if not protocol and host and ":" not in host and port.isdigit() and int(port) < 65536:
            return host, int(port)
    return None


_open_socket: Socket | None = None


def _socket() -> Socket:
    """One socket for the environment's life. ``_socket`` is the C half of ``socket``, whose other half costs 3.5 ms."""
    global _open_socket
    if _open_socket is None:
        from _socket import AF_INET, SOCK_DGRAM, socket

        _open_socket = socket(AF_INET, SOCK_DGRAM)
        _open_socket.setblocking(False)
    return _open_socket


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
        "message": str(exception)[:2000],
        "type": type(exception).__name__,
        "remote": False,
        "stack": stack[-50:],
    }
    return {"working_directory": os.getcwd(), "exceptions": [described]}  # noqa: PTH109 (pathlib is a slow import)
