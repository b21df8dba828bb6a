"""What a record says of an invocation of someone else's handler, read from its event and its response."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pilotlight.tracing import Record

FAILED_STATUS = 502
"""What a client gets where the function fails or its response has the wrong format ("Handling Lambda errors with an API
Gateway API"; "Lambda functions as Application Load Balancer targets")."""


def describe(record: Record, event: Any, response: Any, route: Callable[[Mapping[str, Any]], str] | None) -> None:
    """Fill in the record's method, URL, route and status. Nothing here raises: an event may hold anything."""
    try:
        context = event.get("requestContext") if isinstance(event, dict) else None
        is_lattice = isinstance(event, dict) and "raw_path" in event  # event structure 1
        if not isinstance(context, dict) and not is_lattice:
            record.route = _source(event)
            return
        context = context if isinstance(context, dict) else {}
        record.status = FAILED_STATUS if record.exception else _status(context, response)
        record.method, record.url = method_of(event), _url(event, context)
        record.route = _route(event) if route is None else str(route(event) or "")
    except Exception as error:  # of `route`, or of an event that only looks like HTTP
        record.route = record.route or f"unknown: {type(error).__name__}"


def method_of(event: Mapping[str, Any]) -> str:
    """The method of an HTTP event of any kind."""
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if isinstance(http, dict):  # payload 2.0
        return str(http.get("method"))
    return str(event.get("httpMethod") or event.get("method"))


def _status(context: Mapping[str, Any], response: Any) -> int:
    """The status that the client gets, also for a response without one.

    Payload 2.0 takes any JSON for a response with status 200 ("Create AWS Lambda proxy integrations for HTTP APIs");
    everything else needs a `statusCode`, and takes a number in text for one.
    """
    declared = response.get("statusCode") if isinstance(response, dict) else None
    if declared is None:
        return 200 if "http" in context else FAILED_STATUS
    try:
        status = int(declared)
    except (TypeError, ValueError):
        return FAILED_STATUS
    return status if 100 <= status <= 599 else FAILED_STATUS


def _url(event: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """The URL without its query, which may hold data that must not be in a trace."""
    headers = event.get("headers")
    host = context.get("domainName") or (_header(headers, "host") if isinstance(headers, dict) else "") or "localhost"
    path = context.get("path") or event.get("rawPath") or event.get("path") or event.get("raw_path") or "/"
    return f"https://{host}{str(path).partition('?')[0]}"


def _header(headers: Mapping[str, Any], wanted: str) -> str:
    values = [value for name, value in headers.items() if name.lower() == wanted]
    value = values[0] if values else ""
    return str(value[0] if isinstance(value, list) and value else value)


def _route(event: Mapping[str, Any]) -> str:
    """`/orders/{id}`, as API Gateway matched it; "" where nothing did, as for a function URL."""
    if isinstance(resource := event.get("resource"), str):
        return resource
    key = str(event.get("routeKey") or "")
    return key.partition(" ")[2] or ("" if key == "$default" else key)


def _source(event: Any) -> str:
    """What an event that is not HTTP is of, such as `aws:sqs` or `aws.events`: few values, since routes are counted."""
    if not isinstance(event, dict):
        return type(event).__name__
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}
    return str(first.get("eventSource") or first.get("EventSource") or event.get("source") or "event")[:100]
