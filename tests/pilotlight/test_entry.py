"""Flow 1 as a client of the handler sees it: event in, proxy response out."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotlight.entry import entry_point
from pilotlight.environment import ExecutionEnvironment
from pilotlight.payloads import UnknownPayloadError
from pilotlight.proxy import RESPONSE_LIMIT_BYTES, HttpError, Request, Response
from pilotlight.routing import Routes
from tests.support.events import MACHINE, Context, proxy_event
from tests.support.service import handler as seed

JSON = {"Content-Type": "application/json"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def ask(routes: Routes, event: Any, context: Any = None) -> dict[str, Any]:
    response = entry_point(routes, machine=MACHINE)(event, context or Context())
    assert isinstance(response, dict)
    assert_valid(response)
    return response


def assert_valid(response: dict[str, Any]) -> None:
    """What API Gateway requires of a REST proxy response; anything else is a 502."""
    assert set(response) <= {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
    assert type(response["statusCode"]) is int
    assert 200 <= response["statusCode"] <= 599
    assert isinstance(response["body"], str)
    assert isinstance(response["isBase64Encoded"], bool)
    assert all(isinstance(value, str) for value in response["headers"].values())
    assert "X-Request-Id" in response["headers"]
    assert "Access-Control-Allow-Origin" in response["headers"]
    json.dumps(response).encode()


def route_returning(result: Any, *methods: str) -> Routes:
    routes = Routes()
    routes.route("/it", *methods)(lambda _: result)
    return routes


def test_the_seed_response_is_exact() -> None:
    event = proxy_event(queryStringParameters={"name": "marie", "env": "prod"})
    response = seed.handler(event, Context())
    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "application/json"
    assert response["body"] == (
        '{"message": "Hello from Lambda", "method": "GET", "path": "/hello", "query": {"env": "prod", "name": "marie"}}'
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_hello_responds_to_any_method(method: str) -> None:
    response = ask(seed.routes, proxy_event(method))
    assert json.loads(response["body"])["method"] == method


@pytest.mark.parametrize(
    ("headers", "body", "is_base64", "expected"),
    [
        ({"content-TYPE": "application/json; charset=utf-8"}, '{"a": [1]}', False, {"a": [1]}),
        ({"Content-Type": "application/vnd.api+json"}, "[1]", False, [1]),
        (JSON, base64.b64encode(b'{"a": "\xc3\xa9"}').decode(), True, {"a": "é"}),
        ({"Content-Type": "text/plain"}, '{"a": 1}', False, '{"a": 1}'),
        ({}, "a=1", False, b"a=1".hex()),
        ({"Content-Type": "text/plain; charset=latin-1"}, base64.b64encode(b"\xe9").decode(), True, "é"),
        ({"Content-Type": "image/png"}, base64.b64encode(b"\x89PNG").decode(), True, b"\x89PNG".hex()),
    ],
)
def test_a_body_is_parsed_as_its_content_type_declares(
    headers: dict[str, str], body: str, is_base64: bool, expected: object
) -> None:
    event = proxy_event("POST", headers=headers, body=body, isBase64Encoded=is_base64)
    assert json.loads(ask(seed.routes, event)["body"])["body"] == expected


@pytest.mark.parametrize("body", [None, ""])
def test_without_a_request_body_the_key_is_left_out(body: str | None) -> None:
    assert "body" not in json.loads(ask(seed.routes, proxy_event("POST", headers=JSON, body=body))["body"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": JSON, "body": "{bad"}, 400),
        ({"headers": JSON, "body": "NaN"}, 400),
        ({"headers": JSON, "body": "[" * 100_000}, 400),
        ({"headers": JSON, "body": "9" * 5000}, 400),
        ({"body": "####", "isBase64Encoded": True}, 400),
        ({"body": "YQ", "isBase64Encoded": True}, 400),
        ({"body": "é", "isBase64Encoded": True}, 400),
        ({"headers": JSON, "body": "/w==", "isBase64Encoded": True}, 400),
        ({"headers": {"content-type": "text/plain; charset=klingon"}, "body": "YQ==", "isBase64Encoded": True}, 415),
        ({"body": 7}, 400),
        ({"headers": []}, 200),
        ({"headers": "no"}, 400),
        ({"path": ""}, 400),
        ({"httpMethod": 3}, 400),
    ],
)
def test_malformed_requests_get_their_status(changes: dict[str, Any], status: int) -> None:
    response = ask(seed.routes, proxy_event("POST", **changes))
    assert response["statusCode"] == status
    if status == 400:
        assert json.loads(response["body"])["error"] == "bad request"


def test_an_http_error_keeps_its_status_and_detail() -> None:
    routes = Routes()

    @routes.route("/it")
    def refuse(_: Request) -> None:
        raise HttpError(400, "missing required field")

    response = ask(routes, proxy_event(path="/it"))
    assert response["statusCode"] == 400
    assert json.loads(response["body"]) == {"error": "bad request", "detail": "missing required field"}


@settings(max_examples=100, deadline=None)
@given(detail=anything, headers=st.dictionaries(st.text(max_size=4), st.text(max_size=4)))
def test_whatever_an_http_error_carries_the_response_is_valid(detail: Any, headers: dict[str, str]) -> None:
    routes = Routes()

    @routes.route("/it")
    def refuse(_: Request) -> None:
        raise HttpError(409, detail, headers)

    assert ask(routes, proxy_event(path="/it"))["statusCode"] in (409, 500)


def test_an_exception_is_a_500_without_internals_and_with_its_cause_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    routes = Routes()

    @routes.route("/it")
    def fail(_: Request) -> None:
        raise RuntimeError("the password is swordfish")

    response = ask(routes, proxy_event(path="/it"), Context("request-7"))
    assert response["statusCode"] == 500
    assert "swordfish" not in json.dumps(response)
    assert "request-7" in json.loads(response["body"])["detail"]
    assert "swordfish" in caplog.text
    assert "request-7" in caplog.text


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


LEAVING = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    asyncio.CancelledError(),
    BaseExceptionGroup("several", [KeyboardInterrupt()]),
    ExceptionGroup("several", [ValueError("one"), TypeError("two")]),
    RecursionError(),
    MemoryError(),
    UnspeakableError(),
    UnspeakableError(object(), b"\xff"),
]


@pytest.mark.parametrize("error", LEAVING, ids=lambda error: type(error).__name__)
def test_whatever_a_route_raises_is_a_500_and_the_environment_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """One record at ERROR with the cause, CORS and the request id for the client, and the next request is served."""
    routes = Routes()

    @routes.route("/it")
    def fail(request: Request) -> str:
        if request.query:
            return "fine"
        raise error

    handler = entry_point(routes, machine=MACHINE)
    response = handler(proxy_event(path="/it"), Context("request-7"))
    assert response["statusCode"] == 500
    assert response["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "request-7" in json.loads(response["body"])["detail"]
    (record,) = caplog.records
    assert (record.levelname, record.exc_info and record.exc_info[1]) == ("ERROR", error)
    assert handler(proxy_event(path="/it", queryStringParameters={"a": "1"}), Context())["statusCode"] == 200


def test_a_closed_stdout_does_not_lose_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request's start is counted by a line on stdout."""
    routes = Routes()

    @routes.route("/it")
    def close(_: Request) -> str:
        closed = io.StringIO()
        closed.close()
        monkeypatch.setattr(sys, "stdout", closed)
        return "fine"

    assert ask(routes, proxy_event(path="/it"))["statusCode"] == 200


