"""A tick whose event waited longer than the time between two ticks is skipped."""

from __future__ import annotations

import json

import pytest

from pilotlight.warming.schedule import DEFAULT_RATE_SECONDS, find_stale, rate_seconds
from tests.support.service import EVENTS

AT = 1_800_000_000.0
"""2027-01-15T08:00:00Z."""
RATE = "rate(5 minutes)"


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate( 2 hours )", 7200),
        ("rate(1 day)", 86_400),
        ("rate(0 minutes)", None),
        ("cron(0/5 * * * ? *)", None),
        ("", None),
    ],
)
def test_a_rate_is_the_seconds_between_two_ticks(expression: str, seconds: float | None) -> None:
    assert rate_seconds(expression) == seconds


def test_an_event_is_stale_when_it_is_older_than_one_rate() -> None:
    event = {"time": "2027-01-15T08:00:00Z"}
    assert find_stale(event, RATE, AT + 300) is None
    stale = find_stale(event, RATE, AT + 301)
    assert stale is not None
    assert (stale.age_seconds, stale.rate_seconds) == (301, 300)
    assert stale.reason == "its event is 301 s old, and ticks are 300 s apart"
    assert find_stale(event, "rate(10 minutes)", AT + 301) is None


@pytest.mark.parametrize("rate", ["", "cron(0/5 * * * ? *)"])
def test_without_a_fixed_rate_it_is_five_minutes(rate: str) -> None:
    stale = find_stale({"time": "2027-01-15T08:00:00Z"}, rate, AT + 301)
    assert stale is not None
    assert stale.rate_seconds == DEFAULT_RATE_SECONDS


def test_a_time_without_a_zone_is_utc() -> None:
    assert find_stale({"time": "2027-01-15T08:00:00"}, RATE, AT + 10) is None
    assert find_stale({"time": "2027-01-15T08:00:00"}, RATE, AT + 4000) is not None


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"time": "2027-01-15T09:00:00Z"},
        {"time": "yesterday"},
        {"time": None},
        {"time": 5},
        {"time": {"__type": 5}},
        {"time": "9999-12-31T23:59:59-23:59"},
        None,
        [],
        "2020-01-01T00:00:00Z",
    ],
    ids=str,
)
def test_an_event_of_no_time_or_of_the_future_is_never_stale(event: object) -> None:
    assert find_stale(event, RATE, AT) is None


def test_the_sample_of_a_tick_stays_usable_by_hand() -> None:
    assert find_stale(json.loads((EVENTS / "tick.json").read_text()), RATE, AT + 1e9) is None
