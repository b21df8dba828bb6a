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
    assert document["InitDuration"] > 0
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
    assert "InitDuration" not in document


@pytest.mark.parametrize(("unique", "incomplete", "coverage"), [(4, 0, 100), (3, 1, 75)])
def test_a_tick_is_counted_for_the_service_and_the_function(unique: int, incomplete: int, coverage: int) -> None:
    lines: list[str] = []
    replies = by_environment(ping_reply(environment) for environment in "abcd"[:unique])
    metrics.emit_tick(TickResult("api", 4, replies, Tally(throttled=2)).as_dict(), lines.append)
    document = parsed(lines[0])
    assert document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Service"], ["Service", "Function"]]
    assert (document["EnvironmentsWarm"], document["PingThrottles"]) == (unique, 2)
    assert (document["IncompleteTick"], document["Coverage"]) == (incomplete, coverage)
