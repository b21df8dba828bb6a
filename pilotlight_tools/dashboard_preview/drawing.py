"""Draws a dashboard's widgets on its grid, roughly as CloudWatch's console does."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilotlight_tools.dashboard_preview.history import PERIOD_SECONDS, PERIODS
from pilotlight_tools.dashboard_preview.series import Values, shown

_COLUMNS = 24
"""The width of a dashboard's grid."""
_FIRST_HOUR = 10
_GREY, _BLUE = "#687078", "#0073bb"


def draw(body: Mapping[str, Any], output: Path) -> None:
    """Draw the widgets of a dashboard's body into a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update(
        {"font.size": 7, "axes.titlesize": 8.5, "axes.titlelocation": "left", "axes.spines.top": False}
    )
    functions = sorted({name for widget in body["widgets"] for name in _functions(widget["properties"])})
    rows = max(widget["y"] + widget["height"] for widget in body["widgets"])
    figure = pyplot.figure(figsize=(_COLUMNS * 0.6, rows * 0.4), dpi=110, facecolor="#f2f3f3")
    for widget in body["widgets"]:
        left, bottom = widget["x"] / _COLUMNS, 1 - (widget["y"] + widget["height"]) / rows
        width, height = widget["width"] / _COLUMNS, widget["height"] / rows
        is_clear = widget["properties"].get("background") == "transparent"
        card = figure.add_axes(
            (left + 0.003, bottom + 0.003, width - 0.006, height - 0.006), facecolor="none" if is_clear else "white"
        )
        card.set(xticks=[], yticks=[])
        for spine in card.spines.values():
            spine.set(color="#d5dbdb", visible=not is_clear)
        if widget["type"] == "text":
            _write(card, widget["properties"]["markdown"])
        elif widget["type"] == "alarm":
            _list_alarms(card, widget["properties"])
        else:
            inner = (left + 0.03, bottom + 0.24 * height, width - 0.048, 0.56 * height)
            _plot(figure.add_axes(inner), widget["properties"], functions)
    figure.savefig(output, metadata={"Description": digest(body)})
    pyplot.close(figure)


def digest(body: Mapping[str, Any]) -> str:
    """The description of this dashboard's picture: 16 digits that change with what it shows, whatever the service."""
    shows = [[widget[key] for key in ("type", "x", "y", "width", "height")] for widget in body["widgets"]]
    for widget, shown_by_it in zip(body["widgets"], shows, strict=True):
        options = [metric[-1] for metric in widget["properties"].get("metrics", [])]
        labels = [each["label"] for each in options if each.get("visible", True)]
        shown_by_it += [widget["properties"].get("title"), labels]
    return hashlib.sha256(json.dumps(shows).encode()).hexdigest()[:16]


def _functions(properties: Mapping[str, Any]) -> list[str]:
    """The functions whose own metrics a graph shows."""
    of_graph = [metric for metric in properties.get("metrics", []) if "Function" in metric]
    return [metric[metric.index("Function") + 1] for metric in of_graph]


def _write(card: Any, markdown: str) -> None:
    heading, *paragraphs = markdown.split("\n\n")
    if not paragraphs:
        card.text(0.004, 0.42, heading.lstrip("# "), fontsize=10, fontweight="bold", va="center", color="#232f3e")
        return
    card.text(0.008, 0.8, heading.lstrip("# "), fontsize=13, fontweight="bold", va="center")
    card.text(0.992, 0.8, "preview: a simulated afternoon", fontsize=8, va="center", ha="right", color=_GREY)
    card.text(0.008, 0.48, textwrap.shorten(paragraphs[0].replace("`", ""), 240), fontsize=8, va="center")
    links = re.findall(r"\[([^]]+)\]\([^)]+\)", paragraphs[1])
    rest = re.sub(r"\[([^]]+)\]\([^)]+\)( · )?", "", paragraphs[1])
    card.text(0.008, 0.18, "   ·   ".join(links), fontsize=8, va="center", color=_BLUE)
    card.text(0.992, 0.18, rest.removeprefix("· "), fontsize=8, va="center", ha="right", color=_GREY)


def _list_alarms(card: Any, properties: Mapping[str, Any]) -> None:
    names = [arn.rpartition(":alarm:")[2] for arn in properties["alarms"]]
    card.text(0.008, 0.78, properties["title"], fontsize=8.5, va="center")
    for index, name in enumerate(names):
        left = 0.01 + index / len(names)
        card.text(left, 0.34, f"OK   {name}", va="center", color="#1d8102", bbox={"fc": "#f2f8f0", "ec": "#b7d7ab"})


def _plot(axes: Any, properties: Mapping[str, Any], functions: list[str]) -> None:
    axes.set_title(properties["title"], loc="left", pad=10)
    times = [_FIRST_HOUR + PERIOD_SECONDS * index / 3600 for index in range(PERIODS)]
    lines = shown(properties, functions)
    if properties["stacked"]:
        labels, stacks, given = zip(*lines, strict=True)
        filled = [[value or 0.0 for value in values] for values in stacks]
        colors = [color or f"C{index}" for index, color in enumerate(given)]
        axes.stackplot(times, filled, labels=labels, colors=colors, alpha=0.85)
    else:
        for index, (label, values, color) in enumerate(lines):
            _line(axes, times, values, {"label": label, "color": color or f"C{index}"})
    for line in properties.get("annotations", {}).get("horizontal", []):
        axes.axhline(line["value"], color=line["color"], linestyle="--", linewidth=0.8, label=line["label"])
    left = properties.get("yAxis", {}).get("left", {})
    is_flat = not any(value for _, values, _ in lines for value in values)
    axes.set_ylim(left.get("min", 0), left["max"] * 1.08 if "max" in left else 1 if is_flat else None)
    axes.text(0, 1.02, left.get("label", ""), transform=axes.transAxes, color="#545b64", fontsize=6.5)
    hours = range(_FIRST_HOUR, _FIRST_HOUR + 7, 2)
    axes.set_xlim(times[0], times[-1])
    axes.set_xticks(hours, [f"{hour}:00" for hour in hours])
    axes.grid(axis="y", color="#eaeded")
    axes.spines["right"].set_visible(False)
    anchor = (-0.021 / axes.get_position().width, -0.13)
    options = {"frameon": False, "fontsize": 6, "handlelength": 1.2, "columnspacing": 1.0}
    axes.legend(loc="upper left", bbox_to_anchor=anchor, ncols=2 if len(lines) > 3 else 3, **options)


def _line(axes: Any, times: list[float], values: Values, options: Mapping[str, Any]) -> None:
    """A point for each value, and lines between neighbours alone, as CloudWatch leaves a gap where there is no data."""
    gaps = [float("nan") if value is None else value for value in values]
    is_sparse = any(value is None for value in values)
    axes.plot(times, gaps, linewidth=1.1, marker="o" if is_sparse else "", markersize=2.5, **options)
