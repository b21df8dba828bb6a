"""A web page of another origin on this machine, as an attacker has one, for a real browser."""

from __future__ import annotations

import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser import Page

NAMES = ("127.0.0.1", "localhost")
"""Of this machine: another origin than what is attacked, and once the same site."""
TRY = """
const [url, options] = arguments, done = arguments[arguments.length - 1];
fetch(url, options).then((response) => response.text().then((text) => done([response.type, text])))
  .catch((error) => done(['error', String(error)]));
"""
"""A script for `execute_async_script`, with an address and options of `fetch`: the response's type, and its text."""


class _Attacker(http.server.BaseHTTPRequestHandler):
    """An empty page at every address, but a redirection at `?to=<address>`."""

    def do_GET(self) -> None:
        _, _, target = self.path.partition("?to=")
        if target:
            self.send_response(302)
            self.send_header("Location", urllib.parse.unquote(target))
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>attacker</title><body></body>")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def page_of_attacker(browser: Page, name: str) -> Iterator[Page]:
    """Open the attacker's page in `browser`, at a port of its own and one of `NAMES`, until the block ends."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Attacker) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        browser.open(f"http://{name}:{server.server_port}/")
        yield browser
        server.shutdown()
