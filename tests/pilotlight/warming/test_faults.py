"""The warmer against a Lambda API that fails: it always returns, in time, with what it proved and why not more.

docs/reliability.md lists these faults. Every one goes through the real handler, over real sockets.
"""

from __future__ import annotations

import importlib
import json
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight import warmer
from pilotlight.warming.fanout import FanOut
from pilotlight.warming.headroom import Headroom
from pilotlight.warming.hold import HoldEstimate
from pilotlight.warming.policy import Warming
from pilotlight.warming.results import TickResult
from pilotlight.warming.targets import Target
from pilotlight_tools.local.runtime.certificate import write_certificate
from tests.support.faulty_api import FaultyApi, Request, faulty_api, no_limits
from tests.support.ticks import Ticks, ticks_against

SHORT_SECONDS = 6.0
"""The warmer's own timeout in tests of what never ends: four seconds of ticking."""


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The tick's own log lines, every line of the log being strict JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    lines = [json.loads(line, parse_constant=refuse) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line.get("message") == "tick"]


@pytest.mark.parametrize("swallows", [False, True], ids=["reset", "swallowed"])
def test_connections_that_die_between_ticks_cost_nothing(api: FaultyApi, tick: Ticks, swallows: bool) -> None:
    """What was open when Lambda froze the warmer is reset, or swallows bytes, when it thaws."""

    def once_only(request: Request) -> None:
        if request.number == 1:
            request.reply()
        elif swallows:
            api.hang(request)
        else:
            request.hang_up()

    api.behaves = once_only
    results = [tick(10) for _ in range(100)]
    assert {(result["unique"], result["failed"], result["invocations"]) for result in results} == {(10, 0, 10)}
    assert api.connections == 100 * 10 + 1  # and one for the limits


def test_a_ping_that_breaks_before_its_reply_is_sent_once_more(api: FaultyApi, tick: Ticks) -> None:
    broken: list[Request] = []

    def break_the_first(request: Request) -> None:
        if not broken:
            broken.append(request)
            request.hang_up()
        else:
            request.reply()

    api.behaves = break_the_first
    result = tick(5)
    assert (result["unique"], result["failed"], result["rounds"], result["invocations"]) == (5, 0, 1, 6)


def test_a_ping_that_breaks_twice_has_failed(api: FaultyApi, tick: Ticks) -> None:
    api.behaves = lambda request: request.hang_up()
    result = tick(3)
    assert (result["unique"], result["failed"], result["invocations"]) == (0, 3, 6)
    assert "broke off" in result["targets"][0]["causes"][0]


