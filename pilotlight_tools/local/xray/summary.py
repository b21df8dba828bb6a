"""Trace summaries, computed from the documents as X-Ray does.

Every field follows its description in the API reference (API_TraceSummary), which leaves two things open. Here the root
is the earliest segment without a parent in the trace, and a segment without any `parent_id` comes before others. A
trace that has only subsegments and no segment is partial and has no response time.
"""

from __future__ import annotations

from typing import Any

from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.local.xray.documents import is_segment

_ACCOUNT = "000000000000"


def summarise(trace_id: str, documents: list[Document], revision: int) -> dict[str, Any]:
    """The TraceSummary of these documents, in the JSON shape of the API: times epoch seconds, durations seconds."""
    segments = [document for document in documents if is_segment(document)]
    root = _root_segment(documents)
    summary: dict[str, Any] = {
        "Id": trace_id,
        "StartTime": min(document["start_time"] for document in documents),
        "Duration": duration(documents),
        "HasFault": bool(root and root.get("fault")),
        "HasError": bool(root and root.get("error")),
        "HasThrottle": any(document.get("throttle") for document in documents),
        "IsPartial": root is None or any(document.get("in_progress") for document in documents),
        "Http": _http(root),
        "Annotations": _annotations(documents),
        "Users": [
            {"UserName": segment["user"], "ServiceIds": [_service_id(segment)]}
            for segment in segments
            if "user" in segment
        ],
        "ServiceIds": _unique([_service_id(segment) for segment in segments]),
        "ResourceARNs": _unique(
            [{"ARN": segment["resource_arn"]} for segment in segments if "resource_arn" in segment]
        ),
        "InstanceIds": [],
        "AvailabilityZones": [],
        "FaultRootCauses": [],
        "ErrorRootCauses": [],
        "ResponseTimeRootCauses": [],
        "Revision": revision,
    }
    if root:
        summary["EntryPoint"] = _service_id(root)
        if "end_time" in root:
            summary["ResponseTime"] = round(root["end_time"] - root["start_time"], 6)
    return summary


def duration(documents: list[Document]) -> float:
    """Return the seconds from the start of the earliest segment to the end of the last that completed."""
    timed = [document for document in documents if is_segment(document)] or documents
    ends = [document["end_time"] for document in timed if "end_time" in document]
    start = min(document["start_time"] for document in timed)
    return float(round(max(ends, default=start) - start, 6))


def _root_segment(documents: list[Document]) -> Document | None:
    """Return the segment that the trace began with, or None when none has arrived."""
    known = {inner.get("id") for document in documents for inner in walk(document)}
    roots = [document for document in documents if is_segment(document) and document.get("parent_id") not in known]
    return min(roots, key=lambda segment: ("parent_id" in segment, segment["start_time"]), default=None)


def _http(root: Document | None) -> dict[str, Any]:
    http = (root or {}).get("http", {})
    request, response = http.get("request", {}), http.get("response", {})
    found = {
        "HttpURL": request.get("url"),
        "HttpStatus": response.get("status"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _annotations(documents: list[Document]) -> dict[str, list[dict[str, Any]]]:
    """Collect the annotations of all segments and subsegments; equal values of one key are merged."""
    owners = {inner.get("id"): document for document in documents if is_segment(document) for inner in walk(document)}
    found: dict[str, dict[tuple[str, object], dict[str, Any]]] = {}
    for document in documents:
        owner = _service_id(document if is_segment(document) else owners.get(document.get("parent_id"), document))
        for inner in walk(document):
            for key, value in (inner.get("annotations") or {}).items():
                entry = {"AnnotationValue": {_value_type(value): value}, "ServiceIds": []}
                kept = found.setdefault(key, {}).setdefault((_value_type(value), value), entry)
                if owner not in kept["ServiceIds"]:
                    kept["ServiceIds"].append(owner)
    return {key: list(values.values()) for key, values in found.items()}


def _value_type(value: object) -> str:
    # bool before number, because True is an int in Python.
    if isinstance(value, bool):
        return "BooleanValue"
    return "NumberValue" if isinstance(value, int | float) else "StringValue"


def _service_id(segment: Document) -> dict[str, Any]:
    identity = {"Name": segment["name"], "Names": [segment["name"]], "AccountId": _ACCOUNT}
    return identity | ({"Type": segment["origin"]} if "origin" in segment else {})


def _unique(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for index, item in enumerate(items) if item not in items[:index]]
