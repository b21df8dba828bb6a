"""Figures as people read them."""

from __future__ import annotations

NOTHING = "-"
"""Shown in place of a figure that there is not."""
COLOURS = {
    "cold": "dodger_blue2",
    "warm": "dark_orange",
    "proactive": "green",
    "provisioned": "magenta",
    "restored": "cyan",
    "no record": "red",
}


def milliseconds(value: float) -> str:
    """A duration in ms, or in s from ten seconds on, with three significant digits."""
    return f"{value / 1000:,.1f} s" if value >= 10_000 else f"{figure(value)} ms"


def figure(value: float | None) -> str:
    """A number with three significant digits, or as many as it has before the point."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percent(share: float) -> str:
    """A share as a percentage with two digits after the point."""
    return f"{100 * share:.2f} %"
