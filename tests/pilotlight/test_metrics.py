"""Metrics are lines in the embedded metric format, which CloudWatch extracts from the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotlight import metrics
from pilotlight.entry import entry_point
from pilotlight.routing import Routes
from pilotlight.warming.replies import by_environment
from pilotlight.warming.results import Tally, TickResult
from tests.support.events import MACHINE, Context, proxy_event
from tests.support.replies import ping_reply


def parsed(line: str) -> dict[str, Any]:
    """The line's metrics, checked against the embedded metric format's rules."""
    document: dict[str, Any] = json.loads(line)
    assert isinstance(document["_aws"]["Timestamp"], int)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Pilotlight"
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(document[name], str) for name in dimensions)
        for metric in directive["Metrics"]:
            assert metric["Unit"] in ("Count", "Milliseconds", "Percent")
            assert type(document[metric["Name"]]) in (int, float)
    return document


def test_a_users_cold_start_is_counted_and_its_warm_requests_are_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTLIGHT_SERVICE", "pilotlight-test")
    handler = entry_point(Routes(), machine=MACHINE)
    handler(proxy_event(), Context("request-1"))
    document = parsed(capsys.readouterr().out)
    assert (document["ColdStart"], document["Service"], document["request_id"]) == (1, "pilotlight-test", "request-1")
    assert document["init_ms"] > 0
    handler(proxy_event(), Context())
    assert capsys.readouterr().out == ""


def test_a_ping_is_not_counted_as_a_users_start(capsys: pytest.CaptureFixture[str]) -> None:
    handler = entry_point(Routes(), machine=MACHINE)
    handler({"pilotlight": {"ping": "a", "index": 0, "of": 1, "hold_until": 0}}, Context())
    handler(proxy_event(), Context())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("start", "name"), metrics.START_METRICS.items())
def test_each_start_has_its_metric(start: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    metrics.emit_start(start, None, "request-1")
    document = parsed(capsys.readouterr().out)
    assert document[name] == 1
    assert document["init_ms"] is None


@pytest.mark.parametrize(("unique", "incomplete", "coverage"), [(4, 0, 100), (3, 1, 75)])
def test_a_tick_is_counted_for_its_target(unique: int, incomplete: int, coverage: int) -> None:
    lines: list[str] = []
    replies = by_environment(ping_reply(environment) for environment in "abcd"[:unique])
    metrics.emit_tick(TickResult("api", 4, replies, Tally(throttled=2)).as_dict(), lines.append)
    document = parsed(lines[0])
    assert (document["EnvironmentsWarm"], document["PingThrottles"]) == (unique, 2)
    assert (document["IncompleteTick"], document["Coverage"]) == (incomplete, coverage)


@pytest.mark.parametrize(
    "function", ["api", "api:live", "arn:aws:lambda:eu-west-1:123456789012:function:api:provisioned"]
)
def test_a_target_with_an_alias_is_counted_under_its_functions_name(function: str) -> None:
    """Lambda's own metrics have the function's name alone, and a start is counted by the function itself."""
    lines: list[str] = []
    metrics.emit_tick(TickResult(function, 0).as_dict(), lines.append)
    assert parsed(lines[0])["Function"] == "api"


def test_the_free_tier_holds_every_metric_of_one_target(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most ten: each name with each set of dimensions is one ("Amazon CloudWatch pricing"); none is of a route."""
    monkeypatch.setenv("PILOTLIGHT_SERVICE", "pilotlight-test")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
    for start in metrics.START_METRICS:
        metrics.emit_start(start, 1.0, "request-1")
    metrics.emit_tick(TickResult("api:live", 0).as_dict())
    found = set()
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                found |= {(each["Name"], *(document[name] for name in names)) for each in directive["Metrics"]}
    assert {each[1:] for each in found} == {("pilotlight-test", "api")}
    assert len(found) <= 10


def test_the_namespace_is_a_setting(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLIGHT_METRICS_NAMESPACE", "Team/Warm")
    metrics.emit_start("cold", None, "request-1")
    directives = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert [each["Namespace"] for each in directives] == ["Team/Warm"]
