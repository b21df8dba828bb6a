"""The lines that functions and the warmer log are read as `pilotlight.metrics` writes them."""

import json
from typing import Any

import pytest

from pilotlight import metrics
from pilotlight_tools.latency.start_lines import Started, StartLines, TickLines
from tests.support.access_logs import FUNCTION, start_line, tick_line
from tests.support.xray_records import SERVICE


def event(message: str, at: float = 5.0) -> Any:
    return {"message": message, "timestamp": round(at * 1000)}


@pytest.mark.parametrize("start", ["cold", "proactive", "provisioned", "restored"])
def test_a_start_is_read_as_the_function_logs_it(
    start: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
    monkeypatch.setenv("PILOTLIGHT_SERVICE", SERVICE)
    metrics.emit_start(start, 123.4, "r")
    logged = capsys.readouterr().out.strip()
    lines = StartLines()
    lines.take([event(logged)])
    assert lines.by_request == {"r": Started(start, 123.4, FUNCTION)}
    _, ours = start_line(0.0, "r", start, 123.4)
    at = {"_aws": {"Timestamp": 0}}
    assert without_time(json.loads(ours) | at) == without_time(json.loads(logged) | at)


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "_aws"}


def test_a_tick_is_read_as_the_warmer_logs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLIGHT_SERVICE", SERVICE)
    logged: list[str] = []
    result = {"function": FUNCTION, "unique": 3, "cold": 1, "failed": 0, "throttled": 1, "coverage": 0.75}
    metrics.emit_tick(result | {"complete": False}, logged.append)
    _, ours = tick_line(0.0, requested=4, unique=3, cold=1)
    assert without_time(json.loads(ours)) == without_time(json.loads(logged[0]))
    lines = TickLines({SERVICE})
    lines.take([event(logged[0], 7.0)])
    [tick] = lines.ticks
    assert (tick.at, tick.function, tick.requested, tick.unique) == (7.0, FUNCTION, 4, 3)
    assert (tick.cold, tick.throttled, tick.coverage) == (1, 1, 0.75)


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: r",
        '{"request_id": "r"}',
        '{"request_id": "r", "ColdStart": 1}',
        '{"_aws": {}, "request_id": 7, "ColdStart": 1}',
        '{"_aws": {}, "request_id": "r", "orders": 1}',
        "{",
        "{" * 50_000,
    ],
)
def test_another_line_is_no_start(message: str) -> None:
    """A function logs what it likes, also with the same key: the filter of CloudWatch Logs finds these too."""
    lines = StartLines()
    lines.take([event(message)])
    assert lines.by_request == {}


@pytest.mark.parametrize("wrong", [{"Coverage": "all"}, {"Service": "another"}, {"ColdPings": None}, {"Coverage": -1}])
def test_another_line_is_no_tick(wrong: dict[str, Any]) -> None:
    _, message = tick_line(0.0)
    lines = TickLines({SERVICE})
    lines.take([event(json.dumps(json.loads(message) | wrong)), event("text"), event("[]")])
    assert lines.ticks == []


def test_an_init_duration_that_is_no_number_is_none() -> None:
    _, message = start_line(0.0, "r")
    lines = StartLines()
    lines.take([event(json.dumps(json.loads(message) | {"init_ms": "long"}))])
    assert lines.by_request["r"].init_ms is None
