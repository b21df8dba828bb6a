"""The report as one HTML page with charts, styles and figures inlined; nothing is fetched from anywhere else."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from pilotlight_tools.latency.page_script import page_script
from pilotlight_tools.latency.report import Report

_PARTS = Path(__file__).resolve().parent / "page"
RANGES = {"15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 days", "30d": "30 days"}
"""The time ranges that a live page offers, as `report.json?last=` names them, with their words."""
DEFAULT_RANGE = "1h"


def static_page(report: Report) -> str:
    """Render the page of a report, to keep as a file: it works offline and never changes."""
    title = f"{report.service}: what cold starts cost"
    return _page(title, {"report": report.as_dict(), "live": False}, connect="'none'")


def live_page(service: str) -> str:
    """Render the page that fetches the report from `report.json` beside it every two seconds."""
    return _page(f"{service}: what cold starts cost, live", {"report": None, "live": True}, connect="'self'")


def stylesheet() -> str:
    """Return the page's styles, for other pages beside it."""
    return _text("page.css")


def _page(title: str, data: dict[str, Any], *, connect: str) -> str:
    parts = {
        "title": html.escape(title),
        "connect": connect,
        "ranges": "".join(_range(last, words) for last, words in RANGES.items()),
        "style": stylesheet(),
        "script": page_script(_PARTS),
        # Only "<" can end a script element.
        "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text("page.html"))


def _range(last: str, words: str) -> str:
    checked = " checked" if last == DEFAULT_RANGE else ""
    return f'<label><input type="radio" name="last" value="{last}"{checked}>{words}</label>'


@cache
def _text(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
