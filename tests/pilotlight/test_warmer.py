"""The scheduled function end to end: real pings over real HTTP to the real handler, result, log line and record."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight import warmer
from pilotlight.entry import entry_point
from pilotlight.routing import Routes
from pilotlight.warming.targets import TargetsError
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.pilotlight.warming.test_fanout import Invocations, LambdaApi
from tests.support.events import MACHINE, Context

KEYS = {
    "requested",
    "unique",
    "cold",
    "failed",
    "throttled",
    "rounds",
    "invocations",
    "hold_ms",
    "billed_ms",
    "coverage",
}

SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


class Environments:
    """The API function: an execution environment for each invocation that finds none idle."""

    def __init__(self) -> None:
        self.idle: list[Any] = []

    def __call__(self, request: Invocations, body: bytes) -> None:
        handler = self.idle.pop() if self.idle else entry_point(Routes(), machine=MACHINE)
        reply = handler(json.loads(body), Context())
        self.idle.append(handler)
        request.reply(200, json.dumps(reply).encode())

    def limits(self, request: Invocations) -> None:
        request.reply(200, b"{}" if "/concurrency" in request.path else b'{"AccountLimit": {}}')


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaApi]:
    server = LambdaApi()
    server.respond = Environments()
    monkeypatch.setattr(Invocations, "do_GET", lambda self: Environments().limits(self), raising=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PILOTLIGHT_SERVICE": "pilotlight-test",
        "PILOTLIGHT_TARGETS": '[{"function": "api", "concurrency": 8}]',
    }.items():
        monkeypatch.setenv(name, value)
    importlib.reload(warmer)
    yield server
    server.shutdown()
    server.server_close()


def test_a_tick_proves_its_environments_and_logs_the_result(api: LambdaApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert api
    first, second = warmer.handler({}, Context()), warmer.handler({}, Context())
    assert first.keys() >= KEYS
    assert (first["unique"], first["cold"], first["coverage"]) == (8, 8, 1)
    assert (second["unique"], second["cold"], second["coverage"]) == (8, 0, 1)
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    tick = next(line for line in logged if line.get("message") == "tick")
    assert (tick["level"], tick["function"], tick["unique"]) == ("INFO", "api", 8)
    assert next(line for line in logged if "_aws" in line)["Coverage"] == 100


def test_an_incomplete_tick_is_an_error_with_its_cause(api: LambdaApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.respond = lambda request, _: request.reply(403, b'{"__type": "AccessDeniedException", "message": "no"}')
    result = warmer.handler({}, Context())
    assert (result["failed"], result["coverage"]) == (8, 0)
    tick = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (tick["level"], tick["causes"]) == ("ERROR", ["AccessDeniedException: no (8 times)"])


def test_several_targets_are_ticked_one_after_the_other(api: LambdaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [{"function": "one", "concurrency": 3}, {"function": "two", "concurrency": 2}]
    monkeypatch.setenv("PILOTLIGHT_TARGETS", json.dumps(targets))
    result = warmer.handler({}, Context())
    assert [target["function"] for target in result["targets"]] == ["one", "two"]
    assert (result["requested"], result["coverage"]) == (5, 1)
    assert api.most_in_flight <= 3


def test_a_tick_that_came_too_late_is_skipped_and_logged(
    api: LambdaApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PILOTLIGHT_RATE", "rate(1 minute)")
    late = datetime.now(UTC) - timedelta(seconds=90)
    result = warmer.handler({**SCHEDULED, "time": late.strftime("%Y-%m-%dT%H:%M:%SZ")}, Context())
    assert result["targets"] == []
    assert "ticks are 60 s apart" in result["skipped"]
    assert api.most_in_flight == 0
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["level"], line["rate_seconds"]) == ("WARNING", 60)
    assert line["message"] == f"tick skipped: {result['skipped']}"
    assert 90 <= line["age_seconds"] < 120


def test_a_tick_in_time_is_not_skipped(api: LambdaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api
    monkeypatch.setenv("PILOTLIGHT_RATE", "rate(5 minutes)")
    late = datetime.now(UTC) - timedelta(seconds=90)
    result = warmer.handler({**SCHEDULED, "time": late.strftime("%Y-%m-%dT%H:%M:%SZ")}, Context())
    assert (result["unique"], "skipped" in result) == (8, False)


def test_the_tick_is_recorded_in_x_ray_before_its_pings_and_complete_at_its_end(
    api: LambdaApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    with XRaySink() as daemon:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
        warmer.handler({}, Context())
        begun, *pings, tick = daemon.take(5)
    assert (begun["in_progress"], tick["in_progress"], begun["id"]) == (True, False, tick["id"])
    assert [ping["annotations"]["kind"] for ping in pings] == ["ping"] * 8
    assert tick["start_time"] <= min(ping["start_time"] for ping in pings)
    assert tick["end_time"] >= max(ping["end_time"] for ping in pings)
    assert tick["aws"] == {"request_id": "request-1"}
    annotations = tick["annotations"]
    assert annotations.pop("hold_ms") >= annotations.pop("exposed_ms") >= 0
    assert annotations == {
        "service": "pilotlight-test",
        "kind": "tick",
        "function": "api",
        "requested": 8,
        "unique": 8,
        "cold": 8,
        "failed": 0,
        "throttled": 0,
        "coverage": 1.0,
    }


def test_each_target_has_a_record_of_its_own(api: LambdaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.respond = lambda request, _: request.reply(403, b'{"__type": "AccessDeniedException", "message": "no"}')
    targets = [{"function": "one", "concurrency": 3}, {"function": "two", "concurrency": 2}]
    monkeypatch.setenv("PILOTLIGHT_TARGETS", json.dumps(targets))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    with XRaySink() as daemon:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
        warmer.handler({}, Context())
        records = daemon.take(5)
    found = [(each["annotations"]["function"], each["annotations"].get("failed")) for each in records]
    assert found == [("one", None), ("one", 3), ("two", None), ("two", 2)]


def test_the_warmer_does_not_load_the_sdk_of_x_ray() -> None:
    code = "import sys, warmer; print('aws_xray_sdk' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "False"


def test_a_wrong_configuration_raises(api: LambdaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api
    monkeypatch.setenv("PILOTLIGHT_TARGETS", "[]")
    with pytest.raises(TargetsError):
        warmer.handler({}, Context())
