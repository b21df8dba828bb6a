"""Web pages and the API, in a real browser against the local stack: an allowed page may read, another may not."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pilotlight_tools.local.service import Service
from tests.support.browser import Page, needs_browser, open_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.end_to_end,
    pytest.mark.slow,
    pytest.mark.xdist_group("cors"),
    needs_browser,
]
_ASK = """
const [url, options] = arguments, done = arguments[arguments.length - 1];
fetch(url, options)
  .then(async (response) => done([response.status, await response.text(), response.headers.get('x-request-id')]))
  .catch(() => done([0, '', null]));
"""
PUT = {
    "method": "PUT",
    "credentials": "include",
    "headers": {"Content-Type": "application/json", "X-A": "1"},
    "body": "{}",
}


class _Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "session=42; SameSite=Lax")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>shop</title>")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def web_server() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def stack(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, int, int]]:
    """The API, and the ports of a page's server that may use it and of one that may not."""
    project = tmp_path_factory.mktemp("cors") / "project"
    shutil.copytree(sample_project, project, symlinks=True)
    handler = project / "handler.py"
    handler.write_text(handler.read_text().replace("Routes()", "Routes(allow_credentials=True)"))
    with web_server() as allowed, web_server() as other:
        origins = f"http://127.0.0.1:{allowed},https://shop.example"
        with Service(project=project, parameters={"warmer": "false", "corsOrigins": origins}) as service:
            yield service, allowed, other


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


def ask(browser: Page, port: int, url: str, options: Mapping[str, object]) -> tuple[int, str, str | None]:
    browser.open(f"http://127.0.0.1:{port}/")
    status, text, request_id = browser.browser.execute_async_script(_ASK, url, options)
    return status, text, request_id


def test_an_allowed_page_asks_with_a_preflight_and_with_credentials(
    browser: Page, stack: tuple[Service, int, int]
) -> None:
    """PUT, JSON and a header of its own need a preflight; the response's id is readable."""
    service, allowed, _ = stack
    status, text, request_id = ask(browser, allowed, f"{service.url}/hello", PUT)
    assert (status, '"method": "PUT"' in text, bool(request_id)) == (200, True, True)


def test_its_cookie_reaches_the_route(browser: Page, stack: tuple[Service, int, int]) -> None:
    service, allowed, _ = stack
    _, text, _ = ask(browser, allowed, f"{service.url}/headers", {"credentials": "include"})
    assert "session=42" in text


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/nowhere", {}, 404),
        ("/nowhere", PUT, 404),
        ("/items/7", PUT, 405),
        ("/hello", {**PUT, "body": "no JSON"}, 400),
    ],
)
def test_an_error_is_readable_by_the_page(
    browser: Page, stack: tuple[Service, int, int], path: str, options: Mapping[str, object], status: int
) -> None:
    service, allowed, _ = stack
    found, text, _ = ask(browser, allowed, service.url + path, options)
    assert (found, '"error"' in text) == (status, True)


def test_another_page_can_read_nothing(browser: Page, stack: tuple[Service, int, int]) -> None:
    service, _, other = stack
    assert ask(browser, other, f"{service.url}/hello", PUT) == (0, "", None)
    assert ask(browser, other, f"{service.url}/hello", {}) == (0, "", None)
