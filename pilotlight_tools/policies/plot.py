"""The frontier as a plot: the share of cold requests against the monthly price and against pings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAMILIES = {
    "none": ("no warming", "#666666", "o"),
    "fixed": ("fixed N in every tick", "#0072b2", "o"),
    "auto": ("auto, minimum to maximum", "#d55e00", "D"),
    "provisioned": ("provisioned concurrency N", "#009e73", "s"),
    "clairvoyant": ("clairvoyant, which knows the load", "#aa4499", "*"),
}
_MOST_FIXED_BESIDE_AUTO = 4
"""The largest fixed N in the right panel: larger ones would compress the scale on which auto is compared."""


def draw(rows: Sequence[Mapping[str, Any]], path: Path, title: str, note: str) -> None:
    """Write a PNG to `path`: cold share against price a month for all policies, and beside it against pings a day."""
    import matplotlib as mpl  # half a second, and only a plot needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import FuncFormatter

    layout = ConstrainedLayoutEngine(rect=(0, 0.03, 1, 0.87))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), dpi=120, layout=layout, sharey=True)
    _points(left, rows, "price_a_month")
    left.set_xscale("log")
    left.set_yscale("log")
    left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:g}"))
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    left.set_xlabel("a month, all functions, users' requests included")
    left.set_ylabel("users' requests that start cold")
    _points(right, [row for row in rows if _is_beside_auto(row["policy"])], "pings_a_day")
    right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    right.set_xlabel("pings a day, all functions")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0, 0.955), ncols=5, frameon=False, fontsize=8)
    figure.text(0.01, 0.985, title, ha="left", va="top", fontsize=11)
    figure.text(0.995, 0.004, note, ha="right", va="bottom", fontsize=7, color="#555555")
    figure.savefig(path, metadata={"Software": None})  # no version in the file: the same rows give the same bytes
    plt.close(figure)


def _points(axes: "Axes", rows: Sequence[Mapping[str, Any]], across: str) -> None:
    for family, (label, color, marker) in _FAMILIES.items():
        points = [row for row in rows if row["policy"].split()[0] == family]
        shares = [max(row["cold_share"] * 100, 1e-3) for row in points]
        line = "-" if family in ("fixed", "provisioned") else "none"
        size = 13 if marker == "*" else 6
        positions = [row[across] for row in points]
        if points:
            axes.plot(positions, shares, ls=line, lw=1, marker=marker, ms=size, color=color, label=label)
        for row, position, share in zip(points, positions, shares, strict=True):
            text = row["policy"].removeprefix(family).strip()
            left_of = family == "auto"
            axes.annotate(
                text,
                (position, share),
                textcoords="offset points",
                xytext=(-7, -3) if left_of else (6, 4),
                ha="right" if left_of else "left",
                fontsize=8,
                color=color,
            )
    axes.grid(visible=True, alpha=0.3)


def _is_beside_auto(policy: str) -> bool:
    family, *number = policy.split()
    return family != "provisioned" and not (family == "fixed" and int(number[0]) > _MOST_FIXED_BESIDE_AUTO)
