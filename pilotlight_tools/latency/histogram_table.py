"""How response times are spread: a row for each range of times, with count, share and bar of each start type."""

from __future__ import annotations

from rich.bar import Bar
from rich.table import Table

from pilotlight_tools.latency.figures_as_text import COLOURS, milliseconds
from pilotlight_tools.latency.statistics import Histogram

_ROWS = 16
_BAR_WIDTH = 12


def histogram_table(histogram: Histogram) -> Table:
    """Make it. Each start type has its own scale, because cold starts are few: the counts say how many there are."""
    table = Table(
        title="How response times are spread: requests, and their share of the start type",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Response time", justify="right", no_wrap=True)
    merged = -(-(len(histogram.edges) - 1) // _ROWS)
    edges = histogram.edges[::merged]
    if edges[-1] != histogram.edges[-1]:
        edges.append(histogram.edges[-1])
    columns = []
    for name, counts in histogram.counts.items():
        total = sum(counts)
        table.add_column(f"{name} ({total:,})", justify="right", no_wrap=True)
        table.add_column("", width=_BAR_WIDTH)
        columns.append((name, total, [sum(counts[at : at + merged]) for at in range(0, len(counts), merged)]))
    for index in range(len(edges) - 1):
        row: list[str | Bar] = [f"{milliseconds(edges[index])} to {milliseconds(edges[index + 1])}"]
        for name, total, merged_counts in columns:
            count = merged_counts[index]
            row += [
                f"{count:,} {100 * count / total:5.1f} %" if count else "",
                Bar(max(merged_counts), 0, count, color=COLOURS.get(name, "red"), width=_BAR_WIDTH),
            ]
        table.add_row(*row)
    return table
