"""What a route wrote stands below its request's line, whichever of the two is known first."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.log_lines import LogLines
from pilotlight_tools.local.narrator import Narrator
from pilotlight_tools.local.pair import Pair


class Told:
    """A narrator with a clock that a test moves, and what it has shown."""

    def __init__(self, logs: LogLines | None) -> None:
        self.now = 0.0
        self.shown: list[str] = []
        self.narrator = Narrator(self._show, logs, clock=lambda: self.now)

    def _show(self, text: Text) -> None:
        self.shown.append(text.plain)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(LogLines(tmp_path))


def request(request_id: str | None = "7") -> Pair:
    return Pair(Exchange(1.0, 2.0, "GET", "http://127.0.0.1:3000/hello", 500, request_id), None)


def wrote(log: str, request_id: str = "7", *, failed_init: bool = False) -> Invocation:
    return Invocation("shop-api", request_id, "/tmp/code", log, "", failed_init)


def test_log_that_is_known_first_stands_below_its_request(told: Told) -> None:
    told.narrator.invocation(wrote("mine"))
    told.narrator.pair(request())
    [block] = told.shown
    line, below = block.splitlines()
    assert "GET     /hello  500" in line
    assert below.endswith("│ mine")


def test_log_that_is_known_later_stands_below_its_request(told: Told) -> None:
    told.narrator.pair(request())
    told.narrator.invocation(wrote("mine"))
    [block] = told.shown
    assert block.splitlines()[1].endswith("│ mine")


def test_log_of_another_request_stands_elsewhere(told: Told) -> None:
    told.narrator.invocation(wrote("another's", "8"))
    told.narrator.invocation(wrote("mine"))
    told.narrator.pair(request())
    assert "another's" not in told.shown[0]


def test_request_that_reached_no_function_is_shown_at_once(told: Told) -> None:
    told.narrator.pair(request(None))
    assert len(told.shown) == 1


def test_request_without_a_log_is_shown_soon(told: Told) -> None:
    told.narrator.pair(request())
    told.narrator.expire()
    assert told.shown == []
    told.now = 1.5
    told.narrator.expire()
    assert len(told.shown) == 1


def test_log_without_a_line_is_shown_with_its_functions_name(told: Told) -> None:
    told.narrator.invocation(wrote("mine"))
    told.narrator.invocation(wrote("", "8"))
    told.now = 10.0
    told.narrator.expire()
    [block] = told.shown
    assert "shop-api  invoked" in block
    assert block.endswith("│ mine")


def test_why_a_function_does_not_start_is_shown_once(told: Told) -> None:
    for request_id in ("7", "8"):
        told.narrator.invocation(
            wrote("Traceback (most recent call last):\nKeyError: 'X'", request_id, failed_init=True)
        )
        told.narrator.pair(request(request_id))
    failure, first, second = told.shown
    assert "shop-api does not start: KeyError: 'X'" in failure
    assert "Traceback" in failure
    for block in (first, second):
        assert block.endswith("it did not start: KeyError: 'X'")


def test_same_failure_after_a_start_is_shown_again(told: Told) -> None:
    for failed_init in (True, False, True):
        told.narrator.invocation(wrote("KeyError: 'X'", failed_init=failed_init))
    assert len(told.shown) == 2


def test_quiet_shows_the_lines_alone() -> None:
    quiet = Told(None)
    quiet.narrator.invocation(wrote("mine"))
    quiet.narrator.pair(request())
    assert len(quiet.shown) == 1
    assert "mine" not in quiet.shown[0]
