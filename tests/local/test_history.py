"""The history: pairs by number, kind and request id; it waits for pairs that have not arrived yet."""

from __future__ import annotations

from threading import Timer

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.history import History
from pilotlight_tools.local.pair import Pair
from tests.support.xray_records import RecordMaker

NOW = 1_700_000_000.0


def request(made: RecordMaker) -> Pair:
    record = made.request(NOW)
    return Pair(Exchange(NOW, NOW + 0.1, "GET", "http://h/", 200, record["aws"]["request_id"]), record)


def test_requests_from_an_index_on_are_waited_for() -> None:
    history, made = History(), RecordMaker()
    first, second = request(made), request(made)
    history.add(first)
    history.add(Pair(None, made.tick(NOW)[-1]))
    Timer(0.05, history.add, [second]).start()
    assert history.exchanged_from(1, 1) == [second]
    assert history.exchanged() == [first, second]


def test_a_record_is_found_by_its_request_and_waited_for() -> None:
    history, made = History(), RecordMaker()
    pair = request(made)
    Timer(0.05, history.add, [pair]).start()
    assert history.record_of(pair.request_id or "") == pair.record


def test_a_request_without_a_record_has_none() -> None:
    history = History()
    history.add(Pair(Exchange(NOW, NOW + 0.1, "GET", "http://h/", 502, "7"), None))
    assert history.record_of("7") is None


def test_records_are_selected_by_kind() -> None:
    history, made = History(), RecordMaker()
    pair, (ping, tick) = request(made), made.tick(NOW, requested=1, unique=1)
    for each in (Pair(None, ping), pair, Pair(None, tick)):
        history.add(each)
    assert history.records("tick") == [tick]
    assert history.records("request", "ping") == [ping, pair.record]
