"""A real browser: Chromium, driven by its own driver.

Skipped where there is none with its driver; `apt-get install chromium chromium-driver` installs both.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.support.project import PROJECT

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no browser: apt-get install chromium chromium-driver"
)
AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Page:
    """A browser on one page, with the page's log and its network requests."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def open(self, url: str, *, width: int = 1200, height: int = 900, look: str = "light", media: str = "") -> None:
        """Open a page; `look` is `light`, `dark`, or `forced`: the colours that a reader forces on all pages.

        `media` is `print` for the styles of paper; none is used up.
        """
        self._command(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        scheme = {"name": "prefers-color-scheme", "value": "light" if look == "light" else "dark"}
        forced = {"name": "forced-colors", "value": "active" if look == "forced" else "none"}
        self._command("Emulation.setEmulatedMedia", {"media": media, "features": [scheme, forced]})
        self.browser.get("about:blank")
        self._log("browser")
        self._log("performance")
        self.browser.get(url)

    def evaluate(self, expression: str) -> Any:
        return self.browser.execute_script(f"return {expression}")

    def errors(self) -> list[Any]:
        return self._log("browser")

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def screenshot(self, file: Path) -> None:
        """The whole page, from top to bottom."""
        picture = self._command("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
        file.write_bytes(base64.b64decode(picture["data"]))

    def printed(self) -> bytes:
        """The page as a PDF, on the paper that its styles name, with the settings of a browser's print dialogue."""
        pdf = self._command("Page.printToPDF", {"preferCSSPageSize": True})
        return base64.b64decode(pdf["data"])

    def violations(self) -> list[str]:
        """What axe-core finds against its rules, each with the elements concerned."""
        self.browser.execute_script(AXE.read_text(encoding="utf-8"))
        found = self.browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
        return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found["violations"]]

    def _log(self, kind: str) -> list[Any]:
        """What was logged since the last call."""
        return list(self.browser.get_log(kind))  # type: ignore[no-untyped-call]

    def _command(self, name: str, parameters: dict[str, Any]) -> Any:
        return self.browser.execute_cdp_cmd(name, parameters)


@contextmanager
def open_browser() -> Iterator[Page]:
    """A browser of its own, with an empty profile, until the block ends."""
    options = Options()
    options.binary_location = str(BROWSER)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        try:
            yield Page(browser)
        finally:
            browser.quit()
