"""The page in a real browser, of a report read from X-Ray: charts drawn, nothing fetched, readable on a phone, live.

test_page_looks.py and test_page_live.py have what needs no X-Ray. Skipped where there is no Chromium with its driver;
`apt-get install chromium chromium-driver` installs both.
"""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait

from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.page import static_page
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import Coverage, Report
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.page_server import page_port, page_server, report_reader
from pilotlight_tools.local.xray import XRay
from tests.support.browser import Page, needs_browser, open_browser
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, deployment_of, send

pytestmark = pytest.mark.browser
CHARTS = ("spread-chart", "time-chart")
LIVE_WITHIN_SECONDS = 5


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def xray() -> Iterator[XRay]:
    with XRay(service=SERVICE, stage=STAGE) as made:
        records, now = RecordMaker(), time.time()
        for index in range(120):
            ago = 3000 - index * 20
            seconds = 0.02 + (index % 17) / 1000
            start = "cold" if index % 6 == 0 else "proactive" if index == 50 else "warm"
            send_request(made, records, now - ago, 0.4 + seconds if start == "cold" else seconds, start)
        for index in range(8):
            ticks = records.tick(now - 3000 + index * 300, requested=5, unique=4 if index == 3 else 5)
            send(made.daemon_address, map(datagram, ticks))
        made.flush(settle=True)
        yield made


def send_request(xray: XRay, records: RecordMaker, at: float, seconds: float, start: str) -> None:
    record = records.request(at, start=start, seconds=0.01, init_ms=380.0 if start == "cold" else None)
    xray.measured(Exchange(at, at + seconds, "GET", "http://h/hello", 200, record["aws"]["request_id"]))
    send(xray.daemon_address, [datagram(record)])


@pytest.fixture(scope="module")
def report(xray: XRay) -> Report:
    now = time.time()
    reader = Reader(xray_client("us-east-1", xray.endpoint_url, local=True), SERVICE, STAGE)
    return make_report(reader, TimeRange(now - 3600, now + 1), stage=STAGE, region="eu-central-1", most=1000)


