"""The lines of `npm start`: each request, tick and cold start is told once, with what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight_tools.local.console import PATIENCE_SECONDS, LiveLines
from pilotlight_tools.local.front_door import Exchange
from pilotlight_tools.local.xray import Measurement
from pilotlight_tools.local.xray.synthetic import synthesise


class Watch:
    """Live lines with a clock of their own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.printed: list[str] = []
        self.lines = LiveLines(lambda line: self.printed.append(line.plain), clock=lambda: self.now)


def exchange(request_id: str = "7", target: str = "/hello", status: int = 200) -> Exchange:
    return Exchange("GET", target, status, 1234.5, request_id, 1_795_364_302.0, 1_795_364_303.2)


def record(kind: str, request_id: str = "7", **annotations: Any) -> dict[str, Any]:
    known = {"kind": kind, "start": "warm", "cold_start": False, "environment": "0123456789abcdef", "status": 200}
    return {
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "id": "70de5b6f19ff9a0a",
        "start_time": 1_795_364_302.5,
        "end_time": 1_795_364_303.0,
        "http": {"request": {"method": "GET", "url": "/hello"}, "response": {"status": 200}},
        "aws": {"request_id": request_id},
        "annotations": known | annotations,
    }


COLD = record("request", start="cold", cold_start=True, init_ms=180.4)


@pytest.mark.parametrize("record_first", [True, False])
def test_request_is_told_once_with_its_record_whichever_comes_first(record_first: bool) -> None:
    watch = Watch()
    if record_first:
        watch.lines.document(COLD)
    watch.lines.exchange(exchange())
    if not record_first:
        watch.lines.document(COLD)
    watch.now += 10 * PATIENCE_SECONDS
    watch.lines.flush()
    [line] = watch.printed
    assert "GET     /hello  200  1,234 ms  cold (init 180 ms)  environment 01234567" in line


def test_warm_request_in_an_environment_that_a_ping_made_says_so() -> None:
    watch = Watch()
    watch.lines.document(record("request", warmed_by_ping=True))
    watch.lines.exchange(exchange())
    assert "warm (by a ping)" in watch.printed[0]


def test_exchange_without_a_record_is_told_after_a_while_and_not_before() -> None:
    watch = Watch()
    watch.lines.exchange(exchange())
    watch.lines.flush()
    assert watch.printed == []
    watch.now += 1.01 * PATIENCE_SECONDS
    watch.lines.flush()
    assert "no record" in watch.printed[0]


def test_request_that_met_no_function_is_told_at_once() -> None:
    watch = Watch()
    watch.lines.exchange(exchange(request_id="", status=429))
    assert "429" in watch.printed[0]


def test_record_without_an_exchange_is_told_after_a_while() -> None:
    watch = Watch()
    watch.lines.document(record("request"))
    watch.now += 1.01 * PATIENCE_SECONDS
    watch.lines.flush()
    assert "500 ms in the function" in watch.printed[0]
    assert "not through the front door" in watch.printed[0]


def test_cold_ping_is_told_and_a_warm_one_is_not() -> None:
    watch = Watch()
    watch.lines.document(record("ping", start="cold", cold_start=True, init_ms=95.0))
    watch.lines.document(record("ping"))
    [line] = watch.printed
    assert "ping    cold (init 95 ms)" in line


def test_tick_tells_coverage_and_every_trouble() -> None:
    watch = Watch()
    watch.lines.document(record("tick", requested=5, unique=3, cold=3, failed=0, throttled=2, coverage=0.6))
    assert "tick    3 of 5 environments warm  3 cold  2 throttled  coverage 60 %" in watch.printed[0]


def test_segments_made_up_for_aws_are_not_told() -> None:
    watch = Watch()
    measurement = Measurement(start=1.0, end=2.0, method="GET", url="/hello", status=200, request_id="7")
    for document in synthesise(measurement, COLD, "pilotlight-local", "local"):
        watch.lines.document(document)
    watch.now += 10 * PATIENCE_SECONDS
    watch.lines.flush()
    assert watch.printed == []


def test_document_that_is_no_record_of_ours_is_passed_over() -> None:
    watch = Watch()
    watch.lines.document({"name": "S3", "id": "1"})
    watch.lines.document({"name": "S3", "id": "1", "annotations": {"mine": True}})
    assert watch.printed == []


def test_nobody_can_steer_the_terminal_by_a_request() -> None:
    watch = Watch()
    watch.lines.exchange(exchange(request_id="", target="/\x1b[2J\r/hello"))
    assert "\x1b" not in watch.printed[0]
    assert "\r" not in watch.printed[0]
