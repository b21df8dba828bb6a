"""The two pictures of docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.modes import MODES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = {"full": "#0072b2", "512": "#d55e00", "128-after-init": "#009e73"}
OURS, REST = "#d55e00", "#999999"


def cold(result: dict[str, Any], path: Path) -> None:
    """Draw each app's cold start as a ratio to the bare handler, by mode; one panel for each packaging."""
    plt = _pyplot()
    packagings = list(dict.fromkeys(row["packaging"] for row in result["cold_starts"]))
    figure, panels = plt.subplots(1, len(packagings), figsize=(5.5 * len(packagings), 4.4), sharey=True, squeeze=False)
    for panel, packaging in zip(panels[0], packagings, strict=True):
        _cold_panel(panel, packaging, [row for row in result["cold_starts"] if row["packaging"] == packaging])
    panels[0][0].legend(frameon=False, fontsize=8, loc="upper right")
    figure.suptitle("Cold start: process start to first response posted, as a ratio to the bare handler", fontsize=10)
    _save(figure, path)


def parts(result: dict[str, Any], path: Path) -> None:
    """Draw our own milliseconds as bars, and as a share of the whole cold start."""
    plt = _pyplot()
    named = {f"import {name}": spread for name, spread in result["imports_ms"].items()}
    named["first request,\nbeyond the bare handler's"] = result["first_request_beyond_bare_ms"]
    rows = sorted(named.items(), key=lambda item: item[1]["median"])
    figure, (whole, panel) = plt.subplots(
        2, 1, figsize=(7.5, 4.6), gridspec_kw={"height_ratios": [1, 1 + len(rows)], "hspace": 0.35}
    )
    bars = panel.barh(range(len(rows)), [spread["median"] for _, spread in rows], color=OURS, height=0.7)
    panel.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=8)
    panel.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    panel.set_xlabel("milliseconds, median of fresh processes", fontsize=8)
    total = sum(spread["median"] for _, spread in rows)
    runtime = result["bare_init_ms"]["median"] + result["bare_first_request_ms"]["median"]
    whole.barh([0], [runtime], color=REST)
    whole.barh([0], [total], left=[runtime], color=OURS)
    whole.text(
        runtime / 2, 0, f"Python, AWS's runtime client, a bare response: {runtime:.1f} ms", ha="center", va="center"
    )
    whole.text(runtime + total, 0, f" ours: {total:.1f} ms", ha="left", va="center", color=OURS)
    whole.set_xlim(0, (runtime + total) * 1.2)
    whole.axis("off")
    whole.set_title("A cold start's milliseconds, by part", fontsize=10)
    for each in (whole, panel):
        _bare_frame(each)
    _save(figure, path)


def _cold_panel(panel: Axes, packaging: str, rows: list[dict[str, Any]]) -> None:
    modes = [mode for mode in MODES if any(row["mode"] == mode.name for row in rows)]
    first = [row for row in rows if row["mode"] == modes[0].name and row["app"] != "bare"]
    names = [row["app"] for row in sorted(first, key=lambda row: -row["ratio"]["median"])]
    height = 0.8 / len(modes)
    for index, mode in enumerate(modes):
        by_app = {row["app"]: row["ratio"] for row in rows if row["mode"] == mode.name}
        positions = [each + (len(modes) / 2 - index - 0.5) * height for each in range(len(names))]
        medians = [by_app[name]["median"] for name in names]
        below = [by_app[name]["median"] - by_app[name]["lower_quartile"] for name in names]
        above = [by_app[name]["upper_quartile"] - by_app[name]["median"] for name in names]
        errors: dict[str, Any] = {"xerr": [below, above], "error_kw": {"elinewidth": 0.7, "ecolor": "#333333"}}
        bars = panel.barh(positions, medians, height, color=_COLORS[mode.name], label=mode.title, **errors)
        panel.bar_label(bars, fmt="%.2f", padding=3, fontsize=7)
    panel.axvline(1, color="#333333", lw=0.8)
    panel.set_yticks(range(len(names)), names, fontsize=8)
    panel.set_title(packaging, fontsize=9)
    panel.set_xlim(0, max(row["ratio"]["upper_quartile"] for row in rows) * 1.12)
    _bare_frame(panel)


def _bare_frame(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)


def _pyplot() -> Any:
    import matplotlib as mpl  # half a second, and only a plot needs it

    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    _pyplot().close(figure)