@pytest.fixture(scope="module")
def kept(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the report's page, kept as a file."""
    file = tmp_path_factory.mktemp("page") / "latency.html"
    file.write_text(static_page(report), encoding="utf-8")
    return file.as_uri()


@needs_browser
@pytest.mark.parametrize(
    ("name", "width", "look"),
    [("light", 1200, "light"), ("dark", 1200, "dark"), ("phone", 390, "light"), ("tablet", 768, "dark")],
)
def test_the_page_is_complete_in_every_size_and_colour_scheme(
    page: Page, kept: str, tmp_path: Path, name: str, width: int, look: str
) -> None:
    """Every chart has bars, nothing is logged, nothing but the file is loaded, nothing overflows sideways."""
    page.open(kept, width=width, look=look)
    for chart in CHARTS:
        assert page.evaluate(f"document.querySelectorAll('#{chart} svg rect').length") > 0, chart
        assert page.evaluate(f"document.querySelector('#{chart} svg').getBoundingClientRect().right <= innerWidth")
    assert page.errors() == []
    assert [url for url in page.requests() if not url.startswith("data:")] == [kept]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red + green + blue < 200) == (look == "dark")
    picture = tmp_path / f"{name}.png"
    page.screenshot(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


@needs_browser
def test_text_can_be_read_in_light_and_dark(page: Page, kept: str) -> None:
    """Every visible text has a contrast of 4.5 to its background (WCAG 2.2, level AA)."""
    for look in ("light", "dark"):
        page.open(kept, look=look)
        assert page.evaluate(f"({CONTRAST})()") == []


@needs_browser
def test_the_figures_on_the_page_are_the_reports(page: Page, kept: str, report: Report) -> None:
    page.open(kept)
    tiles = page.browser.find_element(By.ID, "tiles").text
    assert report.cold_start_rate is not None
    assert f"{100 * report.cold_start_rate:.1f} %" in tiles
    rows = page.browser.find_elements(By.CSS_SELECTOR, "#starts-table tbody tr")
    assert [row.text.split()[:2] for row in rows] == [[name, str(s.count)] for name, s in report.starts.items()]
    counted = page.evaluate(
        "[...document.querySelectorAll('#time-table tbody td:nth-of-type(1)')].map((cell) => Number(cell.textContent))"
    )
    assert sum(counted) == report.requests
    links = page.browser.find_elements(By.CSS_SELECTOR, "#slowest-table a")
    assert [link.get_attribute("href") for link in links] == [slow.console_url for slow in report.slowest]
    assert str(links[0].get_attribute("href")).startswith("https://eu-central-1.console.aws.amazon.com/cloudwatch/")
    terms = [term.text for term in page.browser.find_elements(By.CSS_SELECTOR, "#definitions dt")]
    assert terms == ["cold", "warm", "proactive"]


@needs_browser
def test_everything_is_reached_and_opened_without_a_mouse(page: Page, kept: str) -> None:
    """Tab reaches every chart, table and link; Enter opens the tables behind the charts; all have names."""
    page.open(kept, width=390)
    body = page.browser.find_element(By.TAG_NAME, "body")
    names = []
    for _ in range(60):
        body.send_keys(Keys.TAB)
        active = page.browser.switch_to.active_element
        if active.tag_name == "body":
            break
        names.append(active.accessible_name or active.text)
        if active.tag_name == "summary":
            active.send_keys(Keys.ENTER)
    assert all(names)
    for name in ("How long users waited", "Over time", "Table of start types", "Table of the slowest requests"):
        assert name in names
    assert page.evaluate(
        "[...document.querySelectorAll('details')].every((each) => each.open || !each.checkVisibility())"
    )
    assert page.evaluate("[...document.querySelectorAll('.chart svg')].every((svg) => svg.ariaLabel.length > 20)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@needs_browser
def test_names_from_outside_are_text_and_nothing_else(page: Page, report: Report, tmp_path: Path) -> None:
    """A service, a note or a verdict that looks like HTML is shown as it is written."""
    file = tmp_path / "page.html"
    trick = "</script><img src=x onerror=alert(1)>"
    verdict = replace(report.verdict, sentence=trick)
    file.write_text(static_page(replace(report, service=trick, notes=[trick], verdict=verdict)), encoding="utf-8")
    page.open(file.as_uri())
    assert page.browser.find_element(By.ID, "service").text == trick
    assert page.browser.find_element(By.ID, "sentence").text == trick
    assert page.evaluate("document.images.length") == 0
    assert page.errors() == []


@needs_browser
def test_functions_and_measures_are_told_apart_where_there_are_several(
    page: Page, kept: str, report: Report, tmp_path: Path
) -> None:
    page.open(kept)
    assert not page.browser.find_element(By.ID, "targets").is_displayed()
    assert "Measured by" not in page.browser.find_element(By.ID, "slowest-table").text
    functions = {"orders": Coverage(8, 3, 0.975, 0.8), "<b>mail": Coverage(8, 0, 1.0, 1.0)}
    by_lambda = replace(report.slowest[0], measured_by="Lambda")
    several = replace(
        report, pings=replace(report.pings, functions=functions), slowest=[by_lambda, *report.slowest[1:]]
    )
    file = tmp_path / "page.html"
    file.write_text(static_page(several), encoding="utf-8")
    page.open(file.as_uri(), width=390)
    rows = [
        " ".join(row.text.split()) for row in page.browser.find_elements(By.CSS_SELECTOR, "#targets-table tbody tr")
    ]
    assert rows == ["orders 8 97.5 % 80.0 % 3", "<b>mail 8 100.0 % 100.0 % 0"]
    measures = page.browser.find_elements(By.CSS_SELECTOR, "#slowest-table tbody tr")
    assert ["Lambda" in row.text for row in measures] == [True, *(False for _ in report.slowest[1:])]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.errors() == []


@needs_browser
def test_a_handler_that_raises_counts_on_the_page(page: Page, tmp_path: Path) -> None:
    """Its record has a fault and no status, and no API Gateway tells of it."""
    with XRay(service=SERVICE, stage=STAGE) as xray:
        send(xray.daemon_address, [datagram(RecordMaker().request(time.time() - 60, status=None))])
        xray.flush(settle=True)
        reader = Reader(xray_client("us-east-1", xray.endpoint_url, local=True), SERVICE, STAGE)
        time_range = TimeRange(time.time() - 600, time.time() + 1)
        raised = make_report(reader, time_range, stage=STAGE, region=None, most=10)
    file = tmp_path / "page.html"
    file.write_text(static_page(raised), encoding="utf-8")
    page.open(file.as_uri())
    cells = page.browser.find_elements(By.CSS_SELECTOR, "#starts-table tbody tr td")
    assert cells[-1].text == "1"
    assert "Lambda's: no API Gateway stage of theirs is traced" in page.browser.find_element(By.ID, "notes").text


@needs_browser
def test_the_live_page_shows_new_requests_without_a_reload(page: Page) -> None:
    """It waits for the first request, then shows each within seconds, and says when the stack is gone."""
    with XRay(service=SERVICE, stage=STAGE) as fresh, served(fresh) as url:
        page.open(url)
        wait = WebDriverWait(page.browser, LIVE_WITHIN_SECONDS, poll_frequency=0.1)
        wait.until(lambda _: "Live" in page.browser.find_element(By.ID, "state").text)
        assert "No measured request" in page.browser.find_element(By.ID, "spread-chart").text
        page.evaluate("window.same = true")
        records = RecordMaker()
        scope = page.browser.find_element(By.ID, "scope")
        for expected in ("1 user request.", "2 user requests."):
            send_request(fresh, records, time.time(), 0.05, "warm")
            wait.until(text_to_be_present_in_element((By.ID, "scope"), expected), scope.text)
        assert page.evaluate("window.same")
        link = page.browser.find_element(By.CSS_SELECTOR, "#slowest-table a")
        assert str(link.get_attribute("href")).startswith(f"{url}traces/1-")
        assert all(request.startswith((url, "data:")) for request in page.requests())
        assert page.errors() == []
    WebDriverWait(page.browser, 30, poll_frequency=0.1).until(
        lambda _: "does not respond" in page.browser.find_element(By.ID, "state").text
    )


def test_a_tab_goes_on_with_the_next_start_at_the_same_address(page: Page) -> None:
    """As when `npm start` is ended and started again: the page is the one that was open."""
    state = (By.ID, "state")
    wait = WebDriverWait(page.browser, 30, poll_frequency=0.1)
    with XRay(service=SERVICE, stage=STAGE) as first, served(first) as url:
        page.open(url)
        wait.until(text_to_be_present_in_element(state, "Live"), "the first start")
        page.evaluate("window.same = true")
    wait.until(text_to_be_present_in_element(state, "does not respond"), "its end")
    with XRay(service=SERVICE, stage=STAGE) as second:
        send_request(second, RecordMaker(), time.time(), 0.05, "warm")
        reader = report_reader(deployment_of(second))
        with page_server(reader, port=int(url.rstrip("/").rpartition(":")[2])) as again:
            assert again == url
            wait.until(text_to_be_present_in_element(state, "Live"), "the second start")
            wait.until(text_to_be_present_in_element((By.ID, "scope"), "1 user request."), "its figures")
            assert page.evaluate("window.same")


def test_a_trace_opens_as_a_waterfall(page: Page, xray: XRay, report: Report) -> None:
    with served(xray) as url:
        page.open(f"{url}traces/{report.slowest[0].trace_id}", width=400)
        rows = [row.text.split("\n")[0] for row in page.browser.find_elements(By.CSS_SELECTOR, "tbody tr th")]
        assert rows[0] == f"{SERVICE}/{STAGE}", "API Gateway's segment"
        assert "pilotlight" in rows
        bars = page.browser.find_elements(By.CSS_SELECTOR, ".bar")
        assert len(bars) == len(rows)
        assert all(bar.size["width"] >= 2 for bar in bars)
        assert bars[0].size["width"] >= max(bar.size["width"] for bar in bars)
        assert page.violations() == []
        assert page.errors() == []


@pytest.mark.parametrize(("wanted", "expected"), [(0, 0), (3000, 1), (65_535, 0)])
def test_the_page_is_beside_the_api_where_that_port_is_free(wanted: int, expected: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert page_port(port - 1, wanted or 3000) == 0, "somebody else's"
    free = 65_535 if wanted == 65_535 else port - 1
    assert page_port(free, wanted) == (free + 1 if expected else 0)


def test_the_live_page_gives_a_traces_documents_and_says_when_there_are_none(xray: XRay, report: Report) -> None:
    with served(xray) as url:
        with urllib.request.urlopen(f"{url}traces/{report.slowest[0].trace_id}") as response:
            documents = json.load(response)
        assert {document["trace_id"] for document in documents} == {report.slowest[0].trace_id}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}traces/{RecordMaker(9).trace_id(0)}")
        with urllib.request.urlopen(f"{url}report.json") as response:
            assert json.load(response)["requests"] == report.requests


def test_the_live_page_says_when_x_ray_is_gone() -> None:
    with XRay(service=SERVICE, stage=STAGE) as gone:
        serving = served(gone)
    with serving as url, pytest.raises(urllib.error.HTTPError) as problem:
        urllib.request.urlopen(f"{url}report.json")
    assert problem.value.code == 503
    assert "does not respond" in json.load(problem.value)["problem"]


def test_the_page_is_one_file_with_nothing_from_elsewhere(report: Report) -> None:
    """Checked without a browser: the page loads no address, and its Content-Security-Policy forbids it."""
    text = static_page(report)
    assert "default-src 'none'" in text
    assert "connect-src 'none'" in text
    markup = text[: text.index('<script type="application/json"')]
    assert 'src="' not in markup
    assert "@import" not in markup
    assert "url(http" not in markup


def served(xray: XRay) -> AbstractContextManager[str]:
    """The live page of an X-Ray on a free port, as `npm start` serves it."""
    return page_server(report_reader(deployment_of(xray)))


CONTRAST = """function () {
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (node) => { for (let n = node; n; n = n.parentElement) {
      const c = colour(getComputedStyle(n).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); }
    return [255, 255, 255]; };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility() || ["SCRIPT", "NOSCRIPT", "TITLE"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const ink = colour(node instanceof SVGElement ? style.fill : style.color).slice(0, 3);
    const [a, b] = [light(ink), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([walker.currentNode.textContent.trim(), ((a + 0.05) / (b + 0.05)).toFixed(2)]);
  }
  return bad;
}"""  # noqa: E501 (a script)
