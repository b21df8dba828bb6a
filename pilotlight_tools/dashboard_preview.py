"""Draw the dashboard of a packaged stage with made-up data, to see how it reads.

    npx sls package --stage prod
    .venv/bin/python -m pilotlight_tools.dashboard_preview docs/dashboard.png

The layout, titles, labels, colours and units are the template's; only the numbers are invented here: an afternoon in
which a release at 13:00 made every execution environment cold and the next tick warmed the service again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_COLUMNS = 24
"""The width of a dashboard's grid."""
_POINTS = 72
"""Six hours of five minutes each."""
_RELEASE = 36
"""The index of the point at which the release is."""
_RATE = "rate "
_TYPICAL = {
    "Latency p50": 38, "Latency p95": 71, "Latency p99": 118, "Duration p50": 4, "Duration p95": 9, "Duration p99": 21,
    "p50": 182, "p95": 214, "longest": 240, "Coverage": 100, "ConcurrentExecutions": 6, "EnvironmentsWarm": 10,
    "ColdPings": 0.4, "4XXError": 6,
}  # fmt: skip
_AT_RELEASE = {
    "Latency p95": 320, "Latency p99": 610, "Duration p99": 34, "ColdStart": 9, "ColdPings": 10, "Coverage": 80,
    "IncompleteTick": 1, "PingThrottles": 2, "5XXError": 1, "ConcurrentExecutions": 12,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the preview; the exit code is 0, 1 for a problem, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m pilotlight_tools.dashboard_preview", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("output", type=Path, help="the PNG to write")
    default = Path(".serverless/cloudformation-template-update-stack.json")
    parser.add_argument(
        "--template", type=Path, default=default, help="the output of `sls package` (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        resources = json.loads(options.template.read_text(encoding="utf-8"))["Resources"]
        body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    except FileNotFoundError:
        print(f"error: {options.template} does not exist: run `npx sls package --stage prod`", file=sys.stderr)
        return 1
    except KeyError:
        print(f"error: {options.template} has no dashboard: its stage has `observability: false`", file=sys.stderr)
        return 1
    _draw(body, options.output)
    return 0


def _draw(body: dict[str, Any], output: Path) -> None:
    """Draw the dashboard's widgets on its grid into a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update(
        {"font.size": 7, "axes.titlesize": 8.5, "axes.titlelocation": "left", "axes.spines.top": False}
    )
    rows = max(widget["y"] + widget["height"] for widget in body["widgets"])
    figure = pyplot.figure(figsize=(_COLUMNS * 0.56, rows * 0.42), dpi=100, facecolor="#f2f3f3")
    for widget in body["widgets"]:
        left, bottom = widget["x"] / _COLUMNS, 1 - (widget["y"] + widget["height"]) / rows
        width, height = widget["width"] / _COLUMNS, widget["height"] / rows
        card = figure.add_axes((left + 0.003, bottom + 0.004, width - 0.006, height - 0.008), facecolor="white")
        card.set(xticks=[], yticks=[])
        for spine in card.spines.values():
            spine.set_color("#d5dbdb")
        if widget["type"] in {"text", "alarm"}:
            _write(card, widget)
        else:
            inner = (left + 0.035, bottom + 0.2 * height, width - 0.05, 0.62 * height)
            _plot(figure.add_axes(inner), widget["properties"])
    figure.savefig(output)


def _write(card: Any, widget: dict[str, Any]) -> None:
    if widget["type"] == "alarm":
        names = [arn.rpartition(":alarm:")[2] for arn in widget["properties"]["alarms"]]
        card.text(0.008, 0.78, widget["properties"]["title"], fontsize=8.5, va="center")
        for index, name in enumerate(names):
            left = 0.01 + index / len(names)
            card.text(left, 0.34, f"OK   {name}", va="center", color="#1d8102", bbox={"fc": "#f2f8f0", "ec": "#b7d7ab"})
        return
    heading, *paragraphs = widget["properties"]["markdown"].split("\n\n")
    card.text(0.008, 0.8, heading.lstrip("# "), fontsize=13, fontweight="bold", va="center")
    card.text(0.992, 0.8, "preview with made-up data", fontsize=8, va="center", ha="right", color="#687078")
    card.text(0.008, 0.48, textwrap.shorten(paragraphs[0].replace("`", ""), 220), fontsize=8, va="center")
    links = re.findall(r"\[([^]]+)\]\([^)]+\)", paragraphs[1])
    card.text(0.008, 0.18, "   ·   ".join(links), fontsize=8, va="center", color="#0073bb")


def _plot(axes: Any, properties: dict[str, Any]) -> None:
    axes.set_title(properties["title"], loc="left", pad=10)
    series = _series(properties)
    times = [10 + index / 12 for index in range(_POINTS)]
    if properties["stacked"]:
        labels, stacks, given = zip(*series, strict=True)
        colors = [color or f"C{index}" for index, color in enumerate(given)]
        axes.stackplot(times, stacks, labels=labels, colors=colors, alpha=0.85)
    else:
        for index, (label, values, color) in enumerate(series):
            axes.plot(times, values, label=label, color=color or f"C{index}", linewidth=1.1)
    for line in properties.get("annotations", {}).get("horizontal", []):
        axes.axhline(line["value"], color=line["color"], linestyle="--", linewidth=0.8, label=line["label"])
    left = properties.get("yAxis", {}).get("left", {})
    axes.set_ylim(left.get("min", 0), left["max"] * 1.08 if "max" in left else None)
    axes.text(0, 1.02, left.get("label", ""), transform=axes.transAxes, color="#545b64", fontsize=6.5)
    axes.set_xticks(range(10, 17, 2), [f"{hour}:00" for hour in range(10, 17, 2)])
    axes.grid(axis="y", color="#eaeded")
    axes.spines["right"].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.06, -0.1), ncols=4, frameon=False, fontsize=6, handlelength=1.2,
                columnspacing=1.0)  # fmt: skip


def _series(properties: dict[str, Any]) -> list[tuple[str, list[float], str | None]]:
    """Label, values and colour of each line that the widget would show."""
    if "query" in properties:
        return [(name, _values(name), None) for name in re.findall(r" as (\w+)", properties["query"])]
    found = []
    for metric in properties["metrics"]:
        options = metric[-1]
        if options.get("visible", True):
            name = _RATE + options["label"] if isinstance(metric[0], dict) else metric[1]
            key = f"{name} {options['stat']}" if options.get("stat", "").startswith("p") else name
            found.append((options["label"], _values(key), options.get("color")))
    return found


def _values(key: str) -> list[float]:
    dice = random.Random(key)  # noqa: S311 (a picture)
    usual = _TYPICAL.get(key, 0.0)
    values = []
    for index in range(_POINTS):
        value = usual if key in {"Coverage", "EnvironmentsWarm"} else usual * (0.9 + 0.2 * dice.random())
        since = index - _RELEASE
        peak = (5.5 if "traced" in key else 4.1) if key.startswith(_RATE) else _AT_RELEASE.get(key)
        if since >= 0 and peak is not None:
            value += (peak - value) * math.exp(-since * 1.6)
        counted = key.endswith(("Start", "Pings", "Tick", "Throttles", "Error", "Failures")) or key.startswith("Conc")
        values.append(float(round(value)) if counted else value)
    return values


if __name__ == "__main__":
    sys.exit(main())
