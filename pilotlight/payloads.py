"""Tells apart what invokes a function; a REST proxy event is recognised before this module is loaded.

HTTP API payloads 2.0 and function URLs are served as REST proxy events are, and answered in their own shape ("Create
AWS Lambda proxy integrations for HTTP APIs" in the API Gateway documentation, "Lambda function URLs" in Lambda's).
Everything else raises: an answer would tell SQS that a message is done, and it would be deleted.
"""

from __future__ import annotations

from urllib.parse import parse_qs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MOST_NAMED = 100
"""Characters of an event that an error message shows."""
_SOURCES = {
    "aws:sqs": "an SQS message",
    "aws:sns": "an SNS message",
    "aws:s3": "an S3 event",
    "aws:dynamodb": "a DynamoDB stream record",
    "aws:kinesis": "a Kinesis record",
}


class UnknownPayloadError(Exception):
    """The event is neither HTTP nor a ping; the message names what it is."""


def as_rest(event: Any) -> dict[str, Any]:
    """Return an HTTP API 2.0 or function URL event in the shape of a REST proxy event. Raises UnknownPayloadError."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    http = context.get("http") if isinstance(context, dict) else None
    if not isinstance(http, dict) or not isinstance(context, dict) or str(event.get("version")) != "2.0":
        raise UnknownPayloadError(
            f"this function serves HTTP requests and the warmer's pings, and got {name_of(event)}: "
            "give that a function of its own"
        )
    path = _path_of(event, context)
    headers = _strings(event.get("headers"))
    if cookies := [cookie for cookie in _list(event.get("cookies")) if isinstance(cookie, str)]:
        headers["cookie"] = "; ".join(cookies)
    query = parse_qs(str(event.get("rawQueryString") or ""), keep_blank_values=True)
    return {
        "httpMethod": http.get("method"),
        "path": path,
        "resource": _resource_of(event),
        "pathParameters": event.get("pathParameters"),
        "headers": headers,
        "multiValueHeaders": None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "stageVariables": event.get("stageVariables"),
        "requestContext": {
            **context,
            "path": event.get("rawPath"),
            "httpMethod": http.get("method"),
            "identity": {"sourceIp": http.get("sourceIp"), "userAgent": http.get("userAgent")},
        },
        "body": event.get("body"),
        "isBase64Encoded": event.get("isBase64Encoded", False),
    }


def as_version_2(response: dict[str, Any]) -> dict[str, Any]:
    """Return a REST proxy response in the shape of payload 2.0: cookies apart, no `multiValueHeaders`."""
    headers, cookies = {}, []
    several = response.get("multiValueHeaders", {})
    for name, values in [*((name, [value]) for name, value in response["headers"].items()), *several.items()]:
        if name.lower() == "set-cookie":
            cookies += values
        else:
            headers[name] = ", ".join(values)
    answer = {name: response[name] for name in ("statusCode", "body", "isBase64Encoded")}
    return {**answer, "headers": headers, **({"cookies": cookies} if cookies else {})}


def name_of(event: object) -> str:
    """What an event is, in a few words."""
    if not isinstance(event, dict):
        return f"an event of type {type(event).__name__}"
    context = event.get("requestContext")
    if isinstance(context, dict) and "elb" in context:
        return "a request of an Application Load Balancer"
    if isinstance(context, dict) and "connectionId" in context:
        return "a WebSocket message"
    records = _list(event.get("Records"))
    if records and isinstance(records[0], dict):
        source = str(records[0].get("eventSource") or records[0].get("EventSource") or "")
        return _SOURCES.get(source, f"a record of {source[:_MOST_NAMED] or 'an unnamed source'}")
    if "detail-type" in event:
        return f"an EventBridge event of {str(event.get('source'))[:_MOST_NAMED]}"
    if "methodArn" in event or "routeArn" in event:
        return "a request to an authorizer"
    keys = ", ".join(str(key)[:_MOST_NAMED] for key in list(event)[:10])
    return f"an event with the keys {keys[:_MOST_NAMED]}" if keys else "an empty event"


def _path_of(event: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """The path without the stage, which is part of it unless it is `$default`."""
    path, stage = event.get("rawPath"), context.get("stage")
    if not isinstance(path, str) or not isinstance(stage, str) or stage == "$default":
        return path
    prefix = f"/{stage}"
    return path[len(prefix) :] or "/" if path == prefix or path.startswith(f"{prefix}/") else path


def _resource_of(event: Mapping[str, Any]) -> str | None:
    """`/orders/{id}` of the route key `GET /orders/{id}`; None for `$default`."""
    _, _, resource = str(event.get("routeKey") or "").partition(" ")
    return resource or None


def _strings(values: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else []
