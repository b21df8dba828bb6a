"""The bench's results as tables in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.modes import MODES


def cold(result: dict[str, Any], console: Console) -> None:
    """One table for each packaging: apps down, modes across, ratio to the bare handler and milliseconds."""
    rows = result["cold_starts"]
    for packaging in dict.fromkeys(row["packaging"] for row in rows):
        here = [row for row in rows if row["packaging"] == packaging]
        modes = [mode for mode in MODES if any(row["mode"] == mode.name for row in here)]
        counted = result["instructions"].get(packaging, {})
        table = Table(title=f"Cold start, {packaging}: ratio to bare (quartiles), median milliseconds")
        table.add_column("app")
        for mode in modes:
            table.add_column(mode.title, justify="right", no_wrap=True)
        table.add_column("instructions", justify="right", no_wrap=True)
        for name in dict.fromkeys(row["app"] for row in here):
            mine = {row["mode"]: row for row in here if row["app"] == name}
            cells = [
                f"{_ratio(mine[mode.name]['ratio'])} {mine[mode.name]['cold_ms']['median']:5.0f}" for mode in modes
            ]
            table.add_row(name, *cells, _instructions(counted, name))
        console.print(table)
    for title, reason in result["modes_left_out"].items():
        console.print(f"[yellow]left out: {title}: {reason}[/]")
    if result["instructions_left_out"]:
        console.print(f"[yellow]no instruction counts: {result['instructions_left_out']}[/]")


def _ratio(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['lower_quartile']:.2f} {spread['upper_quartile']:.2f})"


def _instructions(counted: dict[str, int], name: str) -> str:
    if name not in counted:
        return ""
    return f"{counted[name] / 1e6:.0f} M  {counted[name] / counted['bare']:.2f}"
