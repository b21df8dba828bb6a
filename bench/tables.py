"""The bench's results as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import aims
from bench.load import shortfalls as load_shortfalls
from bench.modes import MODES
from bench.transport import CONNECTIONS


def cold(result: dict[str, Any], console: Console) -> None:
    """One table for each packaging: apps down, modes across, ratio to the bare handler and milliseconds."""
    rows = result["cold_starts"]
    for packaging in dict.fromkeys(row["packaging"] for row in rows):
        here = [row for row in rows if row["packaging"] == packaging]
        modes = [mode for mode in MODES if any(row["mode"] == mode.name for row in here)]
        counted = result["instructions"].get(packaging, {})
        table = Table(title=f"Cold start, {packaging}: ratio to bare (quartiles), median ms, ratio in CPU time")
        table.add_column("app")
        for mode in modes:
            table.add_column(mode.title, justify="right", no_wrap=True)
        table.add_column("instructions", justify="right", no_wrap=True)
        for name in dict.fromkeys(row["app"] for row in here):
            mine = {row["mode"]: row for row in here if row["app"] == name}
            cells = [
                f"{_ratio(mine[mode.name]['ratio'])} {mine[mode.name]['cold_ms']['median']:5.0f}"
                f" {mine[mode.name]['cpu_ratio']['median']:5.2f}"
                for mode in modes
            ]
            table.add_row(name, *cells, _instructions(counted, name))
        console.print(table)
    for title, reason in result["modes_left_out"].items():
        console.print(f"[yellow]left out: {title}: {reason}[/]")
    if result["instructions_left_out"]:
        console.print(f"[yellow]no instruction counts: {result['instructions_left_out']}[/]")
    aims.show(result["aims"], console)


def requests(result: dict[str, Any], console: Console) -> None:
    """Apps down: first and second request, warm request and its ratio to bare, what the record adds."""
    columns = (
        "app",
        "first",
        "second",
        "first / second",
        "warm",
        "warm / bare",
        "record adds, µs",
        "instructions",
    )
    table = _table("Requests to one environment, milliseconds (quartiles)", columns)
    for row in result["requests"]:
        record = row["record_ms"]["median"] * 1000
        table.add_row(
            row["app"],
            *(f"{row[name]['median']:.2f}" for name in ("first_ms", "second_ms", "first_to_second", "warm_ms")),
            _ratio(row["warm_ratio"]),
            f"{record:.0f}" if row["app"] != "bare" else "",
            _thousands(result["instructions"], row["app"], "bare"),
        )
    console.print(table)
    _clients("A warm request", result["clients"], console)
    aims.show(result["aims"], console)


def _clients(what: str, ratios: dict[str, dict[str, dict[str, float]]], console: Console) -> None:
    for name, ratio in ratios.items():
        both = f"{_ratio(ratio['time'])} in time, {_ratio(ratio['cpu'])} in CPU time"
        console.print(f"{what} of {name} beside the same under AWS's client: {both}", highlight=False)


def first_requests(result: dict[str, Any], console: Console) -> None:
    """Cases down: the ping, and the requests after it."""
    columns = (
        "before it",
        "ping",
        "prewarm in it",
        "first",
        "second",
        "third",
        "first / third",
        "in instructions",
    )
    table = _table("FastAPI, 30 routes with validated bodies: milliseconds of the first requests", columns)
    for row in result["first_requests"]:
        before = (f"{spread['median']:.2f}" if (spread := row[name]) else "" for name in ("ping_ms", "prewarm_ms"))
        requests = (f"{row[name]['median']:.2f}" for name in ("first_ms", "second_ms", "third_ms"))
        counted = result["instructions"].get(row["app"])
        in_instructions = f"{counted['first'] / counted['third']:.2f}" if counted else ""
        table.add_row(row["title"], *before, *requests, _ratio(row["first_to_third"]), in_instructions)
    console.print(table)
    aims.show(result["aims"], console)


def pings(result: dict[str, Any], console: Console) -> None:
    """One line: ping, request and their ratio."""
    table = Table(title=f"A ping without a hold, compared with a request: milliseconds (quartiles) ({result['app']})")
    for column in ("ping", "request", "ping / request", "first ping, which loads the SDK", "instructions"):
        table.add_column(column, justify="right")
    cells = [_ratio(result[name]) for name in ("ping_ms", "request_ms", "ratio", "first_ping_ms")]
    table.add_row(*cells, _thousands(result["instructions"], "ping", "request"))
    console.print(table)
    _clients("A ping", result["clients"], console)
    aims.show(result["aims"], console)


def fan_outs(result: dict[str, Any], console: Console) -> None:
    """One table for each kind of connection."""
    for connections in dict.fromkeys(row["connections"] for row in result["fan_outs"]):
        table = Table(title=f"{result['pings']} pings held {result['hold_ms']} ms each: {CONNECTIONS[connections]}")
        for column in ("client", "CPU", "at once", "spread, ms", "wall, ms", "wall / hold", "CPU a ping, ms"):
            table.add_column(column, justify="left" if column in ("client", "CPU") else "right", no_wrap=True)
        for row in result["fan_outs"]:
            if row["connections"] == connections:
                table.add_row(
                    row["client"],
                    row["mode"],
                    str(row["in_flight_at_once"]),
                    *(f"{row[name]['median']:.0f}" for name in ("spread_ms", "wall_ms")),
                    f"{row['wall_to_hold']['median']:.2f}",
                    f"{row['cpu_ms_per_ping']['median']:.2f}",
                )
        console.print(table)
    for title, reason in result["modes_left_out"].items():
        console.print(f"[yellow]left out: {title}: {reason}[/]")


def coverage(result: dict[str, Any], console: Console) -> None:
    """One table for each number of environments wanted."""
    for size in dict.fromkeys(row["concurrency"] for row in result["coverage"]):
        table = Table(
            title=f"{size} environments wanted: medians of {result['ticks']} ticks ({result['routing']} first)"
        )
        for column in (
            "warmer",
            "unique",
            "unique, minimum",
            "invocations",
            "billed, ms",
            "warmer billed, ms",
            "wall, ms",
        ):
            table.add_column(column, justify="left" if column == "warmer" else "right")
        for row in result["coverage"]:
            if row["concurrency"] == size:
                least = f"{row['unique']['minimum']:.0f}"
                rest = (
                    f"{row[name]['median']:.0f}" for name in ("invocations", "billed_ms", "warmer_billed_ms", "wall_ms")
                )
                table.add_row(row["title"], f"{row['unique']['median']:.0f}", least, *rest)
        console.print(table)


def sizes(result: dict[str, Any], console: Console) -> None:
    """Apps down: the zip of a pip install, and without what the Lambda runtime provides."""
    table = Table(title="Zip size, MB (10^6 bytes)")
    for column in ("app", "as pip installs it", "without boto3 and what comes with it"):
        table.add_column(column, justify="left" if column == "app" else "right")
    for row in result["sizes"]:
        table.add_row(row["app"], f"{row['zip_mb']:.2f}", f"{row['without_boto_mb']:.2f}")
    console.print(table)


def parts(result: dict[str, Any], console: Console) -> None:
    """Parts down, in the order of their cost."""
    table = Table(title="Our own milliseconds of a cold start (quartiles)")
    table.add_column("part")
    table.add_column("ms", justify="right")
    named = {f"import {name}": spread for name, spread in result["imports_ms"].items()}
    named["first request, beyond the bare handler's"] = result["first_request_beyond_bare_ms"]
    for name, spread in sorted(named.items(), key=lambda item: -item[1]["median"]):
        table.add_row(name, _ratio(spread))
    table.add_row("in all", f"{sum(spread['median'] for spread in named.values()):.2f}")
    table.add_row("Python and AWS's runtime client, for comparison", _ratio(result["bare_init_ms"]))
    console.print(table)


def load(result: dict[str, Any], console: Console) -> None:
    """What was answered and found, then each process's memory over time."""
    statuses = ", ".join(f"{count:,} of status {status}" for status, count in result["statuses"].items())
    console.print(
        f"{result['clients']} clients, {result['seconds']} s: {result['answered']:,} requests answered ({statuses}), "
        f"{sum(result['without_response'].values()):,} without a response, {result['records_found']:,} records found; "
        f"{result['requests_per_second']:,} a second, p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms"
    )
    table = _table("Resident memory in MB, at equal distances", ["process", "first", "", "", "", "last"])
    for name, megabytes in result["memory_mb"].items():
        table.add_row(name, *(f"{each:.1f}" for each in megabytes))
    console.print(table)
    for line in [*result["notices"], *(f"note: {note}" for note in result["notes"])]:
        console.print(line, markup=False, soft_wrap=True)
    for shortfall in load_shortfalls(result):
        console.print(f"missed: {shortfall}", style="bold red", soft_wrap=True)


def latency_report(result: dict[str, Any], console: Console) -> None:
    """One line: what was read, in how many seconds, and the memory at its highest."""
    console.print(
        f"{result['requests']:,} requests from the {result['read_from']}: {result['seconds']} s, of CPU "
        f"{result['cpu_seconds']} s, {result['peak_mb']} MB at most, cold-start rate "
        f"{100 * result['cold_start_rate']:.2f} %"
    )


def _ratio(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['lower_quartile']:.2f} {spread['upper_quartile']:.2f})"


def _thousands(counted: dict[str, int], name: str, base: str) -> str:
    return f"{counted[name] / 1e3:.0f} k  {counted[name] / counted[base]:.2f}" if name in counted else ""


def _instructions(counted: dict[str, int], name: str) -> str:
    if name not in counted:
        return ""
    return f"{counted[name] / 1e6:.0f} M  {counted[name] / counted['bare']:.2f}"


def _table(title: str, columns: Sequence[str]) -> Table:
    """A table of figures, named in the first column."""
    table = Table(title=title)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    return table
