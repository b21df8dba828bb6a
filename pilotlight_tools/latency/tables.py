"""The report in a terminal: a table, what the warmer did, and how the response times are spread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pilotlight_tools.latency.report import Report, StartType
from pilotlight_tools.latency.statistics import Distribution, Histogram
from pilotlight_tools.terminal import number_of, show_table

_COLOURS = {
    "cold": "dodger_blue2",
    "warm": "dark_orange",
    "proactive": "green",
    "provisioned": "magenta",
    "restored": "cyan",
}
_LEAST_IMPORTANT_FIRST = ("p90", "4xx", "Init\np50", "p95", "5xx", "Share", "Max")
_CHART_ROWS = 16
_NOTHING = "-"
"""Shown in place of a duration that was not measured."""


def show(report: Report, console: Console) -> None:
    """Print the report; colours and width are the console's."""
    console.print(Text.assemble((report.service, "bold"), f" in {report.region or 'the local stack'}"))
    console.print(_time_range(report), highlight=False)
    show_table(console, _table(report), _LEAST_IMPORTANT_FIRST)
    for line in _findings(report):
        console.print(line, highlight=False)
    if report.histogram.edges:
        console.print(_chart(report.histogram))
    for note in report.notes:
        console.print(f"[dim]Note: {escape(note)}[/dim]", highlight=False)
    console.print(f"[dim]Response time: start to end of the segment of {report.measured_by}. {report.method}[/dim]")


def milliseconds(value: float) -> str:
    """A duration in ms, or in s from ten seconds on, with three significant digits."""
    return f"{value / 1000:.1f} s" if value >= 10_000 else f"{_figure(value)} ms"


def _figure(value: float) -> str:
    """A number with three significant digits, or as many as it has before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _time_range(report: Report) -> str:
    start, end = (datetime.fromtimestamp(at).astimezone() for at in (report.time_range.start, report.time_range.end))
    sampled = "" if report.sampled == report.requests else f", durations from a sample of {report.sampled:,}"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M %Z}: {number_of(report.requests, 'user request')}{sampled}"


def _table(report: Report) -> Table:
    table = Table(
        title="Response time in ms by start type", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("Start", no_wrap=True)
    for column in ("Requests", "Share", "p50", "p90", "p95", "p99", "Max", "Init\np50", "4xx", "5xx"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, start in report.starts.items():
        row = [*_counts(start, report), *_durations(start.response), _init(start.init), *_failures(start)]
        table.add_row(name, *row, style=_COLOURS.get(name))
    if len(report.starts) > 1:
        every = report.starts.values()
        failures = [f"{sum(start.errors for start in every):,}", f"{sum(start.faults for start in every):,}"]
        table.add_section()
        row = [f"{report.requests:,}", "100 %", *_durations(report.every), "", *failures]
        table.add_row("all", *row, style="bold")
    return table


def _counts(start: StartType, report: Report) -> Iterator[str]:
    yield f"{start.count:,}"
    yield f"{100 * start.count / report.requests:.2f} %"


def _durations(distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return [_NOTHING] * 5
    d = distribution
    return [_figure(value) for value in (d.p50, d.p90, d.p95, d.p99, d.max)]


def _init(distribution: Distribution | None) -> str:
    return _figure(distribution.p50) if distribution else ""


def _failures(start: StartType) -> list[str]:
    return [f"{start.errors:,}", f"{start.faults:,}"]


def _findings(report: Report) -> Iterator[str]:
    cold, warm = report.starts.get("cold"), report.starts.get("warm")
    if report.cold_start_rate is not None:
        line = f"Cold-start rate [bold]{100 * report.cold_start_rate:.2f} %[/bold]"
        if cold and cold.response and warm and warm.response:
            slower = cold.response.p50 / warm.response.p50
            line += f"; the cold median, {milliseconds(cold.response.p50)}, is {slower:.1f} times the warm one"
        yield line + "."
    pings = report.pings
    yield (
        f"Pings saved: [bold]{number_of(pings.requests, 'request')}[/bold] met one of "
        f"[bold]{number_of(pings.environments, 'environment')}[/bold] whose init a ping had waited for, not a user."
    )
    if pings.coverage_mean is None or pings.coverage_lowest is None:
        yield "No ticks of the warmer in this time range: check that its schedule is enabled."
    else:
        yield (
            f"Coverage [bold]{100 * pings.coverage_mean:.1f} %[/bold] on average of {number_of(pings.ticks, 'tick')}, "
            f"lowest {100 * pings.coverage_lowest:.1f} %; {number_of(pings.cold_pings, 'ping')} met a cold start."
        )
    if len(pings.functions) > 1:
        for name, each in pings.functions.items():
            yield (
                f"  {escape(name)}: {100 * each.mean:.1f} % on average of {number_of(each.ticks, 'tick')}, lowest "
                f"{100 * each.lowest:.1f} %; {number_of(each.cold_pings, 'ping')} met a cold start."
            )


def _chart(histogram: Histogram) -> Table:
    """A row for each range of response times, with a bar for each start type: the share of its requests in it."""
    table = Table(title="How response times are spread", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("Response time", justify="right", no_wrap=True)
    merged = -(-(len(histogram.edges) - 1) // _CHART_ROWS)
    edges = histogram.edges[::merged]
    if edges[-1] != histogram.edges[-1]:
        edges.append(histogram.edges[-1])
    columns = []
    for name, counts in histogram.counts.items():
        table.add_column(f"{name} ({sum(counts):,})", ratio=1)
        columns.append([sum(counts[index : index + merged]) / sum(counts) for index in range(0, len(counts), merged)])
    # Each start type has its own scale: the bars compare spreads, and cold starts are few.
    bars = [
        [Bar(max(shares), 0, share, color=_COLOURS.get(name, "red")) for share in shares]
        for name, shares in zip(histogram.counts, columns, strict=True)
    ]
    for index, row in enumerate(zip(*bars, strict=True)):
        table.add_row(f"{milliseconds(edges[index])} to {milliseconds(edges[index + 1])}", *row)
    return table
