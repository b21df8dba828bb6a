"""The lines of `npm start`: each request, tick and cold start is printed with what is known of it."""

from __future__ import annotations

from typing import Any

from pilotlight_tools.local.console import line_of
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.pair import Pair


def exchange(request_id: str | None = "7", target: str = "/hello", status: int = 200) -> Exchange:
    url = f"http://127.0.0.1:3000{target}"
    return Exchange(1_795_364_302.0, 1_795_364_303.2344, "GET", url, status, request_id)


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


def printed(measured: Exchange | None, document: dict[str, Any] | None) -> str:
    """The line of a pair; empty when there is none."""
    line = line_of(Pair(measured, document))
    return line.plain if line is not None else ""


def test_request_is_printed_with_its_record() -> None:
    line = printed(exchange(), COLD)
    assert "GET     /hello  200  1,234 ms  cold (init 180 ms)  environment 01234567" in line


def test_warm_request_in_an_environment_that_a_ping_made_says_so() -> None:
    assert "warm (by a ping)" in printed(exchange(), record("request", warmed_by_ping=True))


def test_exchange_without_a_record_says_so() -> None:
    assert "no record" in printed(exchange(), None)


def test_request_that_reached_no_function_is_printed() -> None:
    assert "429" in printed(exchange(request_id=None, status=429), None)


def test_record_without_an_exchange_says_so() -> None:
    line = printed(None, record("request"))
    assert "500 ms in the function" in line
    assert "not through the front door" in line


def test_an_event_that_is_not_http_has_its_source_and_no_status() -> None:
    event = record("request", route="aws:sqs")
    for part in ("http", "fault"):
        event.pop(part, None)
    event["annotations"].pop("status", None)
    assert "event   aws:sqs    500 ms in the function" in printed(None, event)
    assert "event   aws:sqs  raised  500 ms in the function" in printed(None, event | {"fault": True})


def test_cold_ping_is_printed_and_a_warm_one_is_not() -> None:
    ping = record("ping", start="cold")
    facts = {"cold_start": True, "init_ms": 95.0, "environment": "0123456789abcdef"}
    ping |= {"annotations": {"kind": "ping", "start": "cold"}, "metadata": {"pilotlight": facts}}
    assert "ping    cold (init 95 ms)  environment 01234567" in printed(None, ping)
    assert printed(None, record("ping")) == ""


def test_tick_shows_coverage_and_every_problem() -> None:
    tick = record("tick", requested=5, unique=3, cold=3, failed=0, throttled=2, coverage=0.6, function="shop-api")
    assert "tick    3 of 5 environments warm  3 cold  2 throttled  coverage 60 %  shop-api" in printed(None, tick)
    tick["metadata"] = {"pilotlight": {"causes": ["KeyError: 'path'; for shop-api to reply, …"]}}
    assert printed(None, tick).splitlines()[1].strip() == "KeyError: 'path'; for shop-api to reply, …"


def test_request_cannot_send_control_characters_to_the_terminal() -> None:
    line = printed(exchange(target="/\x1b[2J\r/hello"), None)
    assert "\x1b" not in line
    assert "\r" not in line