def test_session_tickets_are_not_taken_for_closed_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS 1.3 sends two after the handshake: there is something to read on a connection that is in order."""
    certificate = write_certificate(tmp_path / "certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.num_tickets = 2
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with faulty_api(tls=context) as api:
        result = ticks_against(api, monkeypatch, "https")(10)
    assert (result["unique"], result["rounds"], len(api.pings)) == (10, 1, 10)
    assert api.connections == 11  # and one for the limits
    first_hold_seconds = HoldEstimate().seconds(10)
    assert max(api.connected_at) <= api.pings[0]["hold_until"] - first_hold_seconds, "one was opened inside the hold"


def drip(request: Request) -> None:
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        request.connection.sendall(b" ")
        time.sleep(0.1)


def continue_for_ever(request: Request) -> None:
    while True:
        request.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def send_headers_for_ever(request: Request) -> None:
    request.connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        request.connection.sendall(b"X-More: and more\r\n")
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("never_ends", [drip, continue_for_ever, send_headers_for_ever])
def test_a_reply_that_never_ends_is_given_up(
    api: FaultyApi, tick: Ticks, never_ends: Callable[[Request], None]
) -> None:
    api.behaves = lambda request: never_ends(request) if request.index else request.reply()
    result = tick(3, seconds=SHORT_SECONDS)
    assert result["unique"] >= 1
    assert result["failed"] >= 2
    assert any("no whole response" in cause for cause in result["targets"][0]["causes"])


@pytest.mark.slow
def test_a_thousand_pings_that_hang_are_given_up_together(api: FaultyApi, tick: Ticks) -> None:
    api.behaves = api.hang
    result = tick(900, seconds=12)
    assert (result["unique"], result["failed"]) == (0, 900)


def test_a_cold_reply_may_take_an_init_beyond_its_functions_timeout(api: FaultyApi, tick: Ticks) -> None:
    def init_slowly(request: Request) -> None:
        time.sleep(2)
        request.reply(start="cold")

    api.behaves = init_slowly
    result = tick(2, timeout=1)
    assert (result["unique"], result["failed"], result["rounds"]) == (2, 0, 1)


def test_several_targets_that_hang_share_the_time(
    api: FaultyApi, tick: Ticks, capsys: pytest.CaptureFixture[str]
) -> None:
    def hang_but_the_last(request: Request) -> None:
        if "/api3/" in request.path:
            request.reply()
        else:
            api.hang(request)

    api.behaves = hang_but_the_last
    result = tick(2, 2, 2, 2, seconds=SHORT_SECONDS, timeout=60)
    assert [target["unique"] for target in result["targets"]] == [0, 0, 0, 2]
    assert [line["level"] for line in logged(capsys)] == ["ERROR", "ERROR", "ERROR", "INFO"]


def test_limits_that_hang_hold_nothing_up(api: FaultyApi, tick: Ticks) -> None:
    api.limits = api.hang
    result = tick(2, 2, seconds=8)
    assert result["unique"] == 4


def test_limits_that_drip_hold_nothing_up(api: FaultyApi, tick: Ticks) -> None:
    api.limits = drip
    assert tick(2, seconds=8)["unique"] == 2


@pytest.mark.parametrize(
    "limits",
    [{"ReservedConcurrentExecutions": "x"}, {"ReservedConcurrentExecutions": [1]}, {"__type": 5}, "garbage", b"<html>"],
)
def test_limits_that_make_no_sense_are_no_limits(api: FaultyApi, tick: Ticks, limits: object) -> None:
    api.limits = lambda request: request.respond(limits)
    assert tick(3)["unique"] == 3


def test_an_api_that_cannot_be_reached_is_a_result(tick: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://localhost:9")  # nobody listens on the discard port
    importlib.reload(warmer)
    result = tick(2, 2, seconds=8)
    assert (result["unique"], result["failed"]) == (0, 4)
    assert "could not be reached" in result["targets"][0]["causes"][0]


@pytest.mark.slow
def test_an_api_that_accepts_no_connection_is_a_result(tick: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full backlog: the system drops what asks for a connection, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            asking = waiting.enter_context(socket.socket())
            asking.setblocking(False)
            asking.connect_ex(full.getsockname())
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{full.getsockname()[1]}")
        importlib.reload(warmer)
        result = tick(2, 2, seconds=SHORT_SECONDS)
    assert (result["unique"], result["failed"]) == (0, 4)


MISSING = ...


@pytest.mark.parametrize(
    "change",
    [
        {"environment": MISSING},
        {"start": MISSING},
        {"index": MISSING},
        {"ping": MISSING},
        {"environment": 7},
        {"held_ms": float("nan")},
        {"held_ms": float("inf")},
        {"billed_ms": {"__type": 5}},
        {"landed_at": "soon"},
        {"served": None},
    ],
    ids=str,
)
def test_one_broken_reply_is_one_failed_ping(
    api: FaultyApi, tick: Ticks, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    def break_index_3(request: Request) -> None:
        request.reply(**(change if request.index == 3 else {}))

    api.behaves = break_index_3
    result = tick(10, 2)
    first, second = result["targets"]
    assert first["unique"] >= 9
    assert first["failed"] >= 1
    assert "did not reply to the ping" in first["causes"][0]
    assert second["coverage"] == 1
    assert len(logged(capsys)) == 2


def test_replies_that_lack_what_has_defaults_count(api: FaultyApi, tick: Ticks) -> None:
    optional = ("init_ms", "age_ms", "served", "pings_before", "made_by", "initialization", "landed_at", "held_ms")
    api.behaves = lambda request: request.reply(
        **dict.fromkeys((*optional, "billed_ms", "version", "build"), MISSING), unknown={"key": 1}
    )
    assert tick(4)["coverage"] == 1


def test_causes_that_differ_by_a_request_id_are_one(api: FaultyApi, tick: Ticks) -> None:
    def fail(request: Request) -> None:
        index = request.index
        message = f"RequestId: 8f507cfc-0b8b-4f6d-9a57-{index:012x} Error: Task timed out after 10.00 seconds"
        request.respond(
            {"errorType": "Sandbox.Timedout", "errorMessage": message}, headers="X-Amz-Function-Error: Unhandled\r\n"
        )

    api.behaves = fail
    (cause,) = tick(50)["targets"][0]["causes"]
    assert cause == "Sandbox.Timedout: RequestId: … Error: Task timed out after 10.00 seconds (50 times)"


@pytest.mark.slow
def test_credentials_that_cannot_be_had_fail_the_pings_and_not_the_tick(
    tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:9/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = tick(2, 2, seconds=20)
    assert (result["failed"], result["unique"]) == (4, 0)
    assert "CredentialRetrievalError" in result["targets"][0]["causes"][0]


def test_credentials_that_cannot_be_refreshed_fail_the_pings_and_not_the_tick(
    tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unrefreshable(boto3.Session):
        def get_credentials(self) -> Any:
            raise AttributeError("a provider of somebody's broke")

    session = Unrefreshable()
    monkeypatch.setattr(warmer, "_warming", Warming(FanOut(session), Headroom(boto3.client("lambda"))))
    result = tick(2, 2)
    assert (result["failed"], result["unique"]) == (4, 0)
    assert "no AWS credentials to sign with: a provider" in result["targets"][0]["causes"][0]


@pytest.mark.parametrize("skew_seconds", [60.0, -60.0])
def test_a_clock_that_differs_is_named_and_made_up_for(api: FaultyApi, tick: Ticks, skew_seconds: float) -> None:
    api.behaves = lambda request: request.reply(landed_at=time.time() + skew_seconds)
    first, second = tick(5), tick(5)
    assert f"the clock of api is {skew_seconds:+.0f} s off" in first["targets"][0]["causes"][0]
    assert first["exposed_ms"] < 5000
    assert second["coverage"] == 1
    held_for_seconds = api.pings[-1]["hold_until"] - time.time() - skew_seconds
    assert -5 < held_for_seconds < 5


def test_the_first_tick_of_900_holds_no_environment_longer_than_the_spread_needs(api: FaultyApi, tick: Ticks) -> None:
    arrived: list[float] = []

    def note(request: Request) -> None:
        arrived.append(json.loads(request.body)["pilotlight"]["hold_until"] - time.time())
        request.reply()

    api.behaves = note
    assert tick(900, seconds=30)["coverage"] == 1
    assert max(arrived) < 5, "the cap that the API function puts on any hold"


def test_a_throttled_account_is_a_result(api: FaultyApi, tick: Ticks) -> None:
    error = "x-amzn-ErrorType: TooManyRequestsException\r\n"
    api.behaves = lambda request: request.respond({"Message": "Rate Exceeded."}, "429 Too Many Requests", error)
    result = tick(4)
    assert (result["throttled"], result["failed"], result["rounds"]) == (4, 0, 1)


def test_a_small_account_is_no_error_in_every_tick(
    api: FaultyApi, tick: Ticks, capsys: pytest.CaptureFixture[str]
) -> None:
    def ten(request: Request) -> None:
        if "account-settings" in request.path:
            request.respond({"AccountLimit": {"UnreservedConcurrentExecutions": 10}})
        else:
            no_limits(request)

    api.limits = ten
    result = tick(10)
    assert (result["unique"], result["coverage"], result["complete"]) == (7, 0.7, True)
    (line,) = logged(capsys)
    assert (line["level"], line["limited_to"]) == ("INFO", 7)
    assert "only 7 of 10 pings fit: the account's unreserved concurrency is 10" in line["causes"]


def test_whatever_breaks_in_one_target_leaves_the_others(tick: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tick(1)["coverage"] == 1
    assert warmer._warming is not None
    whole = warmer._warming.tick

    class Breaks:
        def tick(self, target: Target, seconds_left: Callable[[], float]) -> TickResult:
            if target.function == "api":
                raise MemoryError("no room")
            return whole(target, seconds_left)

    monkeypatch.setattr(warmer, "_warming", Breaks())
    result = tick(2, 2)
    assert [target["unique"] for target in result["targets"]] == [0, 2]
    assert result["targets"][0]["causes"] == ["the tick broke: MemoryError: no room"]
