"""HTTP in every shape is served by the same routes and answered in its own; everything else raises and is named."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pilotlight import Request, Response, Routes
from pilotlight.entry import entry_point
from pilotlight.payloads import UnknownPayloadError, as_rest, name_of
from tests.support.events import MACHINE, Context, proxy_event

URL_HOST = "abc123.lambda-url.eu-central-1.on.aws"


def version_2(method: str = "GET", path: str = "/items/7", **changes: Any) -> dict[str, Any]:
    """An HTTP API's event of payload 2.0 (a function URL's has the same shape), with everything optional left out."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": URL_HOST, "x-a": "1,2"},
        "requestContext": {
            "domainName": URL_HOST,
            "stage": "$default",
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7", "userAgent": "curl/8"},
            "authorizer": {"jwt": {"claims": {"sub": "42"}}},
        },
        "isBase64Encoded": False,
        **changes,
    }


def serve(event: dict[str, Any]) -> tuple[dict[str, Any], Request]:
    seen: list[Request] = []
    routes = Routes()

    @routes.route("/items/{id}")
    def item(request: Request) -> Response:
        seen.append(request)
        cookies = {"Set-Cookie": ["a=1", "b=2"], "X-Several": ["1", "2"]}
        return Response({"id": request.path_parameters["id"]}, headers=cookies)

    response = entry_point(routes, machine=MACHINE)(event, Context())
    return response, seen[0]


def test_payload_2_is_answered_in_its_own_shape() -> None:
    response, request = serve(version_2(rawQueryString="a=1&a=2&b=", cookies=["c=3", "d=4"]))
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"id": "7"}
    assert response["cookies"] == ["a=1", "b=2"]
    assert response["headers"]["X-Several"] == "1, 2"
    assert response["headers"]["X-Request-Id"] == "request-1"
    assert "multiValueHeaders" not in response
    assert not [name for name in response["headers"] if name.lower() == "set-cookie"]
    assert (request.query, request.multi_value_query["a"]) == ({"a": "2", "b": ""}, ["1", "2"])
    assert request.cookies == {"c": "3", "d": "4"}
    assert request.identity == {"sourceIp": "203.0.113.7", "userAgent": "curl/8"}
    assert request.authorizer["jwt"]["claims"]["sub"] == "42"


def test_the_stage_is_no_part_of_the_path() -> None:
    event = version_2(path="/prod/items/7")
    event["requestContext"]["stage"] = "prod"
    assert serve(event)[1].path == "/items/7"


def test_a_body_of_payload_2_arrives() -> None:
    body = base64.b64encode(b'{"a": 1}').decode()
    headers = {"content-type": "application/json"}
    _, request = serve(version_2("POST", headers=headers, body=body, isBase64Encoded=True))
    assert request.body == {"a": 1}


def test_a_route_key_names_the_resource() -> None:
    """So that a base path mapping is found here, too."""
    event = version_2(path="/base/items/7", routeKey="GET /items/{id}", pathParameters={"id": "7"})
    assert serve(event)[1].route_path == "/items/7"


@pytest.mark.parametrize(
    "changes",
    [{"headers": None}, {"rawPath": None}, {"cookies": "x"}, {"rawQueryString": None}, {"body": 5}, {"routeKey": None}],
)
def test_odd_values_are_the_clients_error_at_most(changes: dict[str, Any]) -> None:
    response = entry_point(Routes(), machine=MACHINE)(version_2(**changes), Context())
    assert 400 <= response["statusCode"] < 500


OTHERS: dict[str, dict[str, Any]] = {
    "an SQS message": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    "an SNS message": {"Records": [{"EventSource": "aws:sns"}]},
    "an S3 event": {"Records": [{"eventSource": "aws:s3"}]},
    "a record of aws:other": {"Records": [{"eventSource": "aws:other"}]},
    "a record of an unnamed source": {"Records": [{}]},
    "a request of an Application Load Balancer": proxy_event(requestContext={"elb": {"targetGroupArn": "arn:…"}}),
    "a WebSocket message": {"requestContext": {"connectionId": "a=", "eventType": "MESSAGE"}, "body": "hello"},
    "an EventBridge event of my.shop": {"source": "my.shop", "detail-type": "Order", "detail": {}},
    "a request to an authorizer": {"type": "TOKEN", "methodArn": "arn:…"},
    "an event with the keys a, b": {"a": 1, "b": 2},
    "an event with the keys requestContext": {"requestContext": {}},
    "an empty event": {},
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_is_neither_http_nor_a_ping_raises_and_is_named(name: str) -> None:
    """An answer would tell SQS that its message is done."""
    with pytest.raises(UnknownPayloadError) as error:
        entry_point(Routes(), machine=MACHINE)(OTHERS[name], Context())
    assert f"got {name}: give that a function of its own" in str(error.value)


def test_a_name_is_short_and_safe_whatever_the_event_holds() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    for event in ({"a": nested}, {"x" * 100_000: 1}, {"Records": [nested]}):
        assert len(name_of(event)) < 300


def test_http_is_never_taken_for_a_ping() -> None:
    """A request whose top-level keys a client could choose would need them beside `requestContext`."""
    ping = {"version": 1, "ping": "a", "index": 0, "of": 1, "hold_until": 0}
    response = entry_point(Routes(), machine=MACHINE)({**version_2(), "pilotlight": ping}, Context())
    assert response["statusCode"] == 404
    assert as_rest(version_2())["httpMethod"] == "GET"
