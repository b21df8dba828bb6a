"""Pages of log events: every event once, in order, whatever is added meanwhile; patterns of terms as AWS reads them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from pilotlight_tools.local.launcher.log_pages import (
    Event,
    Position,
    events_between,
    insert,
    page_of,
    terms_matcher,
)


def event(timestamp: int, message: str = "") -> Event:
    return {"timestamp": timestamp, "message": message or str(timestamp)}


def pages(streams: dict[str, list[Event]], most: int, **options: Any) -> list[list[Event]]:
    """Read all pages, as a client does: each from the token of the one before."""
    found = []
    position: Position | None = Position()
    while position is not None:
        position = Position.of(position.token())
        rest = [(name, events_between(events, position.timestamp, None)) for name, events in streams.items()]
        page, position = page_of(rest, position, most, **options)
        found.append(page)
    return found


def test_every_event_of_all_streams_is_in_one_page_and_in_order() -> None:
    chosen = random.Random(7)  # noqa: S311 (not for security)
    streams = {
        name: [event(at, f"{name}{number}") for number, at in enumerate(sorted(chosen.choices(range(60), k=500)))]
        for name in "abc"
    }
    for most in (1, 7, 499, 500, 1_500, 10_000):
        found = pages(streams, most)
        events = [each for page in found for each in page]
        assert all(len(page) == most for page in found[:-1])
        assert [each["timestamp"] for each in events] == sorted(each["timestamp"] for each in events)
        assert sorted(each["message"] for each in events) == sorted(f"{n}{i}" for n in "abc" for i in range(500))
        assert all(each["logStreamName"] == each["message"][0] for each in events)


def test_the_last_page_says_that_it_is_the_last() -> None:
    assert len(pages({"s": [event(at) for at in range(20)]}, 10)) == 2
    assert pages({}, 10) == [[]]
    assert pages({"s": []}, 10) == [[]]


def test_only_what_matches_is_in_a_page() -> None:
    events = [event(at, "even" if at % 2 == 0 else "odd") for at in range(100)]
    found = pages({"s": events}, 20, matches=lambda message: message == "odd")
    assert [[each["timestamp"] for each in page] for page in found] == [
        list(range(1, 40, 2)),
        list(range(41, 80, 2)),
        list(range(81, 100, 2)),
    ]


def test_events_that_come_meanwhile_are_read_once() -> None:
    events = [event(at) for at in range(10)]
    page, position = page_of([("s", events_between(events, 0, None))], Position(), 5)
    insert(events, [event(1, "too late"), event(4, "at the same time"), event(12, "new")])
    assert position is not None
    rest, _ = page_of([("s", events_between(events, position.timestamp, None))], position, 100)
    assert [each["message"] for each in (*page, *rest)] == [
        *"01234",
        "at the same time",
        *"56789",
        "new",
    ]


def test_a_range_has_both_its_ends() -> None:
    events = [event(at) for at in (1, 2, 2, 3, 4)]
    assert [each["timestamp"] for each in events_between(events, 2, 3)] == [2, 2, 3]
    assert [each["timestamp"] for each in events_between(events, 3, None)] == [3, 4]


def test_events_are_inserted_by_their_times_behind_those_of_the_same_time() -> None:
    events = [event(1), event(5, "first"), event(9)]
    insert(events, [event(5, "second"), event(7), event(10)])
    assert [each["message"] for each in events] == ["1", "first", "second", "7", "9", "10"]


@pytest.mark.parametrize("token", ["no", "OjE=", "\x00"])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Position.of(token)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("", ["anything", ""], []),
        ("ERROR", ["[ERROR] x"], ["error", "warning"]),  # case counts
        ("ERROR Timeout", ["Timeout ERROR"], ["ERROR", "Timeout"]),
        ('"two words"', ["has two words"], ["words two"]),
        ('"\\"ColdStart\\":"', ['{"ColdStart": 1}'], ["ColdStart"]),
        ("?ERROR ?WARN", ["WARN", "ERROR"], ["INFO"]),
        ('?"a b" ?c', ["a b", "c"], ["a", "b"]),
        ("ERROR -Timeout", ["ERROR"], ["ERROR Timeout", "Timeout"]),
        ("-Timeout", ["ERROR", ""], ["Timeout"]),
    ],
)
def test_terms_match_as_the_filter_pattern_syntax_says(pattern: str, matching: list[str], other: list[str]) -> None:
    """ "Filter pattern syntax" in the CloudWatch Logs user guide has these rules for unstructured log events."""
    matches = terms_matcher(pattern)
    assert matches is not None
    assert [text for text in matching if not matches(text)] == []
    assert [text for text in other if matches(text)] == []


@pytest.mark.parametrize("pattern", ["{ $.a = 1 }", "[a, b]", "%regex%", "  {$.a = 1}"])
def test_other_patterns_are_not_ours(pattern: str) -> None:
    assert terms_matcher(pattern) is None
