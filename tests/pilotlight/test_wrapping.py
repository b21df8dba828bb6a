"""`warmable`: pings are answered, everything else reaches the handler untouched, and HTTP leaves a record."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from pilotlight import Routes, entry_point, warmable
from pilotlight.environment import ExecutionEnvironment
from pilotlight.events import http_event, rest_event
from pilotlight.ping import KEY, Ping
from pilotlight.wrapping import Options, wrap
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import MACHINE, TRACE, Context, proxy_event, unused

if TYPE_CHECKING:
    from pilotlight.wrapping import Handler

PING = Ping("a1", 0, 1, 0.0).event()
SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}, "resources": []}
LOAD_BALANCER = proxy_event(path="/it", requestContext={"elb": {"targetGroupArn": "arn:…"}}, resource=None)
LATTICE_1 = {"raw_path": "/it?a=1", "method": "GET", "headers": {"host": "shop.example"}, "is_base64_encoded": False}
LATTICE_2 = {
    "version": "2.0",
    "path": "/it?a=1",
    "method": "GET",
    "headers": {"host": ["shop.example"]},
    "requestContext": {"serviceNetworkArn": "arn:…", "serviceArn": "arn:…", "identity": {}},
}
NOT_HTTP: dict[str, Any] = {
    "aws:sqs": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    "aws:sns": {"Records": [{"EventSource": "aws:sns"}]},
    "aws.events": SCHEDULED,
    "event": {"orders": [1, 2]},
    "list": [1, 2],
    "NoneType": None,
}


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLIGHT_SERVICE", "shop-test")


def wrapped(handler: Handler, **options: Any) -> Handler:
    return wrap(handler, Options(**options), ExecutionEnvironment(), MACHINE)


@pytest.mark.parametrize(
    "event",
    [
        *NOT_HTTP.values(),
        rest_event("GET", "/it"),
        http_event("GET", "/it"),
        LOAD_BALANCER,
        LATTICE_1,
        LATTICE_2,
        {"pilotlight": {"ping": 7}},
        {**PING, "and": "more"},
        {"warmer": True},
        {},
        "text",
    ],
    ids=range(16),
)
@pytest.mark.parametrize("record_all", [False, True])
def test_everything_but_a_ping_reaches_the_handler_untouched(event: Any, record_all: bool) -> None:
    before = json.dumps(event)
    response, context, seen = object(), Context(), []

    def handler(*given: Any) -> object:
        seen.append(given)
        return response

    assert wrapped(handler, record_all=record_all)(event, context) is response
    [(given_event, given_context)] = seen
    assert given_event is event
    assert given_context is context
    assert json.dumps(event) == before


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("event", [rest_event("GET", "/it"), NOT_HTTP["aws:sqs"]])
def test_an_exception_of_the_handler_is_raised_on(error: BaseException, event: Any, sink: XRaySink) -> None:
    def handler(*_: Any) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        wrapped(handler, record_all=True)(event, Context())
    assert raised.value is error
    [document] = sink.take(1)
    assert document["fault"]
    assert document["cause"]["exceptions"][0]["type"] == type(error).__name__


def test_a_ping_is_answered_and_the_handler_is_not_called() -> None:
    reply = wrapped(unused)(PING, Context())[KEY]
    assert (reply["ping"], reply["start"], reply["notes"], reply["prewarm_ms"]) == ("a1", "cold", [], 0.0)


def test_a_nightly_job_runs_unless_dialects_are_asked_for() -> None:
    def nightly(*_: Any) -> str:
        return "done"

    assert wrapped(nightly)(SCHEDULED, Context()) == "done"
    assert wrapped(nightly, dialects=True)(SCHEDULED, Context()) is None
    assert wrapped(nightly)({"source": "serverless-plugin-warmup"}, Context()) == "done"
    assert wrapped(nightly, dialects=True)({"source": "serverless-plugin-warmup"}, Context()) == {}
    assert wrapped(nightly, dialects=True)(NOT_HTTP["aws:sqs"], Context()) == "done"


class Resolver:
    """Like Powertools' resolvers and Mangum: an object, with a method or itself as the handler."""

    def resolve(self, event: Any, context: Any) -> tuple[Any, Any]:
        return event, context

    __call__ = resolve


