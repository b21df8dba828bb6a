"""The tables of requests: by start type, by route, by function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from pilotlight_tools.latency.figures_as_text import COLOURS, NOTHING, figure, percent
from pilotlight_tools.latency.report import Group, Report, StartType
from pilotlight_tools.latency.statistics import Distribution
from pilotlight_tools.terminal import printable

LEAST_IMPORTANT_FIRST = ("p90", "4xx", "Init\np50", "p95", "5xx", "Share", "Max")
LEAST_IMPORTANT_OF_GROUPS = ("Max", "4xx", "p95", "No record", "5xx", "p50")
_GROUPS_SHOWN = 20
_LONGEST_NAME = 60


def start_table(report: Report) -> Table:
    """A row for each start type, and one for all."""
    table = _table(f"Response time in ms by start type, of {_of(report.source)}")
    table.add_column("Start", no_wrap=True)
    for column in ("Requests", "Share", "p50", "p90", "p95", "p99", "Max", "Init\np50", "4xx", "5xx"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, start in report.starts.items():
        init = figure(start.init.p50) if start.init else ""
        row = [*_counts(start, report), *_durations(start.response), init, *_failures(start)]
        table.add_row(escape(printable(name)), *row, style=COLOURS.get(name))
    if len(report.starts) > 1:
        every = report.starts.values()
        failures = [f"{sum(start.errors for start in every):,}", f"{sum(start.faults for start in every):,}"]
        table.add_section()
        table.add_row("all", f"{report.requests:,}", "100 %", *_durations(report.every), "", *failures, style="bold")
    return table


def group_table(what: str, groups: Sequence[Group], source: str) -> Table:
    """A row for each route or function, those with the most requests first."""
    more = f" (the {_GROUPS_SHOWN} with the most requests; --json has more)" if len(groups) > _GROUPS_SHOWN else ""
    table = _table(f"Response time in ms by {what}, of {_of(source)}{more}")
    table.add_column(what.capitalize(), no_wrap=True, overflow="ellipsis", max_width=_LONGEST_NAME)
    for column in ("Requests", "Cold", "No record", "p50", "p95", "p99", "Max", "4xx", "5xx"):
        table.add_column(column, justify="right", no_wrap=True)
    for group in groups[:_GROUPS_SHOWN]:
        p50, _, p95, p99, longest = _durations(group.response)
        counts = [f"{value:,}" for value in (group.requests, group.cold, group.without_record)]
        name = escape(printable(group.name or f"(no {what})"))
        table.add_row(name, *counts, p50, p95, p99, longest, f"{group.errors:,}", f"{group.faults:,}")
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _of(source: str) -> str:
    return "all requests (access log)" if source == "access log" else "what X-Ray sampled"


def _counts(start: StartType, report: Report) -> Iterator[str]:
    yield f"{start.count:,}"
    yield percent(start.count / report.requests)


def _durations(distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return [NOTHING] * 5
    d = distribution
    return [figure(value) for value in (d.p50, d.p90, d.p95, d.p99, d.max)]


def _failures(start: StartType) -> list[str]:
    return [f"{start.errors:,}", f"{start.faults:,}"]
