"""The fan-out over real HTTP: every outcome is an Invocation, all are in flight at once, connections are kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pilotlight.warming.fanout import FanOut

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:api:live"


class LambdaApi(ThreadingHTTPServer):
    """An Invoke API that responds as each test says."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Invocations)
        self.respond: Callable[[Invocations, bytes], None] = lambda request, body: request.reply(200, body)
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Some tests are about a client that gives up."""


class Invocations(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LambdaApi

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.in_flight += 1
            self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
        try:
            self.server.respond(self, body)
        finally:
            with self.server.lock:
                self.server.in_flight -= 1

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaApi]:
    server = LambdaApi()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fan_out(api: LambdaApi) -> Iterator[FanOut]:
    assert api
    session = boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="eu-central-1")
    fan_out = FanOut(session)
    yield fan_out
    fan_out.close()


def test_every_payload_gets_its_own_result_in_order(fan_out: FanOut) -> None:
    replies = fan_out.invoke(FUNCTION, [json.dumps(index).encode() for index in range(20)], 5)
    assert [reply.payload for reply in replies] == list(range(20))
    assert {reply.outcome for reply in replies} == {"succeeded"}


def test_all_are_in_flight_at_once(api: LambdaApi, fan_out: FanOut) -> None:
    barrier = threading.Barrier(50)

    def hold(request: Invocations, body: bytes) -> None:
        barrier.wait(10)  # responds only when all fifty have landed
        request.reply(200, body)

    api.respond = hold
    assert {reply.outcome for reply in fan_out.invoke(FUNCTION, [b"1"] * 50, 15)} == {"succeeded"}
    assert api.most_in_flight == 50


def test_a_second_round_uses_the_connections_of_the_first(api: LambdaApi, fan_out: FanOut) -> None:
    fan_out.invoke(FUNCTION, [b"1"] * 5, 5)
    fan_out.invoke(FUNCTION, [b"1"] * 5, 5)
    assert api.connections == 5


def test_a_connection_that_the_api_ends_is_replaced(api: LambdaApi, fan_out: FanOut) -> None:
    def close_after(request: Invocations, body: bytes) -> None:
        request.close_connection = True
        request.reply(200, body, Connection="close")

    api.respond = close_after
    for _ in range(2):
        assert {each.outcome for each in fan_out.invoke(FUNCTION, [b"1"] * 5, 5)} == {"succeeded"}
    assert api.connections == 10


def test_the_request_is_the_invoke_api_signed_by_signature_version_4(
    api: LambdaApi, fan_out: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    seen: list[Invocations] = []

    def look(request: Invocations, body: bytes) -> None:
        seen.append(request)
        request.reply(200, body)

    api.respond = look
    fan_out.invoke(FUNCTION, [b'{"a": 1}'], 5)
    headers = seen[0].headers
    assert unquote(seen[0].path) == f"/2015-03-31/functions/{FUNCTION}/invocations"
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-5759e988")

    again = AWSRequest("POST", f"http://127.0.0.1:{api.server_port}{seen[0].path}", data=b'{"a": 1}')
    again.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials("key", "secret"), "lambda", "eu-central-1")
    again.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    again.headers["Host"] = headers["Host"]
    expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert headers["Authorization"].endswith(f"Signature={expected}")


@pytest.mark.parametrize(
    ("status", "body", "headers", "outcome", "cause"),
    [
        (
            200,
            b'{"errorType": "Runtime.ExitError", "errorMessage": "exit status 137"}',
            {"X_Amz_Function_Error": "Unhandled"},
            "function error",
            "Runtime.ExitError: exit status 137",
        ),
        (
            429,
            b'{"Type": "User", "Message": "Rate Exceeded."}',
            {"x_amzn_ErrorType": "TooManyRequestsException"},
            "throttled",
            "TooManyRequestsException: Rate Exceeded.",
        ),
        (
            403,
            b'{"__type": "AccessDeniedException", "message": "not authorized"}',
            {},
            "failed",
            "AccessDeniedException: not authorized",
        ),
        (500, b"<html>", {}, "failed", "500: no message"),
        (403, b'{"__type": 5, "message": "no"}', {}, "failed", "5: no"),
        (
            200,
            b"<html>Sign in",
            {"Content_Type": "text/html"},
            "failed",
            "a response with status 200 that is no JSON (text/html): '<html>Sign in'",
        ),
        (
            200,
            b"[" * 100_000,
            {},
            "failed",
            f"a response with status 200 that is no JSON (no content type): {'[' * 60!r}",
        ),
    ],
)
def test_an_error_is_an_outcome_with_its_cause(
    api: LambdaApi, fan_out: FanOut, status: int, body: bytes, headers: dict[str, str], outcome: str, cause: str
) -> None:
    api.respond = lambda request, _: request.reply(status, body, **headers)
    reply = fan_out.invoke(FUNCTION, [b"1"], 5)[0]
    assert (reply.outcome, reply.cause) == (outcome, cause)


def test_a_late_response_is_timed_out_and_the_next_tick_is_whole(api: LambdaApi, fan_out: FanOut) -> None:
    late = threading.Event()

    def wait_for_seven(request: Invocations, body: bytes) -> None:
        if body == b"7":
            late.wait(10)
        request.reply(200, body)

    api.respond = wait_for_seven
    replies = fan_out.invoke(FUNCTION, [b"6", b"7", b"8"], 0.5)
    assert [reply.outcome for reply in replies] == ["succeeded", "timed out", "succeeded"]
    late.set()
    replies = fan_out.invoke(FUNCTION, [b"1", b"2", b"3"], 5)
    assert [reply.payload for reply in replies] == [1, 2, 3]


def test_a_connection_that_breaks_off_is_a_failed_invocation(api: LambdaApi, fan_out: FanOut) -> None:
    def hang_up(request: Invocations, _: bytes) -> None:
        request.close_connection = True

    api.respond = hang_up
    reply = fan_out.invoke(FUNCTION, [b"1"], 5)[0]
    assert reply.outcome == "failed"
    assert "broke off" in reply.cause


def test_an_api_that_cannot_be_reached_raises_before_anything_is_sent(api: LambdaApi, fan_out: FanOut) -> None:
    api.shutdown()
    api.server_close()
    with pytest.raises(OSError):  # noqa: PT011 (which one depends on the system)
        fan_out.connect(2, 5)
