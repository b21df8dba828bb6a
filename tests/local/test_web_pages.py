"""Web pages of other origins, in a real browser, against what stands beside the engine: X-Ray and the latency page.

The engine has tests of its own in launcher/test_web_page.py, and the API in end_to_end/test_cors.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from pilotlight_tools.local.page_server import page_server, report_reader
from pilotlight_tools.local.xray import XRay
from tests.conftest import until
from tests.support.attacker import NAMES, TRY, page_of_attacker
from tests.support.browser import Page, needs_browser, open_browser
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, deployment_of

pytestmark = [pytest.mark.browser, needs_browser]
_FRAME = """
const [url] = arguments, done = arguments[arguments.length - 1];
const frame = document.createElement('iframe');
frame.onload = () => {
  try { done(frame.contentDocument ? 'readable' : 'opaque'); } catch { done('opaque'); }
};
frame.src = url;
document.body.append(frame);
"""
_SUBMIT = """
const form = document.createElement('form');
Object.assign(form, { action: arguments[0], method: 'post', enctype: 'text/plain' });
const field = document.createElement('input');
Object.assign(field, { name: arguments[1].slice(0, -1), value: '}' });
form.append(field);
document.body.append(form);
form.submit();
"""
_OPEN_LINK = """
const link = document.createElement('a');
link.href = arguments[0];
document.body.append(link);
link.click();
"""
SEGMENT = {"name": "attack", "id": "a" * 16, "trace_id": f"1-{1_700_000_000:08x}-{'b' * 24}"}


@dataclass(frozen=True)
class Stack:
    """X-Ray with one request, and its latency page."""

    xray: XRay
    page_url: str


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with XRay(service=SERVICE, stage=STAGE) as xray:
        records = RecordMaker()
        requests.post(
            f"{xray.endpoint_url}/TraceSegments",
            json={"TraceSegmentDocuments": [json.dumps(records.request(1_700_000_000.0))]},
            timeout=20,
        ).raise_for_status()
        xray.flush(settle=True)  # what stands for the request's other segments is there too
        reader = report_reader(deployment_of(xray))
        with page_server(reader) as url:
            yield Stack(xray, url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest, browser: Page) -> Iterator[Page]:
    """A page of another port of this machine, under both of its names."""
    with page_of_attacker(browser, request.param) as page:
        yield page


def body() -> str:
    segment = SEGMENT | {"start_time": 1_700_000_000.0, "end_time": 1_700_000_001.0}
    return json.dumps({"TraceSegmentDocuments": [json.dumps(segment)]})


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_cannot_write_to_x_ray(page: Page, stack: Stack, mode: str) -> None:
    before = stack.xray.counts()["documents"]
    for content_type in ("text/plain", "application/json"):
        options = {"method": "POST", "mode": mode, "headers": {"Content-Type": content_type}, "body": body()}
        page.browser.execute_async_script(TRY, f"{stack.xray.endpoint_url}/TraceSegments", options)
    assert stack.xray.counts()["documents"] == before


def test_it_cannot_write_to_x_ray_by_a_form(page: Page, stack: Stack) -> None:
    before = stack.xray.counts()["documents"]
    page.browser.execute_script(_SUBMIT, f"{stack.xray.endpoint_url}/TraceSegments", body())
    until(lambda: "refuses this request" in page.browser.page_source, what="the refusal")
    assert stack.xray.counts()["documents"] == before


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_cannot_read_the_figures(page: Page, stack: Stack, mode: str) -> None:
    asked: list[tuple[str, dict[str, str]]] = [(f"{stack.page_url}report.json", {}), (stack.page_url, {})]
    asked += [(f"{stack.xray.endpoint_url}/Groups", {"method": "POST", "body": "{}"})]
    for url, options in asked:
        kind, text = page.browser.execute_async_script(TRY, url, {**options, "mode": mode})
        assert (kind, text) == ("opaque", "") or kind == "error"


def test_it_cannot_frame_the_page(page: Page, stack: Stack) -> None:
    assert page.browser.execute_async_script(_FRAME, stack.page_url) == "opaque"
    framed = [url for url in page.requests() if url.startswith(stack.page_url)]
    assert framed == [stack.page_url], "the page ran in the frame, and asked for its figures"


def test_a_link_opens_the_page_and_its_figures(page: Page, stack: Stack) -> None:
    """Without this, the tests above could pass because nothing works."""
    page.browser.execute_script(_OPEN_LINK, stack.page_url)
    page.browser.implicitly_wait(20)
    kind, text = page.browser.execute_async_script(TRY, "report.json", {})
    assert kind == "basic"
    assert json.loads(text)["service"] == SERVICE


def test_the_same_request_of_a_program_is_recorded(stack: Stack) -> None:
    before = stack.xray.counts()["documents"]
    requests.post(f"{stack.xray.endpoint_url}/TraceSegments", data=body(), timeout=20).raise_for_status()
    assert stack.xray.counts()["documents"] == before + 1


@pytest.mark.parametrize("of", ["page", "xray"])
def test_a_name_that_was_rebound_to_this_machine_is_refused(stack: Stack, of: str) -> None:
    url = f"{stack.page_url}report.json" if of == "page" else f"{stack.xray.endpoint_url}/Groups"
    ask = requests.get if of == "page" else requests.post
    response = ask(url, headers={"Host": f"rebound.example:{stack.xray.port}"}, timeout=20)
    assert response.status_code == 403
    assert "rebound.example" in response.json()["message"]
