"""The record of a tick in X-Ray: sent when the tick begins, and again, complete, at its end.

The pings of a tick are in its trace, and X-Ray may refuse what comes after the first 100 KB of a trace ("AWS X-Ray
endpoints and quotas", Trace document size). So the tick's own record is sent before their records can fill the trace:
an in-progress subsegment, which the complete one with the same id overwrites ("AWS X-Ray segment documents",
`in_progress`).
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any

from pilotlight.environment import TICK_ANNOTATIONS, Annotation, service_name
from pilotlight.tracing import HEADER, NAME, daemon_address, parse_trace_header

if TYPE_CHECKING:
    from collections.abc import Mapping


_MOST_CAUSES, _MOST_CAUSE = 3, 300
"""How many, and characters of each: a trace holds the records of all pings too."""


class TickRecord:
    """The record of one tick of `function`, below Lambda's segment of this invocation. Nothing here raises."""

    def __init__(self, function: str, request_id: str) -> None:
        self._trace = parse_trace_header(os.environ.get("_X_AMZN_TRACE_ID", ""))
        self._begun: dict[str, Any] = {
            "id": os.urandom(8).hex(),
            "name": NAME,
            "type": "subsegment",
            "namespace": "local",
            "start_time": round(time.time(), 6),
            "aws": {"request_id": request_id},
        }
        self._annotations = {
            Annotation.SERVICE: service_name(),
            Annotation.KIND: "tick",
            Annotation.FUNCTION: function,
        }

    def begin(self) -> None:
        """Send what is known when the tick begins."""
        self._send({"in_progress": True, "annotations": self._annotations})

    def end(self, result: Mapping[str, Any]) -> None:
        """Send the complete record: TICK_ANNOTATIONS of the tick's result as it is logged, and its first causes."""
        found = {name: result[name] for name in TICK_ANNOTATIONS}
        ended: dict[str, Any] = {"in_progress": False, "end_time": round(time.time(), 6)}
        if causes := [cause[:_MOST_CAUSE] for cause in result["causes"][:_MOST_CAUSES]]:
            ended["metadata"] = {NAME: {"causes": causes}}
        self._send(ended | {"annotations": self._annotations | found})

    def _send(self, rest: Mapping[str, Any]) -> None:
        try:
            address = daemon_address(os.environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
            if self._trace is None or address is None:
                return
            trace_id, parent_id = self._trace
            document = {**self._begun, "trace_id": trace_id, "parent_id": parent_id, **rest}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto((HEADER + json.dumps(document)).encode(), address)
        except Exception:
            return  # a record that cannot be sent must not break the tick
