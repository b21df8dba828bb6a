"""The record: the same document as aws-xray-sdk's for the same invocation, as a real datagram; sending never fails."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.core.lambda_launcher import LambdaContext

from pilotlight import tracing
from pilotlight.entry import entry_point
from pilotlight.environment import ExecutionEnvironment
from pilotlight.proxy import HttpError, Request
from pilotlight.routing import Routes
from tests.support.events import MACHINE, Context, proxy_event

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
        monkeypatch.setenv("PILOTLIGHT_SERVICE", "pilotlight-test")
        yield listener


def received(daemon: socket.socket) -> dict[str, Any]:
    header, _, document = daemon.recv(65536).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    parsed = json.loads(document)
    assert isinstance(parsed, dict)
    return parsed


def nothing_received(daemon: socket.socket) -> bool:
    daemon.setblocking(False)
    try:
        daemon.recv(65536)
    except BlockingIOError:
        return True
    return False


def serve(
    result: Any = None, error: BaseException | None = None, environment: ExecutionEnvironment | None = None
) -> Any:
    routes = Routes()

    @routes.route("/items/{id}")
    def item(_: Request) -> Any:
        if error:
            raise error
        return result

    event = proxy_event(path="/items/7", headers={"Host": "api.example"}, queryStringParameters={"secret": "x"})
    return entry_point(routes, environment)(event, Context("request-7"))


def test_the_record_of_a_request_says_what_start_it_met(daemon: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "pilotlight-test-api")
    environment = ExecutionEnvironment()
    serve({"a": 1}, environment=environment)
    document = received(daemon)
    assert document["annotations"] == {
        "service": "pilotlight-test",
        "kind": "request",
        "start": "cold",
        "cold_start": True,
        "environment": environment.identity,
        "init_ms": environment.init_ms,
        "route": "/items/{id}",
        "status": 200,
        "warmed_by_ping": False,
        "function": "pilotlight-test-api",
    }
    assert document["aws"] == {"request_id": "request-7"}
    assert document["http"]["request"] == {"method": "GET", "url": "https://api.example/prod/items/7"}
    assert (document["trace_id"], document["parent_id"]) == tracing.parse_trace_header(TRACE)
    serve({"a": 1}, environment=environment)
    assert received(daemon)["annotations"]["start"] == "warm"


@pytest.mark.parametrize(
    ("error", "status", "flags"),
    [
        (HttpError(400, "no"), 400, {"error": True}),
        (HttpError(429, "slow down"), 429, {"error": True, "throttle": True}),
        (HttpError(503, "later"), 503, {"fault": True}),
        (RuntimeError("broken"), 500, {"fault": True}),
        (KeyboardInterrupt(), 500, {"fault": True}),
        (asyncio.CancelledError(), 500, {"fault": True}),
        (BaseExceptionGroup("several", [GeneratorExit()]), 500, {"fault": True}),
    ],
)
def test_failures_are_recorded_too(
    daemon: socket.socket, error: BaseException, status: int, flags: dict[str, bool]
) -> None:
    serve(error=error)
    document = received(daemon)
    assert document["annotations"]["status"] == document["http"]["response"]["status"] == status
    assert {name: document[name] for name in ("error", "throttle", "fault") if name in document} == flags
    assert ("cause" in document) == (not isinstance(error, HttpError))


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "setting", "message"),
    [
        (RuntimeError("the password is swordfish"), "", "in the log; PILOTLIGHT_EXCEPTION_MESSAGES=true shows it here"),
        (RuntimeError("no such table"), "true", "no such table"),
        (UnspeakableError(), "true", "its message could not be made: ZeroDivisionError"),
        (RuntimeError("x" * 200_000), "true", "x" * 2000),
    ],
)
def test_an_exceptions_message_is_recorded_only_where_a_setting_says_so(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch, error: Exception, setting: str, message: str
) -> None:
    """It may hold a client's or a database's data; the type and the stack are always there."""
    monkeypatch.setenv(tracing.MESSAGES_VARIABLE, setting)
    serve(error=error)
    (described,) = received(daemon)["cause"]["exceptions"]
    assert (described["type"], described["message"]) == (type(error).__name__, message)
    assert described["stack"]


def test_the_document_is_the_sdks_for_the_same_record(daemon: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracing.MESSAGES_VARIABLE, "true")
    error = RuntimeError("broken")
    serve(error=error)
    ours = received(daemon)

    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    recorder = AWSXRayRecorder()
    recorder.configure(context=LambdaContext(), sampling=False)
    subsegment = recorder.begin_subsegment(tracing.NAME)
    assert subsegment is not None
    for name, value in ours["annotations"].items():
        subsegment.put_annotation(name, value)
    subsegment.put_http_meta("method", "GET")
    subsegment.put_http_meta("url", ours["http"]["request"]["url"])
    subsegment.put_http_meta("status", 500)
    subsegment.aws = {"request_id": "request-7"}
    subsegment.add_exception(error, _stack(error))
    recorder.end_subsegment()
    theirs = received(daemon)

    for document in (ours, theirs):
        for each in ("id", "start_time", "end_time"):
            document[each] = type(document[each])
        document["cause"]["exceptions"][0]["id"] = str
        for frame in document["cause"]["exceptions"][0]["stack"]:
            frame["path"] = frame["path"].rpartition("/")[2]  # the SDK sends only the file's name
    assert ours == theirs


def _stack(error: Exception) -> traceback.StackSummary:
    return traceback.extract_tb(error.__traceback__)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_X_AMZN_TRACE_ID", None),
        ("_X_AMZN_TRACE_ID", ""),
        ("_X_AMZN_TRACE_ID", TRACE.replace("Sampled=1", "Sampled=0")),
        ("_X_AMZN_TRACE_ID", "Sampled=1"),
        ("_X_AMZN_TRACE_ID", "nonsense;;=;Root"),
        ("AWS_XRAY_DAEMON_ADDRESS", None),
        ("AWS_XRAY_DAEMON_ADDRESS", "nonsense"),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:1"),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:99999"),
        ("AWS_XRAY_DAEMON_ADDRESS", "no.such.host.invalid:2000"),
    ],
)
def test_what_cannot_or_must_not_be_sent_is_silent_and_harmless(
    daemon: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str | None,
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    assert serve({"a": 1})["statusCode"] == 200
    assert nothing_received(daemon)
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("169.254.79.129:2000", ("169.254.79.129", 2000)),
        ("tcp:127.0.0.1:2000 udp:127.0.0.2:2001", ("127.0.0.2", 2001)),
        ("udp:127.0.0.2:2001 tcp:127.0.0.1:2000", ("127.0.0.2", 2001)),
        ("", None),
        ("tcp:127.0.0.1:2000", None),
        ("host:port", None),
    ],
)
def test_the_daemon_address_has_the_sdks_forms(text: str, address: tuple[str, int] | None) -> None:
    assert tracing.daemon_address(text) == address


def test_a_ping_is_annotated_with_kind_and_start_alone(daemon: socket.socket) -> None:
    routes = Routes()
    entry_point(routes, machine=MACHINE)({"pilotlight": {"ping": "a", "index": 0, "of": 1, "hold_until": 0}}, Context())
    document = received(daemon)
    assert document["annotations"] == {"kind": "ping", "start": "cold"}
    facts = document["metadata"]["pilotlight"]
    assert facts.keys() == {"service", "environment", "cold_start", "warmed_by_ping", "init_ms"}
    assert (facts["service"], facts["cold_start"], facts["warmed_by_ping"]) == ("pilotlight-test", True, True)
