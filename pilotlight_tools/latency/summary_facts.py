"""What a trace's summary says of a request ("TraceSummary", X-Ray API reference)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilotlight.environment import START_TYPES, Annotation
from pilotlight_tools.latency.columns import NOT_MEASURED
from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.records import is_number

Summary = dict[str, Any]


def moment_of(summary: Summary) -> float:
    """When the trace began, in epoch seconds: X-Ray's StartTime, or the second in the trace id, which all have."""
    if "StartTime" in summary:
        return float(summary["StartTime"])
    return float(int(summary["Id"].split("-")[1], 16))


def response_ms_of(summary: Summary, measure: int) -> float:
    return round(summary["ResponseTime"] * 1000, 3) if measure else NOT_MEASURED


def http_status_of(summary: Summary, measure: int) -> int:
    """The status that API Gateway sent; Lambda's segment has the invocation's, which is 200 whatever was returned."""
    status: Any = (summary.get("Http") or {}).get("HttpStatus")
    return int(status) if measure == 1 and is_number(status, 100, 999) else 0


def status_of(summary: Summary) -> int:
    """The status in the record; 0 where it has none."""
    statuses = (int(value) for value in values_of(summary, Annotation.STATUS) if is_number(value, 100, 999))
    return next(statuses, 0)


def start_of(summary: Summary) -> str:
    """The start type, among values that the service's own annotations of that name may have."""
    values = [value for value in values_of(summary, Annotation.START) if isinstance(value, str)]
    return next((value for value in values if value in START_TYPES), values[0] if values else UNKNOWN)


def function_of(summary: Summary) -> str:
    """The function's name, of the record, or of Lambda's segment."""
    if name := text_of(summary, Annotation.FUNCTION):
        return name
    services: Iterable[dict[str, Any]] = summary.get("ServiceIds") or ()
    return next((str(each.get("Name")) for each in services if each.get("Type") == "AWS::Lambda::Function"), "")


def text_of(summary: Summary, key: str) -> str:
    return next((value for value in values_of(summary, key) if isinstance(value, str)), "")


def outcome_of(summary: Summary) -> str:
    for key, name in (("HasThrottle", "throttled"), ("HasFault", "fault"), ("HasError", "error")):
        if summary.get(key):
            return name
    return "other"


def values_of(summary: Summary, key: str) -> list[str | float | bool]:
    entries = summary.get("Annotations", {}).get(key, ())
    return [value for entry in entries for value in entry.get("AnnotationValue", {}).values()]
