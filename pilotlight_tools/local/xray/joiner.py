"""Joins the front door's measurements with the handler's records by the request id, whichever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.xray.synthetic import Measurement, is_synthetic, synthesise

# How long one side waits for the other. The record is sent before the answer, so that this only runs out for requests
# that never reached the handler, and for invocations that did not come through the front door.
PATIENCE_SECONDS = 3.0
_PARENTS_REMEMBERED = 10_000


class Joiner:
    """Gives the synthetic segments of each request to `emit`, once. Not thread-safe: its owner holds a lock."""

    def __init__(
        self,
        service: str,
        stage: str,
        emit: Callable[[list[Document]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._stage = stage
        self._emit = emit
        self._clock = clock
        self._measurements: dict[str, tuple[float, Measurement]] = {}
        self._records: dict[str, tuple[float, Document]] = {}
        self._parents: dict[str, str] = {}

    def measured(self, measurement: Measurement) -> None:
        """A request was answered at the front door."""
        if measurement.request_id is None:
            self._make(measurement, None)
        elif measurement.request_id in self._records:
            self._make(measurement, self._records.pop(measurement.request_id)[1])
        else:
            self._measurements[measurement.request_id] = (self._clock(), measurement)

    def recorded(self, document: Document) -> None:
        """A document arrived; those that are not records of ours are passed over."""
        kind = document.get("annotations", {}).get("kind")
        if kind not in {"request", "warmup", "tick"} or "parent_id" not in document or is_synthetic(document):
            return
        request_id = document.get("aws", {}).get("request_id")
        if kind != "request" or not isinstance(request_id, str):
            self._make(None, document)
        elif request_id in self._measurements:
            self._make(self._measurements.pop(request_id)[1], document)
        else:
            self._records[request_id] = (self._clock(), document)

    def expire(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Make what there is for each side that has waited that long."""
        due = self._clock() - patience_seconds
        for measurements_key in [key for key, (since, _) in self._measurements.items() if since <= due]:
            self._make(self._measurements.pop(measurements_key)[1], None)
        for records_key in [key for key, (since, _) in self._records.items() if since <= due]:
            self._make(None, self._records.pop(records_key)[1])

    def _make(self, measurement: Measurement | None, record: Document | None) -> None:
        taken = record is not None and self._is_taken(record)
        self._emit(synthesise(measurement, record, self._service, self._stage, parent_taken=taken))

    def _is_taken(self, record: Document) -> bool:
        """Has another record named the same parent before?

        On AWS each invocation has a function segment, and so a parent, of its own. A caller that hands its trace header
        to an engine which passes it on unchanged would have all it invokes name one parent.
        """
        parent = f"{record['trace_id']} {record['parent_id']}"
        first = self._parents.setdefault(parent, record["id"])
        if len(self._parents) > _PARENTS_REMEMBERED:
            del self._parents[next(iter(self._parents))]
        return bool(first != record["id"])
