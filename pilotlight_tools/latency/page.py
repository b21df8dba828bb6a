"""The report as one HTML page with charts, styles and figures inlined; nothing is fetched from anywhere else."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path

from pilotlight_tools.commands import command
from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.report import Report

_HERE = Path(__file__).resolve().parent
_CHART_LIBRARY = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js")
"""Observable Plot, pinned in package.json, and D3, which it depends on: in node_modules, or in the wheel's folder."""
_IN_THE_WHEEL = _HERE / "chart"
"""Made by wheels/pilotlight_tools/hatch_build.py; the repository has no such folder."""


def static_page(report: Report, project: Path = Path()) -> str:
    """Render the page of a report, to keep as a file: it works offline and never changes."""
    title = f"{report.service}: cold and warm starts"
    return _page(title, json.dumps({"report": report.as_dict(), "live": False}), project, connect="'none'")


def live_page(service: str, project: Path = Path()) -> str:
    """Render the page that fetches the report from `report.json` beside it every two seconds."""
    return _page(
        f"{service}: cold and warm starts, live", json.dumps({"report": None, "live": True}), project, connect="'self'"
    )


def stylesheet() -> str:
    """Return the page's styles, for other pages beside it."""
    return _text("page.css")


def _page(title: str, data: str, project: Path, *, connect: str) -> str:
    parts = {
        "title": html.escape(title),
        "connect": connect,
        "style": _text("page.css"),
        "library": _library(project),
        "script": _text("page.js"),
        # Only "<" can end a script element.
        "data": data.replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text("page.html"))


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _library(project: Path) -> str:
    if _IN_THE_WHEEL.exists():
        return "\n".join((_IN_THE_WHEEL / Path(path).name).read_text(encoding="utf-8") for path in _CHART_LIBRARY)
    try:
        return "\n".join((project / "node_modules" / path).read_text(encoding="utf-8") for path in _CHART_LIBRARY)
    except FileNotFoundError as error:
        raise Problem(
            f"The page's chart library is not installed ({error.filename}).", f"Install it: {command('install')}"
        ) from error
