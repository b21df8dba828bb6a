"""One user request, observed in the segment documents of its trace.

**Response time** is from start to end of the API Gateway segment at the trace's root: how long the client waited,
without the network. A trace without one is measured by its AWS::Lambda segment; `measured_by` says which.
**Init duration** is the `Initialization` subsegment that Lambda sends (`Init` in some traces). In AWS's own samples it
begins before the function segment that contains it, so only its own start and end are used; where Lambda sent none,
the record's `init_ms` is.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, walk

API_GATEWAY = "API Gateway"
LAMBDA = "Lambda"
UNKNOWN = "unknown"

_INITIALIZATION_NAMES = {"Initialization", "Init"}


@dataclass(frozen=True, slots=True)
class Observation:
    """A user request: `at` in epoch seconds, durations in milliseconds, None where the trace has no value.

    `response_ms` is None for a partial trace: neither API Gateway's nor Lambda's segment has ended.
    `measured_by` names the segment that was measured.
    """

    trace_id: str
    at: float
    start: str
    response_ms: float | None
    measured_by: str | None
    handler_ms: float | None
    init_ms: float | None
    initialization_before_parent: bool
    status: int | None
    method: str
    route: str
    environment: str


def observe(trace_id: str, documents: list[Document], service: str) -> Observation | None:
    """Find the user request of `service` in a trace's documents; None when its record is not among them.

    The record may be a document of its own or inside Lambda's function segment, as X-Ray returns it. When the
    trace has several (an API that calls itself), the first is the user's.
    """
    records = [part for document in documents for part in walk(document) if _is_record(part, service)]
    if not records:
        return None
    record = min(records, key=lambda part: part["start_time"])
    annotations = record["annotations"]
    start = str(annotations.get(Annotation.START, UNKNOWN))
    whole, measured_by = _whole(documents)
    function = _function_of(record, documents)
    initialization = (
        next((p for p in walk(function) if p.get("name") in _INITIALIZATION_NAMES), None) if function else None
    )
    # A warm record also has the init_ms of its execution environment, but this request did not wait for it.
    init_ms = None if start == "warm" else _milliseconds(initialization) or annotations.get(Annotation.INIT_MS)
    http = (whole or {}).get("http") or record.get("http") or {}
    return Observation(
        trace_id=trace_id,
        at=(whole or record)["start_time"],
        start=start,
        response_ms=_milliseconds(whole),
        measured_by=measured_by,
        handler_ms=_milliseconds(record),
        init_ms=init_ms,
        initialization_before_parent=bool(
            initialization and function and initialization["start_time"] < function["start_time"]
        ),
        status=http.get("response", {}).get("status") or annotations.get(Annotation.STATUS),
        method=str(http.get("request", {}).get("method") or ""),
        route=str(annotations.get(Annotation.ROUTE, "")),
        environment=str(annotations.get(Annotation.ENVIRONMENT, "")),
    )


def _is_record(part: Document, service: str) -> bool:
    annotations = part.get("annotations") or {}
    return annotations.get(Annotation.KIND) == "request" and annotations.get(Annotation.SERVICE) == service


def _whole(documents: list[Document]) -> tuple[Document | None, str | None]:
    ended = sorted((d for d in documents if "end_time" in d), key=lambda document: document["start_time"])
    for origin, name in (("AWS::ApiGateway::Stage", API_GATEWAY), ("AWS::Lambda", LAMBDA)):
        for document in ended:
            if document.get("origin") == origin:
                return document, name
    return None, None


def _function_of(record: Document, documents: list[Document]) -> Document | None:
    functions = [document for document in documents if document.get("origin") == "AWS::Lambda::Function"]
    for function in functions:
        if function.get("id") == record.get("parent_id") or any(part is record for part in walk(function)):
            return function
    return None


def _milliseconds(part: Document | None) -> float | None:
    if part is None or "end_time" not in part:
        return None
    return float(round((part["end_time"] - part["start_time"]) * 1000, 3))