@pytest.mark.parametrize("handler", [Resolver(), Resolver().resolve, lambda event, context: (event, context)])
def test_any_callable_is_wrapped(handler: Handler) -> None:
    assert warmable(handler)({"a": 1}, None) == ({"a": 1}, None)
    assert KEY in warmable(handler)(PING, Context())


def test_it_is_a_decorator_with_and_without_arguments() -> None:
    @warmable
    def plain(event: Any, context: Any) -> Any:
        """The service's own."""
        return event, context

    @warmable(dialects=True)
    def with_arguments(event: Any, context: Any) -> Any:
        return event, context

    for handler in (plain, with_arguments):
        assert handler({"a": 1}, None) == ({"a": 1}, None)
        assert KEY in handler(PING, Context())
    assert with_arguments(SCHEDULED, None) is None
    assert (plain.__name__, plain.__doc__) == ("plain", "The service's own.")


def test_a_handler_is_wrapped_once() -> None:
    for once in (warmable(unused), entry_point(Routes())):
        assert warmable(once) is once
        with pytest.raises(TypeError, match="replies to pings already"):
            warmable(once, prewarm=print)


@pytest.mark.parametrize("wrong", [{"handler": "orders.handler"}, {"prewarm": 3}, {"route": "/orders"}])
def test_what_cannot_be_called_is_refused_at_once(wrong: dict[str, Any]) -> None:
    [(name, value)] = wrong.items()
    with pytest.raises(TypeError, match=f"warmable: {name} must be a function, not {type(value).__name__}"):
        warmable(**{"handler": unused, **wrong})


@pytest.mark.parametrize(
    ("event", "route", "url"),
    [
        ({**rest_event("GET", "/orders/7", query={"secret": "x"}), "resource": "/orders/{id}"}, "/orders/{id}", None),
        (
            {**http_event("GET", "/orders/7", query={"secret": "x"}), "routeKey": "GET /orders/{id}"},
            "/orders/{id}",
            None,
        ),
        (http_event("GET", "/orders/7"), "", None),
        (LOAD_BALANCER, "", "https://localhost/it"),
        (LATTICE_1, "", "https://shop.example/it"),
        (LATTICE_2, "", "https://shop.example/it"),
    ],
)
def test_each_http_invocation_gives_one_record(event: Any, route: str, url: str | None, sink: XRaySink) -> None:
    wrapped(lambda *_: {"statusCode": 201, "body": ""})(event, Context("request-7"))
    [document] = sink.take(1)
    found = document["annotations"]
    assert (found["kind"], found["start"], found["status"], found["route"]) == ("request", "cold", 201, route)
    assert (found["service"], document["aws"]["request_id"]) == ("shop-test", "request-7")
    assert document["http"]["request"]["method"] == "GET"
    assert "secret" not in json.dumps(document)
    if url:
        assert document["http"]["request"]["url"] == url


@pytest.mark.parametrize(
    ("event", "response", "status"),
    [
        (rest_event("GET", "/it"), {"statusCode": 404}, 404),
        (rest_event("GET", "/it"), {"statusCode": "204"}, 204),
        (rest_event("GET", "/it"), {"body": "no status"}, 502),
        (rest_event("GET", "/it"), "text", 502),
        (rest_event("GET", "/it"), {"statusCode": 99}, 502),
        (rest_event("GET", "/it"), {"statusCode": []}, 502),
        (http_event("GET", "/it"), {"message": "payload 2.0 infers the status"}, 200),
        (http_event("GET", "/it"), "text", 200),
        (http_event("GET", "/it"), {"statusCode": "many"}, 502),
        (LOAD_BALANCER, {}, 502),
    ],
)
def test_the_status_is_what_the_client_gets(event: Any, response: Any, status: int, sink: XRaySink) -> None:
    assert wrapped(lambda *_: response)(event, Context()) is response
    [document] = sink.take(1)
    assert document["annotations"]["status"] == status
    assert document.get("fault", False) is (status >= 500)


