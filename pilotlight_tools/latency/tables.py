"""The report in a terminal: the verdict, tables by start type, route and function, and how the times are spread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from pilotlight_tools.latency.figures_as_text import milliseconds, percent
from pilotlight_tools.latency.histogram_table import histogram_table
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.request_tables import (
    LEAST_IMPORTANT_FIRST,
    LEAST_IMPORTANT_OF_GROUPS,
    group_table,
    start_table,
)
from pilotlight_tools.terminal import number_of, printable, show_table

__all__ = ["milliseconds", "show"]


def show(report: Report, console: Console) -> None:
    """Print the report; colours and width are the console's."""
    console.print(Text.assemble((report.service, "bold"), f" in {report.region or 'the local stack'}"))
    console.print(_time_range(report), highlight=False)
    for line in _verdict(report):
        console.print(line, highlight=False)
    show_table(console, start_table(report), LEAST_IMPORTANT_FIRST)
    for title, groups in (("route", report.routes), ("function", report.functions)):
        if len(groups) > 1:
            show_table(console, group_table(title, groups, report.source), LEAST_IMPORTANT_OF_GROUPS)
    for line in _findings(report):
        console.print(line, highlight=False)
    if report.histogram.edges:
        console.print(histogram_table(report.histogram))
    for note in report.notes:
        console.print(f"[dim]Note: {escape(note)}[/dim]", highlight=False)
    console.print(f"[dim]{_method(report)} {report.method}[/dim]", highlight=False)


def _time_range(report: Report) -> str:
    start, end = (datetime.fromtimestamp(at).astimezone() for at in (report.time_range.start, report.time_range.end))
    whose = "all of the access log" if report.source == "access log" else "sampled by X-Ray"
    selected = f", {printable(report.selection)}" if report.selection else ""
    requests = number_of(report.requests, "user request")
    return escape(f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M %Z}: {requests}, {whose}{selected}")


def _verdict(report: Report) -> Iterator[str]:
    """The sentence, and the three figures that it is made of: who waited, what the warmer took off, what it costs."""
    verdict = report.verdict
    yield f"[bold]{escape(verdict.sentence)}[/bold]"
    waited = f"{verdict.waited:,} of {verdict.requests:,} waited for a start"
    if verdict.longer_ms is not None:
        waited += f", {milliseconds(verdict.longer_ms)} longer each, {milliseconds(verdict.longer_in_all_ms)} in all"
    yield f"  Waited: {waited}"
    if verdict.spared is None:
        yield "  Spared: not known without the access log of the whole time range"
    else:
        yield (
            f"  Spared: {number_of(verdict.spared, 'cold start')} ({verdict.cold_without_pings:,} without pings, were "
            f"an idle environment kept for {verdict.assumed_idle_minutes:g} minutes)"
        )
    if verdict.price is None:
        yield "  Costs:  not known"
    else:
        each = verdict.price_for_each_spared
        yield f"  Costs:  ${verdict.price:,.2f} a month" + ("" if each is None else f", ${each:,.4f} for each spared")


def _findings(report: Report) -> Iterator[str]:
    cold, warm = report.starts.get("cold"), report.starts.get("warm")
    if report.cold_start_rate is not None:
        line = f"Cold-start rate [bold]{percent(report.cold_start_rate)}[/bold] of {_whose(report)}"
        if cold and cold.response and warm and warm.response:
            slower = cold.response.p50 / warm.response.p50 if warm.response.p50 else 0.0
            line += f"; the cold median, {milliseconds(cold.response.p50)}, is {slower:.1f} times the warm one"
        yield line + "."
    pings = report.pings
    if report.traced:
        yield (
            f"Of {number_of(report.traced, 'traced request')}, {pings.requests:,} met one of "
            f"{number_of(pings.environments, 'environment')} whose init a ping had waited for, not a user."
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


def _whose(report: Report) -> str:
    if report.counted is not None:
        return f"all {report.counted.requests:,} requests (CloudWatch metrics)"
    return "all requests" if report.source == "access log" else "the traced requests"


def _method(report: Report) -> str:
    if report.source == "access log":
        return "Response time: API Gateway's responseLatency, as its access log has it."
    return f"Response time: start to end of the segment of {report.measured_by}."