def test_logging_that_is_broken_does_not_lose_the_response() -> None:
    class Broken(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise OSError("No space left on device")

    logger = logging.getLogger("pilotlight")
    broken = Broken()
    logger.addHandler(broken)
    try:
        routes = Routes()
        routes.route("/it")(lambda _: 1 / 0)
        assert ask(routes, proxy_event(path="/it"))["statusCode"] == 500
    finally:
        logger.removeHandler(broken)


def test_unknown_path_is_404() -> None:
    response = ask(seed.routes, proxy_event(path="/nope"))
    assert response["statusCode"] == 404
    assert json.loads(response["body"]) == {"error": "not found", "detail": "no route for /nope"}


def test_wrong_method_is_405_with_allow() -> None:
    response = ask(seed.routes, proxy_event("DELETE", "/items/7"))
    assert response["statusCode"] == 405
    assert response["headers"]["Allow"] == "GET, HEAD, OPTIONS"


def test_head_is_the_response_of_get_without_body() -> None:
    get, head = (ask(seed.routes, proxy_event(method, "/items/7")) for method in ("GET", "HEAD"))
    assert (head["statusCode"], head["headers"], head["body"]) == (200, get["headers"], "")


def test_a_preflight_gets_its_own_response_even_where_a_route_takes_any_method() -> None:
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}
    response = ask(seed.routes, proxy_event("OPTIONS", headers=headers))
    assert (response["statusCode"], response["body"]) == (204, "")
    assert "PUT" in response["headers"]["Access-Control-Allow-Methods"]