def test_a_handler_that_raises_is_a_5xx(sink: XRaySink) -> None:
    def handler(*_: Any) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (the service's own)
        wrapped(handler)(http_event("GET", "/it"), Context())
    [document] = sink.take(1)
    assert (document["annotations"]["status"], document["fault"]) == (502, True)


AUTHORIZER_1 = {**rest_event("GET", "/it"), "type": "REQUEST", "methodArn": "arn:…"}
AUTHORIZER_2 = {**http_event("GET", "/it"), "type": "REQUEST", "routeArn": "arn:…"}
WEB_SOCKET = {"requestContext": {"connectionId": "a=", "eventType": "MESSAGE"}, "body": "hello"}


@pytest.mark.parametrize("event", [*NOT_HTTP.values(), AUTHORIZER_1, AUTHORIZER_2, WEB_SOCKET], ids=range(9))
def test_what_is_not_http_leaves_no_record(event: Any, sink: XRaySink, capsys: pytest.CaptureFixture[str]) -> None:
    handler = wrapped(lambda *_: {"statusCode": 500})
    handler(event, Context())
    handler(rest_event("GET", "/it"), Context())
    [document] = sink.take(1)
    assert document["annotations"]["start"] == "warm", "the invocation before it used up the coldness"
    assert "ColdStart" not in capsys.readouterr().out


@pytest.mark.parametrize("source", NOT_HTTP)
def test_all_is_recorded_where_that_is_asked_for(source: str, sink: XRaySink) -> None:
    wrapped(lambda *_: None, record_all=True)(NOT_HTTP[source], Context())
    [document] = sink.take(1)
    assert document["annotations"]["route"] == source
    assert "http" not in document
    assert "status" not in document["annotations"]


def test_a_cold_start_of_http_is_counted_whatever_is_traced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    handler = wrapped(lambda *_: {"statusCode": 200})
    for _ in range(2):
        handler(rest_event("GET", "/it"), Context())
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["ColdStart"] == 1


def test_a_request_after_a_ping_is_warm_and_says_so(sink: XRaySink) -> None:
    handler = wrapped(lambda *_: {"statusCode": 200})
    handler(PING, Context())
    handler(rest_event("GET", "/it"), Context())
    ping, request = sink.take(1)
    assert ping["annotations"] == {"kind": "ping", "start": "cold"}
    assert (request["annotations"]["start"], request["annotations"]["warmed_by_ping"]) == ("warm", True)


def test_the_route_is_asked_for_only_where_a_record_is_sent(sink: XRaySink, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def route(event: Any) -> str:
        asked.append(event)
        return "/from/the/framework"

    handler = wrapped(lambda *_: {"statusCode": 200}, route=route)
    handler(proxy_event(), Context())
    assert sink.take(1)[0]["annotations"]["route"] == "/from/the/framework"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE.replace("Sampled=1", "Sampled=0"))
    handler(proxy_event(), Context())
    assert len(asked) == 1


@pytest.mark.parametrize(
    "event", [rest_event("GET", "/it"), {"requestContext": {"http": 3}}, {"raw_path": [], "method": {}}]
)
def test_a_route_or_an_event_that_cannot_be_read_loses_no_response(event: Any, sink: XRaySink) -> None:
    def route(_: Any) -> str:
        raise LookupError

    assert wrapped(lambda *_: {"statusCode": 200}, route=route)(event, Context()) == {"statusCode": 200}
    [document] = sink.take(1)
    assert document["annotations"]["route"] == "unknown: LookupError"
