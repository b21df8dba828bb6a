"""Records as the handler and the warmer send them, for tests and benchmarks of records and reports."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterable
from typing import Any

from pilotlight_tools.latency.deployment import Deployment
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.engine import REGION
from pilotlight_tools.local.xray import XRay

SERVICE = "pilotlight-test"
STAGE = "test"


def deployment_of(xray: XRay) -> Deployment:
    """What reports read of an X-Ray that stands alone."""
    return Deployment(SERVICE, STAGE, REGION, xray.endpoint_url, local=True)


class RecordMaker:
    """Makes records whose ids come from a seed, so that a failing run can be repeated."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 (not for security)

    def identity(self, digits: int = 16) -> str:
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"

    def trace_id(self, at: float) -> str:
        return f"1-{int(at):08x}-{self.identity(24)}"

    def request(
        self,
        at: float,
        *,
        start: str = "warm",
        seconds: float = 0.02,
        status: int | None = 200,
        init_ms: float | None = None,
        environment: str = "e1",
        warmed_by_ping: bool = False,
        route: str = "/hello",
        function: str | None = None,
    ) -> Document:
        """Return one user request's record, at `at` epoch seconds; without a status, of a handler that raised."""
        annotations = {
            "service": SERVICE,
            "kind": "request",
            "start": start,
            "cold_start": start == "cold",
            "environment": environment,
            "route": route,
            "warmed_by_ping": warmed_by_ping,
        }
        annotations |= {} if status is None else {"status": status}
        annotations |= {} if function is None else {"function": function}
        document = self._subsegment(at, seconds, annotations | ({} if init_ms is None else {"init_ms": init_ms}))
        if status is None:
            return document | {"fault": True}
        document["http"] = {"request": {"method": "GET", "url": route}, "response": {"status": status}}
        if status >= 500:
            document["fault"] = True
        elif status >= 400:
            document["error"] = True
        return document

    def tick(
        self, at: float, *, requested: int = 5, unique: int = 5, cold: int = 0, function: str = f"{SERVICE}-api"
    ) -> list[Document]:
        """Return a tick's record and its pings', in one trace and below one parent."""
        annotations = {
            "service": SERVICE,
            "kind": "tick",
            "function": function,
            "requested": requested,
            "unique": unique,
            "failed": 0,
            "throttled": requested - unique,
            "cold": cold,
            "coverage": unique / requested,
        }
        tick = self._subsegment(at, 0.5, annotations)
        pings = []
        for index in range(unique):
            is_cold = index < cold
            ping = self._subsegment(at + 0.05, 0.3, {"kind": "ping", "start": "cold" if is_cold else "warm"})
            facts = {"service": SERVICE, "cold_start": is_cold, "environment": f"e{index}"}
            ping["metadata"] = {"pilotlight": facts | ({"init_ms": 90.0} if is_cold else {})}
            pings.append(ping | {"trace_id": tick["trace_id"], "parent_id": tick["parent_id"]})
        return [*pings, tick]

    def tick_of_two(self, at: float, first: dict[str, Any], second: dict[str, Any]) -> list[Document]:
        """Return the records of two targets' ticks, one after the other in one invocation, with their pings'."""
        *pings, tick = self.tick(at, **first, function="one")
        *more, other = self.tick(at + 1, **second, function="two")
        same = {key: tick[key] for key in ("trace_id", "parent_id")}
        return [*pings, tick, *(ping | same for ping in more), other | same | {"aws": tick["aws"]}]

    def _subsegment(self, at: float, seconds: float, annotations: dict[str, Any]) -> Document:
        return {
            "name": "pilotlight",
            "id": self.identity(),
            "trace_id": self.trace_id(at),
            "parent_id": self.identity(),
            "type": "subsegment",
            "start_time": at,
            "end_time": at + seconds,
            "aws": {"request_id": f"request-{self.identity()}"},
            "annotations": annotations,
        }


def datagram(document: Document) -> bytes:
    return b'{"format": "json", "version": 1}\n' + json.dumps(document).encode()


def send(daemon_address: str, datagrams: Iterable[bytes]) -> None:
    host, _, port = daemon_address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for each in datagrams:
            sender.sendto(each, (host, int(port)))
