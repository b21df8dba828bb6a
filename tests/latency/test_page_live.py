"""The live page does not lose its reader: it changes in place, pauses, waits while nobody answers, and rests unseen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.report import Report
from pilotlight_tools.local.page_server import ReportReader, page_server
from tests.support import reports
from tests.support.browser import Page, needs_browser, open_browser

pytestmark = [pytest.mark.browser, needs_browser]
READINGS = 3
"""Of one page: enough to see that it changes, and that it stops."""


@dataclass
class Source:
    """What the page shows: the report, which a test replaces, and the time ranges that were asked for."""

    report: Report
    asked: list[str] = field(default_factory=list)
    problem: str = ""

    def read(self, last: str) -> Report:
        self.asked.append(last)
        if self.problem:
            raise Problem(self.problem, "Wake it.")
        return self.report


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def source() -> Source:
    return Source(reports.typical_day())


@pytest.fixture
def url(source: Source) -> Iterator[str]:
    with page_server(ReportReader("shop", source.read, lambda _: [])) as address:
        yield address


def until(page: Page, expression: str, what: str = "") -> None:
    WebDriverWait(page.browser, 30, poll_frequency=0.1).until(lambda _: page.evaluate(expression), what or expression)


def shows(page: Page, words: str) -> None:
    until(page, f"document.getElementById('scope').textContent.includes('{words}')", words)


def asks_again(source: Source, times: int = READINGS) -> bool:
    """Whether the page asks on within the time of several readings."""
    before, end = len(source.asked), time.monotonic() + 4.0 * times
    while time.monotonic() < end and len(source.asked) < before + times:
        time.sleep(0.1)
    return len(source.asked) >= before + times


def changed(report: Report) -> Report:
    """A report with one more route and one more slow request, at the top of their tables."""
    slow = replace(report.slowest[0], trace_id=None, at=report.slowest[0].at + 1, response_ms=14_000.0)
    route = replace(report.routes[0], name="GET /new")
    return replace(
        report,
        requests=report.requests + 1,
        slowest=[slow, *report.slowest[:-1]],
        routes=[route, *report.routes],
        timeline=[replace(point, requests=point.requests + 1) for point in report.timeline],
    )


def test_what_the_reader_does_outlives_a_reading(page: Page, source: Source, url: str) -> None:
    """Focus, selected text, opened tables, where tables and page are scrolled to, and a price that was typed."""
    page.open(url, height=500)
    shows(page, "9,000 user requests")
    page.browser.execute_script("""
      document.getElementById('price').value = '0.2';
      document.getElementById('price').dispatchEvent(new Event('input', { bubbles: true }));
      document.getElementById('time-more').open = true;
      document.getElementById('time-table').scrollTop = 200;
      const find = (selector) => document.querySelector(selector);
      const route = find('#routes-table tr[data-key="POST /orders"] th bdi');
      getSelection().selectAllChildren(route);
      window.kept = [route, find('#time-chart svg'), find('#slowest-table tbody tr')];
      find('#slowest-table').focus();
      scrollTo(0, 900);
    """)
    source.report = changed(source.report)
    shows(page, "9,001 user requests")
    assert page.evaluate("document.querySelector('#routes-table tbody th').textContent") == "GET /new"
    assert page.evaluate("window.kept.every((node) => node.isConnected)")
    assert page.evaluate("getSelection().toString()") == "POST /orders"
    assert page.evaluate("document.activeElement.id") == "slowest-table"
    assert page.evaluate("document.getElementById('time-more').open")
    assert page.evaluate("document.getElementById('time-table').scrollTop") == 200
    assert page.evaluate("Math.round(scrollY)") == 900
    assert page.evaluate("document.getElementById('price').value") == "0.2"
    assert "at $0.20 a cold start" in page.browser.find_element(By.ID, "judgement").text
    assert page.errors() == []


def test_a_focused_link_stays_focused_when_rows_come_above_it(page: Page, source: Source, url: str) -> None:
    traced = [
        replace(slow, trace_id=f"1-0000000{index}-{'a' * 24}") for index, slow in enumerate(source.report.slowest)
    ]
    source.report = replace(source.report, slowest=traced)
    page.open(url)
    until(page, "document.querySelectorAll('#slowest-table a').length > 3")
    name = page.browser.execute_script("""
      const link = document.querySelectorAll('#slowest-table a')[2]; link.focus(); return link.textContent;
    """)
    source.report = replace(changed(source.report), slowest=[traced[2], replace(traced[0], at=1.0), traced[1]])
    shows(page, "9,001 user requests")
    assert page.evaluate("document.activeElement.textContent") == name


def test_a_pause_lasts_until_it_is_ended(page: Page, source: Source, url: str) -> None:
    page.open(url)
    shows(page, "9,000 user requests")
    button = page.browser.find_element(By.ID, "pause")
    button.click()
    assert (button.text, page.browser.find_element(By.ID, "state").text) == ("Resume", "Paused")
    time.sleep(1)  # what was asked for before
    source.report = changed(source.report)
    assert not asks_again(source, 1)
    assert "9,000" in page.browser.find_element(By.ID, "scope").text
    button.click()
    shows(page, "9,001 user requests")
    assert (button.text, page.browser.find_element(By.ID, "state").text) == ("Pause", "Live")


def test_a_hidden_page_asks_for_nothing(page: Page, source: Source, url: str) -> None:
    """In a browser without a window no tab is ever hidden, so the page is told that it is."""
    page.open(url)
    shows(page, "9,000 user requests")
    page.browser.execute_script("""
      Object.defineProperty(document, 'hidden', { get: () => window.isHidden, configurable: true });
      window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'));
    """)
    time.sleep(1)  # what was asked for before
    assert not asks_again(source, 1)
    page.browser.execute_script("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    assert asks_again(source, 1)


def test_a_problem_is_said_and_the_figures_stay(page: Page, source: Source, url: str) -> None:
    """It asks again later and later, and goes on as soon as there is an answer."""
    page.open(url)
    shows(page, "9,000 user requests")
    source.problem = "X-Ray is asleep."
    until(page, "/asleep.*in 4 s/.test(document.getElementById('state').textContent)")
    until(page, "/asleep.*in 8 s/.test(document.getElementById('state').textContent)")
    until(page, "/asleep.*in 10 s/.test(document.getElementById('state').textContent)")
    assert "9,000" in page.browser.find_element(By.ID, "scope").text
    source.problem = ""
    until(page, "document.getElementById('state').textContent === 'Live'")


def test_the_time_range_is_chosen_on_the_page_or_in_its_address(page: Page, source: Source, url: str) -> None:
    page.open(f"{url}?last=6h")
    shows(page, "9,000 user requests")
    assert {*source.asked} == {"6h"}
    checked = "document.querySelector('input[name=last]:checked').value"
    assert page.evaluate(checked) == "6h"
    page.browser.find_element(By.CSS_SELECTOR, "input[value='7d']").click()
    until(page, "location.search === '?last=7d'")
    WebDriverWait(page.browser, 10).until(lambda _: source.asked[-1] == "7d")
    page.open(f"{url}?last=nonsense")
    shows(page, "9,000 user requests")
    assert page.evaluate(checked) == "1h"
    assert page.errors() == []


def test_the_live_page_is_for_everyone_too(page: Page, source: Source, url: str) -> None:
    for width in (1440, 390):
        page.open(url, width=width, look="dark")
        shows(page, "9,000 user requests")
        assert page.violations() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert source.asked
