"""The page for everyone: every width, light, dark, forced colours, print, a keyboard, colour-blind eyes, odd names.

Its reports are made by hand, so that it also shows what no driven history has. Screenshots stay in pytest's folder.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pypdf
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pilotlight_tools.cost.worth import is_worth_it
from pilotlight_tools.latency.page import static_page
from pilotlight_tools.latency.report import Report, Verdict
from tests.support import reports
from tests.support.browser import Page, needs_browser, open_browser

pytestmark = [pytest.mark.browser, needs_browser]
WIDTHS, LOOKS = (1440, 1024, 390), ("light", "dark", "forced")
PAPER_PIXELS = 703
"""A4 less the margins of page.css, 186 mm."""
MOST_BYTES = 700_000
CUT = "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.id)"
DISTINCT = 15.0
"""A difference (CIE 1976) that is seen without looking for it."""
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
"""Machado, Oliveira and Fernandes 2009, for linear RGB, severity 1."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def day() -> Report:
    return reports.typical_day()


def kept(report: Report, folder: Path) -> str:
    """The URL of a report's page, kept as a file."""
    file = folder / "latency.html"
    file.write_text(static_page(report), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_stands_in_anybodys_way(page: Page, day: Report, tmp_path: Path, width: int, look: str) -> None:
    """axe-core finds nothing, the page logs nothing, and nothing overflows sideways, with all tables open."""
    page.open(kept(day, tmp_path), width=width, look=look)
    page.browser.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert page.violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.errors() == []
    page.screenshot(tmp_path / f"{width}-{look}.png")


@pytest.mark.parametrize("name", reports.EVERY)
def test_every_report_is_shown_whole_and_small(page: Page, tmp_path: Path, name: str) -> None:
    report = reports.EVERY[name]()
    url = kept(report, tmp_path)
    assert (tmp_path / "latency.html").stat().st_size <= MOST_BYTES
    for width in (*WIDTHS, 768, 993):
        page.open(url, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == [], "no column is out of sight"
        page.screenshot(tmp_path / f"{name}-{width}.png")
    assert page.violations() == []
    assert page.errors() == []
    assert page.evaluate("document.images.length") == 0
    assert page.browser.find_element(By.ID, "service").text == report.service


def test_start_types_are_told_apart_without_colour(page: Page, tmp_path: Path) -> None:
    """Each has a shape of its own, in the chart, the tables and the list of their meanings."""
    million = reports.a_million()
    page.open(kept(million, tmp_path), look="forced")
    shapes = page.evaluate(
        "[...document.querySelectorAll('#starts-table .swatch path')].map((path) => path.getAttribute('d'))"
    )
    assert len(set(shapes)) == len(shapes) == len(million.starts) == 6
    drawn = page.evaluate(
        "[...document.querySelectorAll('#spread-chart g[data-key] > path')].map((p) => p.getAttribute('d'))"
    )
    assert drawn == shapes
    ink = "[...document.querySelectorAll('.swatch path')].map((path) => getComputedStyle(path).fill)"
    assert "rgb(255, 255, 255)" in page.evaluate(ink), "swatches are in the forced ink"


@pytest.mark.parametrize("look", ["light", "dark"])
def test_start_types_are_told_apart_by_deuteranopes(page: Page, day: Report, tmp_path: Path, look: str) -> None:
    page.open(kept(day, tmp_path), look=look)
    names = ("cold", "warm", "proactive", "provisioned", "restored", "no-record", "unknown")
    colours = {
        name: page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()")
        for name in names
    }
    near = {
        pair: round(difference(colours[pair[0]], colours[pair[1]]), 1)
        for pair in combinations(names, 2)
        if difference(colours[pair[0]], colours[pair[1]]) < DISTINCT
    }
    assert near == {}


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_prints_on_two_pages_with_nothing_cut(page: Page, day: Report, tmp_path: Path, look: str) -> None:
    page.open(kept(day, tmp_path), look=look)
    (tmp_path / "page.pdf").write_bytes(page.printed())
    pdf = pypdf.PdfReader(tmp_path / "page.pdf")
    assert len(pdf.pages) == 2
    assert [round(float(size) / 72 * 25.4) for size in pdf.pages[0].mediabox[2:]] == [210, 297]
    text = " ".join("\n".join(each.extract_text() for each in pdf.pages).split())
    for part in (
        day.verdict.sentence,
        day.notes[0],
        "nothing is interpolated or bucketed.",
        "Trace",
        "5xx",
        "Worth it",
    ):
        assert part in text
    for name in (*day.starts, *(group.name for group in (*day.routes, *day.functions))):
        assert name in text
    assert "as a table" not in text, "closed tables are left out, not their titles printed"


def test_six_start_types_and_a_million_requests_print_on_two_pages_too(page: Page, tmp_path: Path) -> None:
    page.open(kept(reports.a_million(), tmp_path))
    pdf = pypdf.PdfReader(io.BytesIO(page.printed()))
    assert len(pdf.pages) == 2
    assert "nothing is interpolated or bucketed." in " ".join(pdf.pages[1].extract_text().split())


def test_what_is_printed_is_on_the_paper(page: Page, day: Report, tmp_path: Path) -> None:
    """Every word, bar and line is inside the margins, by the styles of paper, on a white ground."""
    page.open(kept(day, tmp_path), width=PAPER_PIXELS, look="dark", media="print")
    page.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    beyond = f"""[...document.querySelectorAll('main *, header *')].filter((each) => each.checkVisibility())
      .filter((each) => !each.closest('.hidden') && each.getBoundingClientRect().right > {PAPER_PIXELS + 0.5})
      .map((each) => each.outerHTML)"""
    assert page.evaluate(beyond) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    swatches = "[...document.querySelectorAll('#starts-table .swatch path')].map((each) => getComputedStyle(each).fill)"
    assert len(set(page.evaluate(swatches))) == len(day.starts)


def test_the_screen_is_as_before_after_printing(page: Page, day: Report, tmp_path: Path) -> None:
    page.open(kept(day, tmp_path), width=1024)
    before = page.evaluate("document.querySelector('#time-chart svg').outerHTML")
    page.printed()
    assert page.evaluate("document.querySelector('#time-chart svg').outerHTML") == before


@pytest.mark.parametrize("price", ["0.05", "0.0000001", "0.06", "0", "1000", "0.000013", "0.000014"])
def test_the_reader_sets_what_a_cold_start_costs(page: Page, day: Report, tmp_path: Path, price: str) -> None:
    """By the rule that the report and `cost` have: cost/worth.py."""
    page.open(kept(day, tmp_path))
    field = page.browser.find_element(By.ID, "price")
    assert field.get_attribute("value") == "0.05"
    field.clear()
    field.send_keys(price)
    none = day.verdict.alternatives[0]
    expected = {
        each.name: is_worth_it(each.added, none.cold_starts - each.cold_starts, float(price))
        for each in day.verdict.alternatives[1:]
    }
    rows = page.browser.find_elements(By.CSS_SELECTOR, "#alternatives tbody tr")
    assert [row.get_attribute("data-key") for row in rows] == ["none", *expected]
    assert {str(row.get_attribute("data-key")): "yes" in row.text for row in rows[1:]} == expected
    each = day.verdict.price_for_each_spared
    assert each is not None
    told = page.browser.find_element(By.ID, "judgement").text
    assert told.startswith("The warmer is worth it" if each <= float(price) else "The warmer is not worth it")


def test_the_verdict_is_first_with_its_three_figures(page: Page, day: Report, tmp_path: Path) -> None:
    page.open(kept(day, tmp_path))
    assert page.evaluate("document.querySelector('main p').textContent") == day.verdict.sentence
    answers = [each.text.split("\n") for each in page.browser.find_elements(By.CSS_SELECTOR, "#answers li")]
    assert [each[:2] for each in answers] == [
        ["Users who waited", "64"],
        ["Cold starts spared", "418"],
        ["What it costs", "$0.17"],
    ]
    assert "412 ms longer" in answers[0][2]
    assert "26 s in all" in " ".join(answers[0])
    assert "without pings 482 requests would have been cold, if Lambda removed what is idle for 6 minutes" in " ".join(
        answers[1]
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"spared": None, "cold_without_pings": None}, "Too little is known to tell."),
        ({"price": None, "price_for_each_spared": None, "alternatives": []}, "The price cannot be known here."),
        ({"price": None, "price_for_each_spared": None}, "a month more, if a warmer ran: none does"),
        ({"spared": 0, "price_for_each_spared": None}, "The warmer is not worth it: it spared no cold start."),
        ({"longer_ms": None, "longer_in_all_ms": 0.0}, "of 9,000 requests waited for a start"),
    ],
)
def test_what_is_not_known_is_said(
    page: Page, day: Report, tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    report = replace(day, verdict=Verdict(**{**_fields(day.verdict), **changed}))
    page.open(kept(report, tmp_path))
    assert words in page.browser.find_element(By.CSS_SELECTOR, ".verdict").text
    assert page.browser.find_element(By.ID, "money").is_displayed() == bool(report.verdict.alternatives)
    assert page.errors() == []


def test_a_percentile_finer_than_its_sample_is_a_dash_that_says_why(page: Page, day: Report, tmp_path: Path) -> None:
    page.open(kept(day, tmp_path))
    cold = "#starts-table tr[data-key=cold] td[data-label=p99] .nothing"
    dash = page.browser.find_element(By.CSS_SELECTOR, cold)
    assert dash.get_attribute("title") == "fewer than 100 requests"
    assert str(dash.get_attribute("textContent"))[1:] == " (fewer than 100 requests)"


def test_figures_say_what_they_are_of(page: Page, day: Report, tmp_path: Path) -> None:
    page.open(kept(day, tmp_path))
    labels = page.evaluate("[...document.querySelectorAll('.of')].map((each) => each.textContent)")
    assert len(labels) == 6
    assert all(each.startswith("All requests, by the access log") for each in labels)
    traced = replace(day, source="traces", measured=2000, selection="route GET /hello")
    page.open(kept(traced, tmp_path))
    labels = page.evaluate("[...document.querySelectorAll('.of')].map((each) => each.textContent)")
    assert labels[0] == "Traced requests, route GET /hello; times of the 2,000 requests that were measured"
    tiles = page.browser.find_element(By.ID, "tiles").text
    assert "only the access log shows time-outs and crashes" in tiles


def test_where_cloudwatch_counted_the_requests_its_counts_are_shown(page: Page, day: Report, tmp_path: Path) -> None:
    """Beside them the times of the traced ones, each labelled."""
    traced = replace(day, source="traces", requests=500, cold_start_rate=0.02)
    counted = {"requests": 12_000, "starts": {"cold": 240}, "errors": 30, "faults": 60, "cold_start_rate": 0.02}
    file = tmp_path / "latency.html"
    text = static_page(traced)
    file.write_text(text.replace('},"live":false}', f',"counted":{json.dumps(counted)}}},"live":false}}', 1))
    page.open(file.as_uri())
    tiles = [each.text.split("\n") for each in page.browser.find_elements(By.CSS_SELECTOR, "#tiles li")]
    assert tiles[0] == ["Requests", "12,000", "all requests, by CloudWatch's metrics"]
    assert tiles[1] == ["Cold-start rate", "2.00 %", "240 met a cold start"]
    assert tiles[4] == ["5xx", "60", "0.50 % of the requests failed"]
    assert "12,000 user requests" in page.browser.find_element(By.ID, "scope").text
    labels = page.evaluate("[...document.querySelectorAll('.of')].map((each) => each.textContent)")
    assert labels[0] == "All requests, by CloudWatch's metrics; response times of the traced ones"
    assert all(label.startswith("Traced requests") for label in labels[1:])


def test_the_heatmap_has_a_cell_for_each_count_and_a_mark_for_each_cold_one(
    page: Page, day: Report, tmp_path: Path
) -> None:
    page.open(kept(day, tmp_path))
    cells = sum(1 for column in day.heatmap.counts for count in column if count)
    marks = sum(1 for column in day.heatmap.cold for count in column if count)
    assert page.evaluate("document.querySelectorAll('#time-chart .heat').length") == cells
    assert page.evaluate("document.querySelectorAll('#time-chart .mark').length") == marks
    ticked = sum(1 for point in day.timeline if point.ticks)
    assert page.evaluate("document.querySelectorAll('#time-chart .tick').length") == ticked
    dips = [point for point in day.timeline if point.coverage is not None and point.coverage < 1]
    assert page.evaluate("document.querySelectorAll('#time-chart .dip').length") == len(dips) > 0
    assert "Coverage: lowest 40.0 %" in page.browser.find_element(By.ID, "time-chart").text


def test_the_histogram_has_a_row_for_each_start_type_with_count_and_share(
    page: Page, day: Report, tmp_path: Path
) -> None:
    page.open(kept(day, tmp_path))
    rows = page.browser.find_elements(By.CSS_SELECTOR, "#spread-chart g[data-key]")
    assert [row.get_attribute("data-key") for row in rows] == list(day.starts)
    for row, (name, start) in zip(rows, day.starts.items(), strict=True):
        words = page.browser.execute_script(
            "return [...arguments[0].querySelectorAll('text')].map((t) => t.textContent)", row
        )
        assert words[0] == name
        assert words[1].startswith(f"{start.count:,}, ")
        assert words[1].endswith(" %")


def test_charts_are_read_by_arrow_keys(page: Page, day: Report, tmp_path: Path) -> None:
    page.open(kept(day, tmp_path))
    figure = page.browser.find_element(By.ID, "time")
    page.browser.execute_script("arguments[0].focus()", figure)
    tip = page.browser.find_element(By.ID, "tip")
    assert not tip.is_displayed()
    figure.send_keys(Keys.ARROW_RIGHT)
    first = tip.text
    figure.send_keys(Keys.ARROW_RIGHT)
    assert "request" in first
    assert tip.is_displayed()
    assert tip.text != first
    figure.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


def test_routes_beyond_the_first_are_one_step_away(page: Page, day: Report, tmp_path: Path) -> None:
    many = [replace(day.routes[0], name=f"GET /route-{number}") for number in range(30)]
    page.open(kept(replace(day, routes=many), tmp_path))
    assert page.evaluate("document.querySelectorAll('#routes-table tbody tr').length") == 12
    page.browser.find_element(By.CSS_SELECTOR, "#routes-more summary").click()
    assert page.browser.find_element(By.ID, "routes-rest").text.count("GET /route-") == 18


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in asdict(verdict)}


def difference(one: str, other: str) -> float:
    """How different two colours (#rrggbb) are to a deuteranope, in CIELAB."""
    pair = zip(lab(as_deuteranopes_see(one)), lab(as_deuteranopes_see(other)), strict=True)
    return float(sum((a - b) ** 2 for a, b in pair) ** 0.5)


def as_deuteranopes_see(colour: str) -> list[float]:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in DEUTERANOPIA]


def lab(linear: list[float]) -> tuple[float, float, float]:
    red, green, blue = linear
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    a, b, c = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * b - 16, 500 * (a - b), 200 * (b - c)
