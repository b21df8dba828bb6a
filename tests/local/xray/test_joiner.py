"""Pairs: each exchange and each record is given once, with its counterpart if there is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.in_flight import InFlight
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.xray.joiner import PATIENCE_SECONDS, Joiner
from pilotlight_tools.local.xray.synthetic import synthesise
from tests.support.xray_records import SERVICE, STAGE, RecordMaker

NOW = 1_700_000_000.0


class Watch:
    """A joiner with a clock of its own, and what it gave."""

    def __init__(self) -> None:
        self.now = 0.0
        self.given: list[Pair] = []
        self.in_flight = InFlight()
        self.joiner = Joiner(self.given.append, in_flight=self.in_flight, clock=lambda: self.now)


def exchange(request_id: str | None, status: int = 200) -> Exchange:
    return Exchange(NOW - 0.3, NOW + 0.1, "GET", "http://localhost/test/hello", status, request_id)


@pytest.mark.parametrize("measured_first", [True, False])
def test_either_side_may_come_first(measured_first: bool) -> None:
    watch = Watch()
    record = RecordMaker().request(NOW)
    measured = exchange(record["aws"]["request_id"])
    steps: list[Callable[[], None]] = [
        lambda: watch.joiner.measured(measured),
        lambda: watch.joiner.recorded(record),
    ]
    for step in steps if measured_first else reversed(steps):
        step()
    watch.joiner.expire(0)
    assert watch.given == [Pair(measured, record)]


def test_each_side_waits_for_the_other_and_is_then_given_alone() -> None:
    watch = Watch()
    measured, record = exchange("no record", 502), RecordMaker().request(NOW)
    watch.joiner.measured(measured)
    watch.joiner.recorded(record)
    watch.now = PATIENCE_SECONDS - 0.1
    watch.joiner.expire()
    assert watch.given == []
    watch.now = PATIENCE_SECONDS
    watch.joiner.expire()
    watch.joiner.expire()
    assert watch.given == [Pair(measured, None), Pair(None, record)]


def test_a_record_waits_as_long_as_its_request_may_be_at_the_front_door() -> None:
    """Under load a response comes seconds after its record; a request that arrived later is another one."""
    watch = Watch()
    record, other = RecordMaker().request(NOW), RecordMaker(2).request(NOW - 10)
    watch.in_flight.begin(NOW - 0.3)
    watch.joiner.recorded(record)
    watch.joiner.recorded(other)
    watch.now = 10 * PATIENCE_SECONDS
    watch.joiner.expire()
    assert watch.given == [Pair(None, other)]
    measured = exchange(record["aws"]["request_id"])
    watch.joiner.measured(measured)
    assert watch.given[1:] == [Pair(measured, record)]
    watch.joiner.recorded(record)
    watch.in_flight.end(NOW - 0.3)
    watch.now = 20 * PATIENCE_SECONDS
    watch.joiner.expire()
    assert watch.given[2:] == [Pair(None, record)]


def test_only_what_has_waited_long_enough_is_given_alone() -> None:
    watch = Watch()
    early, late = exchange("early"), exchange("late")
    watch.joiner.measured(early)
    watch.now = 1.0
    watch.joiner.measured(late)
    watch.now = PATIENCE_SECONDS
    watch.joiner.expire()
    assert watch.given == [Pair(early, None)]


def test_request_that_reached_no_function_is_given_at_once() -> None:
    watch = Watch()
    refused = exchange(None, 429)
    watch.joiner.measured(refused)
    assert watch.given == [Pair(refused, None)]


def test_pings_and_ticks_are_given_at_once_and_in_order() -> None:
    watch = Watch()
    records = RecordMaker().tick(NOW, requested=2, unique=2)
    for record in records:
        watch.joiner.recorded(record)
    assert watch.given == [Pair(None, record) for record in records]


def test_a_second_record_of_one_request_does_not_replace_the_first() -> None:
    """Lambda retries with the same request id after a failure."""
    watch = Watch()
    record = RecordMaker().request(NOW)
    again = record | {"id": "1" * 16}
    measured = exchange(record["aws"]["request_id"])
    watch.joiner.recorded(record)
    watch.joiner.recorded(again)
    watch.joiner.measured(measured)
    assert watch.given == [Pair(None, record), Pair(measured, again)]


def test_documents_that_are_not_our_records_are_ignored() -> None:
    watch = Watch()
    document = {"name": "orders", "id": "1" * 16, "trace_id": RecordMaker().trace_id(NOW), "start_time": NOW}
    watch.joiner.recorded(document)
    watch.joiner.recorded(document | {"annotations": {"mine": True}})
    watch.joiner.expire(0)
    assert watch.given == []


def test_a_record_in_progress_is_not_given_before_it_is_complete() -> None:
    watch = Watch()
    *_, tick = RecordMaker().tick(NOW)
    begun = {key: value for key, value in tick.items() if key != "end_time"} | {"in_progress": True}
    watch.joiner.recorded(begun)
    assert watch.given == []
    watch.joiner.recorded(tick)
    assert watch.given == [Pair(None, tick)]


def test_synthetic_segments_are_ignored() -> None:
    watch = Watch()
    record = RecordMaker().request(NOW, start="cold", init_ms=200.0)
    for document in synthesise(Pair(exchange(record["aws"]["request_id"]), record), SERVICE, STAGE):
        watch.joiner.recorded(document)
    watch.joiner.expire(0)
    assert watch.given == []


def test_a_pair_has_a_request_id_a_kind_and_a_start() -> None:
    record = RecordMaker().request(NOW, start="cold")
    request_id = record["aws"]["request_id"]
    whole, measured = Pair(exchange(request_id), record), Pair(exchange(None), None)
    assert (whole.request_id, whole.kind, whole.start) == (request_id, "request", "cold")
    assert Pair(None, record).request_id == request_id
    assert (measured.request_id, measured.kind, measured.start) == (None, "request", "")
    assert Pair(None, RecordMaker().tick(NOW)[-1]).kind == "tick"


def test_an_exchange_has_its_response_time_and_target() -> None:
    measured = Exchange(NOW, NOW + 0.25, "GET", "http://127.0.0.1:3000/a//b?next=http://x/y", 200, None)
    assert measured.milliseconds == 250
    assert measured.target == "/a//b?next=http://x/y"
