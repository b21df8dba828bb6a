"""The events, the context and the client for tests have the shapes of Lambda's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from awslambdaric.lambda_context import LambdaContext  # type: ignore[import-untyped]

from pilotlight.proxy import Request, Response
from pilotlight.routing import Routes
from pilotlight.testing import Context, client
from pilotlight.testing import rest_event as event
from tests.support.events import proxy_event
from tests.support.service import EVENTS
from tests.support.service.handler import routes

THEIRS = {"Accept": "*/*", "User-Agent": "curl/8.9.1", "X-Amzn-Trace-Id": "Root=1-6740a5e4-0123456789abcdef01234567"}
"""Headers of the samples that the client sends, or that only a traced request has."""
REQUESTS: dict[str, dict[str, Any]] = {
    "get-hello": event("GET", "/hello", query={"name": "marie", "env": "prod"}, headers=THEIRS),
    "get-item": event("get", "/items/42", headers=THEIRS),
    "not-found": event("GET", "/nothing/here", headers=THEIRS),
    "post-binary": event(
        "POST",
        "/hello",
        headers={**THEIRS, "Content-Type": "application/octet-stream"},
        body=b"\x00\x01\x02\xfd\xfe\xff",
    ),
    "post-json": event(
        "POST",
        "/hello",
        headers={**THEIRS, "Content-Type": "application/json"},
        body=json.dumps({"name": "Marie", "tags": ["a", "ü"]}, ensure_ascii=False).encode(),
    ),
}
CHANGING = {"resource", "pathParameters", "requestContext"}
"""A sample of a path that serverless.yml names has that path as its resource, and every request its own ids."""


def sample(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", REQUESTS)
def test_an_event_is_the_sample_key_by_key(name: str) -> None:
    made, expected = REQUESTS[name], sample(name)
    assert made.keys() == expected.keys()
    assert {key: made[key] for key in made.keys() - CHANGING} == {key: expected[key] for key in made.keys() - CHANGING}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_request_context_has_the_samples_keys_and_types(name: str) -> None:
    made, expected = REQUESTS[name]["requestContext"], sample(name)["requestContext"]
    assert {key: type(value) for key, value in made.items()} == {key: type(value) for key, value in expected.items()}
    assert made["identity"] == expected["identity"]
    assert (made["httpMethod"], made["protocol"]) == (expected["httpMethod"], expected["protocol"])
    assert made["path"] == f"/{made['stage']}{REQUESTS[name]['path']}"


def test_the_catch_all_resource_is_what_a_path_arrives_by() -> None:
    expected = sample("get-item")
    made = event("GET", "/items/42")
    assert (made["resource"], made["pathParameters"]) == (expected["resource"], expected["pathParameters"])
    assert (event("GET", "/")["resource"], event("GET", "/")["pathParameters"]) == ("/", None)


def test_an_event_has_the_keys_that_the_other_tests_send() -> None:
    assert event("GET", "/x").keys() == proxy_event().keys()


def test_missing_parts_of_an_event_are_null() -> None:
    made = event("GET", "/hello")
    empty = ("queryStringParameters", "multiValueQueryStringParameters", "stageVariables", "body")
    assert [made[key] for key in empty] == [None] * len(empty)
    assert event("GET", "/hello", query={"none": []})["queryStringParameters"] is None


def test_a_name_sent_twice_has_its_last_value_in_the_single_map() -> None:
    made = event("GET", "/hello", query={"tag": ["a", "b"], "limit": 10})
    assert made["queryStringParameters"] == {"tag": "b", "limit": "10"}
    assert made["multiValueQueryStringParameters"] == {"tag": ["a", "b"], "limit": ["10"]}


def test_a_header_of_any_case_replaces_what_api_gateway_adds() -> None:
    made = event("POST", "/hello", headers={"host": "example.com", "content-type": "application/vnd.api+json"}, body={})
    names = [name.lower() for name in made["headers"]]
    assert len(names) == len(set(names))
    assert (made["headers"]["host"], made["headers"]["content-type"]) == ("example.com", "application/vnd.api+json")


def test_json_is_declared_and_text_is_not() -> None:
    assert event("POST", "/x", body=[1])["headers"]["Content-Type"] == "application/json"
    plain = event("POST", "/x", body="a=1")
    assert (plain["body"], plain["isBase64Encoded"], "Content-Type" in plain["headers"]) == ("a=1", False, False)


def test_a_path_is_encoded_once() -> None:
    assert event("GET", "/items/café au lait")["path"] == "/items/caf%C3%A9%20au%20lait"
    assert event("GET", "/items/caf%C3%A9")["path"] == "/items/caf%C3%A9"


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("BREW", "/hello", "'BREW' is not one of GET"),
        ("GET", "hello", "begins with /"),
        ("GET", "/hello?name=marie", "`query=`"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused(method: str, path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        event(method, path)


def test_a_body_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="not set"):
        event("POST", "/hello", body={1, 2})


def test_the_context_has_all_attributes_of_the_runtimes_own() -> None:
    theirs = LambdaContext("request-1", None, None, 0)
    documented = {name for name in vars(theirs) if not name.startswith("_")}
    assert documented <= vars(Context()).keys()
    assert Context("request-1").aws_request_id == "request-1"
    assert Context().aws_request_id != Context().aws_request_id
    assert isinstance(Context().memory_limit_in_mb, str)
    assert vars(Context().identity).keys() == set(type(theirs.identity).__slots__)


def test_the_time_left_counts_down_to_zero() -> None:
    times = iter([100.0, 100.0, 102.5, 104.0])
    context = Context(timeout_seconds=3.0, clock=lambda: next(times))
    assert [context.get_remaining_time_in_millis() for _ in range(3)] == [3000, 500, 0]


def test_a_client_invokes_the_real_entry_point() -> None:
    response = client(routes).get("/hello", query={"name": "marie"}, headers={"Accept": "*/*"})
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json()["query"] == {"name": "marie"}
    assert response.text == response.body.decode()


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_every_method_sends_its_own_name(method: str) -> None:
    send = getattr(client(routes), method)
    assert send("/hello").json()["method"] == method.upper()


def test_head_brings_no_body() -> None:
    response = client(routes).head("/items/7")
    assert (response.status, response.body, response.headers["Content-Type"]) == (200, b"", "application/json")


@pytest.mark.parametrize("value", [{"name": "marie"}, [1], "text", 7, None])
def test_json_arrives_as_it_was(value: object) -> None:
    arrived: list[object] = []
    echo = Routes()
    echo.route("/it", "POST")(lambda request: arrived.append(request.body))
    assert client(echo).post("/it", json=value).status == 204
    assert arrived == [value]


def test_bytes_arrive_and_come_back_as_they_were() -> None:
    echo = Routes()

    @echo.route("/it", "PUT")
    def back(request: Request) -> Response:
        return Response(request.body, headers={"Set-Cookie": ["a=1", "b=2"]})

    response = client(echo).put("/it", body=bytes(range(256)))
    assert response.body == bytes(range(256))
    assert response.multi_value_headers["set-cookie"] == ["a=1", "b=2"]
    assert response.headers["SET-COOKIE"] == "b=2"


def test_two_bodies_are_refused() -> None:
    with pytest.raises(ValueError, match="one body"):
        client(routes).post("/hello", body="a", json={})


def test_errors_are_responses() -> None:
    assert client(routes).get("/nowhere").json()["error"] == "not found"
    assert client(routes).delete("/items/7").status == 405


def test_a_client_of_a_handler_function_shows_what_it_returned() -> None:
    asked: list[Any] = []

    def handler(event: Any, context: Any) -> Any:
        asked.append((event["path"], context.get_remaining_time_in_millis() > 0))
        return {"statusCode": 418, "body": "short and stout"}

    assert (client(handler).get("/teapot").status, asked) == (418, [("/teapot", True)])


@pytest.mark.parametrize("returned", [None, "text", {}, {"statusCode": "200"}, {"statusCode": True}])
def test_a_result_that_is_a_502_in_api_gateway_is_refused(returned: object) -> None:
    with pytest.raises(ValueError, match="502"):
        client(lambda *_: returned).get("/")


def test_a_result_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        client(lambda *_: {"statusCode": 200, "body": b"x"}).get("/")


def test_a_header_without_values_is_left_out() -> None:
    response = client(lambda *_: {"statusCode": 200, "multiValueHeaders": {"X-None": []}}).get("/")
    assert (response.headers.get("x-none"), response.body) == (None, b"")


def test_one_client_is_one_execution_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry point counts each cold start: the first request's, and no other."""
    both = client(routes)
    first, second = both.get("/hello"), both.get("/hello")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert len([line for line in capsys.readouterr().out.splitlines() if '"ColdStart"' in line]) == 1
