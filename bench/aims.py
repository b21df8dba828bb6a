"""What a measurement aims at: printed beside the figure, met or missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that should be `at_most` that much."""

    what: str
    measured: float
    at_most: float


def show(aims: Sequence[dict[str, Any]], console: Console) -> None:
    """Print each aim, in the form that JSON has, with whether it was met."""
    for aim in aims:
        met = aim["measured"] <= aim["at_most"]
        verdict = "[green]met[/]" if met else "[bold red]missed[/]"
        console.print(
            f"{aim['what']}: {_written(aim['measured'], '.3f')}; aim ≤ {_written(aim['at_most'], 'g')}: {verdict}",
            highlight=False,
        )


def _written(value: float, otherwise: str) -> str:
    return f"{value / 1e6:.1f} M" if value >= 1e6 else format(value, otherwise)