def test_options_of_an_unknown_path_is_404() -> None:
    assert ask(seed.routes, proxy_event("OPTIONS", "/nope"))["statusCode"] == 404


def test_binary_responses_are_base64() -> None:
    result = Response(b"\x89PNG", headers={"content-type": "image/png"})
    response = ask(route_returning(result), proxy_event(path="/it"))
    assert response["isBase64Encoded"] is True
    assert base64.b64decode(response["body"]) == b"\x89PNG"
    assert response["headers"]["content-type"] == "image/png"
    assert "Content-Type" not in response["headers"]


def test_a_header_sent_twice_is_a_multi_value_header() -> None:
    result = Response({"a": 1}, headers={"Set-Cookie": ["a=1", "b=2"]})
    response = ask(route_returning(result), proxy_event(path="/it"))
    assert response["multiValueHeaders"] == {"Set-Cookie": ["a=1", "b=2"]}


@pytest.mark.parametrize(
    "result",
    [
        object(),
        {"a": object()},
        {"a": Decimal("NaN")},
        {"a": Decimal("1e400")},
        {object(): 1},
        5,
        {"a": float("nan")},
        "\ud800",
        Response({"a": 1}, status=99),
        Response({"a": 1}, status=True),
        Response("x", status="200"),  # type: ignore[arg-type]
        Response("x", headers={"X-A": "a\r\nSet-Cookie: b"}),
        Response("x", headers={"X A": "a"}),
        Response("x", headers={"": "a"}),
        Response("x" * (RESPONSE_LIMIT_BYTES + 1)),
        Response(b"x" * (RESPONSE_LIMIT_BYTES * 3 // 4 + 1)),
        Response("\x01" * (RESPONSE_LIMIT_BYTES // 6 + 1)),
    ],
)
def test_what_api_gateway_would_refuse_is_a_clear_500(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    response = ask(route_returning(result), proxy_event(path="/it"))
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["error"] == "internal server error"
    assert caplog.records


def test_a_response_of_almost_six_megabytes_passes() -> None:
    response = ask(route_returning("x" * (RESPONSE_LIMIT_BYTES - 1000)), proxy_event(path="/it"))
    assert response["statusCode"] == 200


def test_the_request_id_is_in_every_response() -> None:
    for path in ("/hello", "/nope"):
        response = ask(seed.routes, proxy_event(path=path), Context("request-9"))
        assert response["headers"]["X-Request-Id"] == "request-9"


PING = {"pilotlight": {"ping": "a", "index": 0, "of": 1, "hold_until": 0}}


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": JSON, "body": json.dumps(PING)},
        {"queryStringParameters": {"pilotlight": json.dumps(PING["pilotlight"]), "warmer": "true"}},
        {"headers": {"pilotlight": json.dumps(PING["pilotlight"]), "warmer": "true"}},
        {"warmer": True, "source": "serverless-plugin-warmup", **PING},
    ],
)
def test_a_request_that_copies_a_ping_is_a_request(changes: dict[str, Any]) -> None:
    environment = ExecutionEnvironment()
    response = entry_point(seed.routes, environment)(proxy_event("POST", **changes), Context())
    assert json.loads(response["body"])["message"] == "Hello from Lambda"
    assert environment.made_by == "request"


@pytest.mark.parametrize("event", [{}, [], None, 7, "text", {"pilotlight": 1}, {"Records": []}])
def test_an_unknown_event_raises(event: Any) -> None:
    with pytest.raises(UnknownPayloadError, match="this function serves HTTP requests and the warmer's pings, and got"):
        ask(seed.routes, event)


@settings(max_examples=150, deadline=None)
@given(result=anything, status=st.integers(-1, 700) | st.none(), header=st.text(max_size=6), value=anything)
def test_whatever_a_route_returns_the_response_is_valid(result: Any, status: Any, header: str, value: Any) -> None:
    ask(route_returning(result), proxy_event(path="/it"))
    ask(route_returning(Response(result, status, {header: value})), proxy_event(path="/it"))


@settings(max_examples=150, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(sorted(proxy_event())), anything, max_size=4))
def test_whatever_the_event_holds_the_response_is_valid(changes: dict[str, Any]) -> None:
    ask(seed.routes, {**proxy_event("POST"), **changes})
