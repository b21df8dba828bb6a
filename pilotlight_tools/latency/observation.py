"""One user request, observed in the segment documents of its trace.

**Response time** is from start to end of the API Gateway segment that called the function: how long the client waited,
without the network. Only REST APIs send one ("Amazon API Gateway active tracing support for AWS X-Ray"): behind an HTTP
API, a function URL, a load balancer or a queue, the time is that of Lambda's segment, from the invocation's arrival to
its end, a cold start's init included. `measured_by` says which.
**Init duration** of a cold start is the `Initialization` subsegment that Lambda sends (`Init` in some traces). In AWS's
own samples it begins before the function segment that contains it, so only its own start and end are used; where
Lambda sent none, the record's `init_ms` is. Of any other start it is the record's alone: there X-Ray may show the time
from an init long ago to the invocation.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.latency.records import flaw_of, is_record

API_GATEWAY = "API Gateway"
LAMBDA = "Lambda"
UNKNOWN = "unknown"

_INITIALIZATION_NAMES = {"Initialization", "Init"}


@dataclass(frozen=True, slots=True)
class Observation:
    """A user request: `at` in epoch seconds, durations in milliseconds, None where the trace has no value.

    `request_id` is Lambda's. `function` is the function's name, empty where the trace does not tell. `response_ms` is
    None for a partial trace: neither API Gateway's nor Lambda's segment has ended. `measured_by` names the segment that
    was measured.
    `raised_unseen`: the handler raised, and nothing else in the trace says so (see `_raised_unseen`).
    """

    trace_id: str
    request_id: str
    function: str
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
    raised_unseen: bool


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
    function = _function_of(record, documents)
    whole, measured_by = _whole(function, documents)
    initialization = (
        next((p for p in walk(function) if p.get("name") in _INITIALIZATION_NAMES), None) if function else None
    )
    # A warm record also has the init_ms of its execution environment, but this request did not wait for it.
    recorded = None if start == "warm" else annotations.get(Annotation.INIT_MS)
    init_ms = (_milliseconds(initialization) if start == "cold" else None) or recorded
    # Lambda's segment has the status of the invocation, which is 200 whatever the function responds.
    http = (whole if whole and measured_by == API_GATEWAY else record).get("http") or {}
    return Observation(
        trace_id=trace_id,
        request_id=str((record.get("aws") or {}).get("request_id", "")),
        function=_function_name(record, function, whole if measured_by == LAMBDA else None),
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
        raised_unseen=_raised_unseen(record, whole),
    )


def _is_record(part: Document, service: str) -> bool:
    if not is_record(part) or flaw_of(part):
        return False
    annotations = part.get("annotations") or {}
    return annotations.get(Annotation.KIND) == "request" and annotations.get(Annotation.SERVICE) == service


def _raised_unseen(record: Document, whole: Document | None) -> bool:
    """Whether the handler raised, and a summary of the trace does not say so.

    A handler that raises responds nothing, so its record has no status. API Gateway makes that a 502, and its segment a
    fault; without API Gateway the trace begins with Lambda's segment, whose status is 200.
    """
    has_status = Annotation.STATUS in (record.get("annotations") or {})
    return bool(record.get("fault")) and not has_status and not (whole or {}).get("fault")


def _whole(function: Document | None, documents: list[Document]) -> tuple[Document | None, str | None]:
    """The segment that measures the request to `function`, and whose it is."""
    ended = sorted((d for d in documents if "end_time" in d), key=lambda document: document["start_time"])
    invocations = [document for document in ended if document.get("origin") == "AWS::Lambda"]
    invocation = next((d for d in invocations if function and d.get("id") == function.get("parent_id")), None)
    if gateway := _gateway_of(invocation, documents, ended):
        return gateway, API_GATEWAY
    invocation = invocation or next(iter(invocations), None)
    return invocation, LAMBDA if invocation else None


def _gateway_of(invocation: Document | None, documents: list[Document], ended: list[Document]) -> Document | None:
    """API Gateway's segment of the stage that caused this invocation.

    A trace may have a stage of another service at its root, whose function called this one by an HTTP API or the SDK.
    Where the link is broken, because X-Ray lacks a segment, the trace's first stage is taken.
    """
    gateways = [document for document in ended if document.get("origin") == "AWS::ApiGateway::Stage"]
    if invocation is None:
        return next(iter(gateways), None)
    parent = invocation.get("parent_id")
    if not parent:
        return None
    caller = next((d for d in documents if any(part.get("id") == parent for part in walk(d))), None)
    if caller is None:
        return next(iter(gateways), None)
    return caller if caller in gateways else None


def _function_name(record: Document, *segments: Document | None) -> str:
    """The function's name: of Lambda's segments, or as the record has it."""
    named = next((segment for segment in segments if segment), None)
    return str((named or {}).get("name") or record["annotations"].get(Annotation.FUNCTION, ""))


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
