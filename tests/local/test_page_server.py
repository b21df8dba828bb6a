"""The live page's server: a report for each time range that the page offers, read no more often than it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests

from pilotlight_tools.latency.page import RANGES
from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.time_range import duration_seconds
from pilotlight_tools.local.page_server import LatestReports, ReportReader, page_server
from tests.support import reports


@dataclass
class Source:
    """Returns the report of one request, and counts what was asked for."""

    asked: list[str] = field(default_factory=list)
    problem: str = ""

    def read(self, last: str) -> Report:
        self.asked.append(last)
        if self.problem:
            raise Problem(self.problem, "Wait.")
        return reports.one_request()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def url(source: Source) -> Iterator[str]:
    with page_server(ReportReader("shop", source.read, lambda _: [])) as address:
        yield address


@pytest.mark.parametrize("last", RANGES)
def test_each_range_of_the_page_is_read(url: str, source: Source, last: str) -> None:
    response = requests.get(f"{url}report.json", params={"last": last}, timeout=10)
    assert (response.status_code, response.json()["requests"]) == (200, 1)
    assert response.headers["Cache-Control"] == "no-store"
    assert source.asked == [last]
    assert duration_seconds(last) > 0, "the reader takes the same words"


def test_without_a_range_it_is_the_last_hour(url: str, source: Source) -> None:
    assert requests.get(f"{url}report.json", timeout=10).json()["requests"] == 1
    assert source.asked == ["1h"]


@pytest.mark.parametrize("last", ["2h", "", "1h ", "31d", "1h&last=6h", "9" * 5000, "<b>"])
def test_any_other_range_is_refused_unread(url: str, source: Source, last: str) -> None:
    response = requests.get(f"{url}report.json", params={"last": last}, timeout=10)
    assert response.status_code == 400
    assert "last is one of 15m, 1h, 6h, 24h, 7d, 30d" in response.json()["problem"]
    assert len(response.text) < 200
    assert source.asked == []


def test_a_fresh_report_is_not_read_again_and_each_range_is_kept_apart(url: str, source: Source) -> None:
    for last in ("1h", "6h", "1h", "6h", "1h"):
        requests.get(f"{url}report.json", params={"last": last}, timeout=10).raise_for_status()
    assert source.asked == ["1h", "6h"]


def test_a_problem_is_said_and_not_kept(url: str, source: Source) -> None:
    source.problem = "X-Ray is asleep."
    response = requests.get(f"{url}report.json", timeout=10)
    assert (response.status_code, response.json()) == (503, {"problem": "X-Ray is asleep. Wait."})
    source.problem = ""
    assert requests.get(f"{url}report.json", timeout=10).status_code == 200


def test_reading_takes_a_third_of_the_time_however_many_ranges_are_shown() -> None:
    """By a clock that only reading moves: each takes 3 s, so one range is fresh for 6 s more, two for 12 s each."""
    clock = Clock()

    def read(_: str) -> Report:
        clock.now += 3.0
        return reports.one_request()

    def readings(ranges: tuple[str, ...]) -> float:
        latest = LatestReports(read, clock)
        began = clock.now
        reading = 0.0
        while clock.now < began + 300:
            for last in ranges:
                before = clock.now
                asyncio.run(latest.json(last))
                reading += clock.now - before
            clock.now += 0.5
        return reading / (clock.now - began)

    assert readings(("1h",)) == pytest.approx(1 / 3, abs=0.03)
    assert readings(("1h", "6h")) <= 1 / 3 + 0.03
    assert readings(("15m", "1h", "6h", "24h")) <= 1 / 3 + 0.03


@dataclass
class Clock:
    """Seconds that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
