"""The figures of a report, computed from what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilotlight.environment import START_TYPES
from pilotlight_tools.latency.columns import Columns
from pilotlight_tools.latency.observation import UNKNOWN, Observation
from pilotlight_tools.latency.reading import SLOWEST_SHOWN, Reading
from pilotlight_tools.latency.report import NO_RECORD, Coverage, Group, Pings, Slow, StartType
from pilotlight_tools.latency.statistics import distribution
from pilotlight_tools.latency.ticks import Tick

GROUPS_SHOWN = 100
"""More routes than these are no routes: paths that nobody made a pattern of."""
_THROTTLED = 429
Indices = Mapping[str, Sequence[int]]


def ordered_starts(by_start: Indices) -> list[str]:
    """The start types that occurred: known ones in their usual order, then others, then those without a record."""
    last = [start for start in sorted(by_start) if start not in (*START_TYPES, NO_RECORD)]
    return [start for start in (*START_TYPES, *last, NO_RECORD) if by_start.get(start)]


def start_types(reading: Reading, by_start: Indices) -> dict[str, StartType]:
    """The requests of each start type that occurred."""
    return {start: _start_type(reading, start, by_start[start]) for start in ordered_starts(by_start)}


def cold_start_rate(by_start: Indices) -> float | None:
    """The share of cold ones among the requests whose start is known; None without any."""
    known = sum(len(indices) for start, indices in by_start.items() if start not in (NO_RECORD, UNKNOWN))
    return len(by_start.get("cold", ())) / known if known else None


def groups(columns: Columns, by_name: Indices, by_start: Indices) -> list[Group]:
    """The requests of each route or function, those with the most first."""
    cold, without = set(by_start.get("cold", ())), set(by_start.get(NO_RECORD, ()))
    found = sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0]))[:GROUPS_SHOWN]
    return [
        Group(
            name=name,
            requests=len(indices),
            cold=sum(index in cold for index in indices),
            without_record=sum(index in without for index in indices),
            errors=sum(columns.is_error(index) for index in indices),
            faults=sum(columns.is_fault[index] for index in indices),
            response=distribution(columns.times(indices)),
        )
        for name, indices in found
    ]


def slowest(reading: Reading, region: str | None) -> list[Slow]:
    """The slowest of all measured requests, with what X-Ray shows of them."""
    return [_slow(reading, index, region) for index in reading.columns.slowest(SLOWEST_SHOWN)]


def pings(reading: Reading) -> Pings:
    """What the warmer did."""
    coverages = [tick.coverage for tick in reading.ticks]
    return Pings(
        requests=reading.by_ping,
        environments=reading.environments_by_ping,
        ticks=len(reading.ticks),
        cold_pings=sum(tick.cold for tick in reading.ticks),
        coverage_mean=sum(coverages) / len(coverages) if coverages else None,
        coverage_lowest=min(coverages, default=None),
        functions=_coverage_by_function(reading.ticks),
    )


def _start_type(reading: Reading, start: str, indices: Sequence[int]) -> StartType:
    columns = reading.columns
    return StartType(
        count=len(indices),
        faults=sum(columns.is_fault[index] for index in indices) + reading.more_faults[start],
        errors=sum(columns.is_error(index) for index in indices),
        throttles=sum(columns.status[index] == _THROTTLED for index in indices),
        response=distribution(columns.times(indices)),
        init=distribution(reading.inits.get(start, ())),
    )


def _coverage_by_function(ticks: list[Tick]) -> dict[str, Coverage]:
    by_function: dict[str, list[Tick]] = {}
    for tick in sorted(ticks, key=lambda tick: tick.function):
        by_function.setdefault(tick.function, []).append(tick)
    return {name: _coverage(of_function) for name, of_function in by_function.items()}


def _coverage(ticks: list[Tick]) -> Coverage:
    coverages = [tick.coverage for tick in ticks]
    return Coverage(len(ticks), sum(tick.cold for tick in ticks), sum(coverages) / len(coverages), min(coverages))


def _slow(reading: Reading, index: int, region: str | None) -> Slow:
    columns = reading.columns
    trace_id = columns.trace_id(index)
    observed = reading.observed.get(trace_id or "")
    # The log names the trace of every request; X-Ray has only those that were sampled.
    known = trace_id if trace_id in reading.observed or not reading.is_complete else None
    return Slow(
        trace_id=known,
        at=columns.at[index],
        start=columns.starts[index],
        response_ms=columns.response_ms[index],
        init_ms=observed.init_ms if observed else None,
        handler_ms=observed.handler_ms if observed else None,
        measured_by=observed.measured_by if observed and not reading.is_complete else reading.measured_by,
        status=columns.status[index] or (observed.status if observed else None),
        request=_named(columns.routes[index], observed),
        function=columns.functions[index],
        console_url=_console_url(region, known) if region and known else None,
    )


def _named(route: str, observed: Observation | None) -> str:
    """The request's method and route; without API Gateway only the record has the method."""
    method = observed.method if observed else ""
    return route if not method or route.startswith(f"{method} ") else f"{method} {route}"


def _console_url(region: str, trace_id: str) -> str:
    partition = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    if region.startswith("us-gov-"):
        partition = "amazonaws-us-gov.com"
    host = f"console.{partition}" if partition != "aws.amazon.com" else f"{region}.console.{partition}"
    return f"https://{host}/cloudwatch/home?region={region}#xray:traces/{trace_id}"
