"""What the warmer keeps warm, and when; a mistake names its key and what is allowed."""

from __future__ import annotations

import calendar
import json
import os
import time
from typing import Any

import pytest

from pilotlight.warming.targets import Size, TargetsError, Window, parse_targets, size_at

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def test_a_target_is_a_function_and_its_concurrency() -> None:
    target = parse_targets('[{"function": "api", "concurrency": 5}]')[0]
    assert (target.function, target.size, target.windows) == ("api", Size(5, 5), ())


def test_auto_has_its_limits() -> None:
    target = parse_targets('[{"function": "api", "concurrency": "auto", "min": 1, "max": 20}]')[0]
    assert target.size == Size(1, 20)


def test_windows_have_days_times_and_a_size_of_their_own() -> None:
    windows = [
        {"days": "mon-fri", "from": "07:30", "to": "19:00", "concurrency": 10},
        {"days": ["sat", "sun-mon"], "concurrency": "auto", "max": 3},
    ]
    target = parse_targets(json.dumps([{"function": "api", "concurrency": 1, "windows": windows, "zone": BERLIN}]))[0]
    assert target.windows == (
        Window(frozenset(range(5)), 450, 1140, Size(10, 10)),
        Window(frozenset({5, 6, 0}), 0, 1440, Size(0, 3)),
    )
    assert target.zone == BERLIN


GOOD: dict[str, Any] = {"function": "api", "concurrency": 5}
WINDOW: dict[str, Any] = {"days": "mon", "from": "07:00", "to": "08:00", "concurrency": 5}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (None, "must be a list"),
        ([], "must be a list"),
        ({}, "must be a list"),
        (["api"], r"\[0\] must be an object"),
        ([GOOD, {"concurrency": 5}], r"\[1\].function must be"),
        ([{"function": "", "concurrency": 5}], r"\[0\].function must be"),
        ([{"function": "api"}], r"\[0\].concurrency must be a whole number from 0 to 1000, or auto"),
        ([{**GOOD, "concurrency": True}], "concurrency must be"),
        ([{**GOOD, "concurrency": 1001}], "concurrency must be"),
        ([{**GOOD, "concurrency": "automatic"}], "concurrency must be"),
        ([{**GOOD, "max": 5}], "max is allowed with concurrency: auto only"),
        ([{**GOOD, "concurrency": "auto"}], "max must be a whole number from 1"),
        ([{**GOOD, "concurrency": "auto", "min": 5, "max": 4}], "max must be a whole number from 5"),
        ([{**GOOD, "concurency": 5}], r"\[0\].concurency is not known; allowed are build, concurrency, function"),
        ([{**GOOD, "windows": {}}], "windows must be a list"),
        ([{**GOOD, "windows": [{**WINDOW, "days": "monday"}]}], r"windows\[0\].days must be a day, a range"),
        ([{**GOOD, "windows": [{**WINDOW, "days": []}]}], r"windows\[0\].days must name at least one"),
        (
            [{**GOOD, "windows": [{**WINDOW, "from": "7:00"}]}],
            r'windows\[0\].from must be a quoted time such as "07:30"',
        ),
        ([{**GOOD, "windows": [{**WINDOW, "to": "24:01"}]}], r"windows\[0\].to must be"),
        ([{**GOOD, "windows": [{**WINDOW, "to": 480}]}], r"windows\[0\].to must be"),
        ([{**GOOD, "windows": [{**WINDOW, "to": "07:00"}]}], r"windows\[0\].to must differ"),
        ([{**GOOD, "windows": [{**WINDOW, "until": "07:00"}]}], r"windows\[0\].until is not known"),
    ],
)
def test_a_mistake_names_its_key_and_what_is_allowed(entries: Any, message: str) -> None:
    with pytest.raises(TargetsError, match=message):
        parse_targets(json.dumps(entries))


@pytest.mark.parametrize("text", ["", "{", "[}"])
def test_text_that_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(TargetsError, match="PILOTLIGHT_TARGETS"):
        parse_targets(text)


def utc(text: str) -> float:
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M"))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-06 05:59", 1),  # Monday 07:59 in Berlin's summer
        ("2026-07-06 06:00", 10),
        ("2026-07-06 17:59", 10),
        ("2026-07-06 18:00", 1),
        ("2026-01-05 06:59", 1),  # in winter the same local hour is an hour later
        ("2026-01-05 07:00", 10),
        ("2026-07-04 12:00", 1),  # Saturday
        ("2026-07-04 21:00", 3),  # Saturday 23:00
        ("2026-07-04 22:30", 3),  # Sunday 00:30: the night that began on Saturday
        ("2026-07-05 21:00", 1),  # Sunday 23:00
    ],
)
def test_a_window_is_open_by_local_time(moment: str, expected: int) -> None:
    windows = (
        Window(frozenset(range(5)), 8 * 60, 20 * 60, Size(10, 10)),
        Window(frozenset({5}), 22 * 60, 60, Size(3, 3)),
    )
    before = os.environ.get("TZ"), time.tzname
    assert size_at(utc(moment), windows, Size(1, 1), BERLIN) == Size(expected, expected)
    assert (os.environ.get("TZ"), time.tzname) == before


def test_the_first_window_that_is_open_counts() -> None:
    always = frozenset(range(7))
    windows = (Window(always, 0, 1440, Size(2, 2)), Window(always, 0, 1440, Size(3, 3)))
    assert size_at(0, windows, Size(1, 1), "UTC0") == Size(2, 2)
