"""Reads a report's requests from the access log: every request, sampled by X-Ray or not.

What start a request met is decided so:

1. A start line with its request id names it: our functions log one for each start that is not warm, at the end of the
   invocation. So it had a record too, whatever API Gateway made of its response.
2. Else, a response that API Gateway made itself (`$context.error.responseType`), or a request without Lambda's request
   id, is of NO_RECORD: it timed out, crashed, was throttled, or called no function. Only X-Ray knows better, where it
   sampled the request and has its record, as of a handler that raised: then the record names the start.
3. Else it was warm.

A handler that raised in a warm environment and was not sampled thus counts as of NO_RECORD, and as a 5xx.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pilotlight_tools.latency import notes
from pilotlight_tools.latency.access_log import AccessLog
from pilotlight_tools.latency.columns import NOT_MEASURED, Columns, Request
from pilotlight_tools.latency.log_format import LogLine
from pilotlight_tools.latency.observation import API_GATEWAY, UNKNOWN, Observation
from pilotlight_tools.latency.read_traces import around_the_function
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.reading import ACCESS_LOG, SLOWEST_SHOWN, Reading
from pilotlight_tools.latency.report import NO_RECORD
from pilotlight_tools.latency.route_patterns import RoutePatterns, is_greedy
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.stage_log import StageLog
from pilotlight_tools.latency.start_lines import Started
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.latency.traced_sample import TracedSample

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

_MOST_ASKED_FOR = 500
"""Requests without a start line, of an error, that X-Ray is asked about: 100 calls of BatchGetTraces."""


def read_log(
    log: AccessLog,
    reader: Reader,
    time_range: TimeRange,
    *,
    selection: Selection,
    is_local: bool,
    lead_seconds: float = 0.0,
) -> Reading:
    """Read the log of the time range. Raises NoLogError where there is none that can be read.

    What came in the `lead_seconds` before it is read too, for those who replay the requests.
    """
    stages = log.stages()
    with_lead = TimeRange(time_range.start - lead_seconds, time_range.end)
    starts = log.starts(with_lead)
    sample = TracedSample.read(reader, time_range, selection)
    collector = Collector(starts, RoutePatterns(sample.routes, reader.stage), time_range, selection)
    for stage in stages:
        log.read(stage, with_lead, lambda events, stage=stage: collector.take(events, stage))  # type: ignore[misc]
    columns = collector.columns
    doubtful = {columns.trace_id(index): index for index in collector.doubtful[:_MOST_ASKED_FOR]}
    slowest = [columns.trace_id(index) for index in columns.slowest(SLOWEST_SHOWN)]
    wanted = [trace_id for trace_id in dict.fromkeys([*doubtful, *slowest]) if trace_id]
    observed = dict(sample.read_more(reader, wanted, is_local=is_local))
    records = [observation for observation in observed.values() if observation]
    collector.settle(records, doubtful)
    ticks_of = log.ticks(time_range, None if sample.refusal else reader)
    ticks = [tick for tick in ticks_of if selection.includes_function(tick.function)]
    reading = Reading(
        source=ACCESS_LOG,
        selection=selection,
        columns=columns,
        inits=collector.inits,
        ticks=ticks,
        observed=observed,
        traced=sample.records,
        by_ping=sample.by_ping,
        environments_by_ping=sample.environments_by_ping,
        measured_by=API_GATEWAY,
        engine=around_the_function(records) if is_local else None,
        earlier=collector.earlier,
    )
    unasked = max(0, len(collector.doubtful) - _MOST_ASKED_FOR)
    reading.notes.extend(notes.of_log(collector, sample, log, unasked=unasked))
    return reading


class Collector:
    """Makes columns of the log's lines. `doubtful` are the indices of those that only X-Ray knows more of."""

    def __init__(
        self, starts: dict[str, Started], patterns: RoutePatterns, time_range: TimeRange, selection: Selection
    ) -> None:
        self.columns = Columns()
        self.inits: dict[str, list[float]] = {}
        self.without_init = 0
        self.unreadable = 0
        self.answered_by_gateway = 0
        self.without_request_id = 0
        self.earlier: dict[str, list[tuple[float, float]]] = {}
        self.doubtful: list[int] = []
        self._request_ids: dict[int, str] = {}
        self._starts, self._patterns = starts, patterns
        self._time_range, self._selection = time_range, selection

    def take(self, events: Sequence[FilteredLogEventTypeDef], stage: StageLog) -> None:
        """Add the requests of one page of log events."""
        for event in events:
            line = stage.format.line(event.get("message", ""))
            if line is None:
                self.unreadable += 1
                continue
            at = line.at if line.at is not None else event["timestamp"] / 1000 - (line.response_ms or 0.0) / 1000
            if at < self._time_range.end and stage.owns(line):
                self._add(line, at, stage)

    def settle(self, observations: Iterable[Observation], doubtful: dict[str | None, int]) -> None:
        """Take the start of a request from its record where X-Ray has one."""
        for each in observations:
            index = doubtful.get(each.trace_id)
            if index is not None and each.request_id in ("", self._request_ids[index]):
                self.columns.starts[index] = each.start
                self._note_init(each.start, each.init_ms)

    def _add(self, line: LogLine, at: float, stage: StageLog) -> None:
        started = self._starts.get(line.request_id) if line.request_id else None
        if started is None and _is_answered_by_gateway(line):
            self.answered_by_gateway += at >= self._time_range.start
            return
        function = (started.function if started else "") or stage.function_of(line.method, line.resource)
        route = f"{line.method} {self._route(line)}".strip()
        if not self._selection.includes(route, function):
            return
        response_ms = NOT_MEASURED if line.response_ms is None else line.response_ms
        in_lambda_ms = _in_lambda_ms(line, response_ms)
        if at < self._time_range.start:
            if not math.isnan(in_lambda_ms):
                init_ms = (started.init_ms if started and started.start == "cold" else None) or 0.0
                self.earlier.setdefault(function, []).append((at, max(0.0, in_lambda_ms - init_ms) / 1000))
            return
        start = started.start if started else _start_without_line(line)
        index = self.columns.add(
            Request(at, response_ms, start, line.status, route, function, in_lambda_ms, line.trace_id)
        )
        self.without_request_id += not line.has_request_id
        if started:
            self._note_init(start, started.init_ms)
        elif start == NO_RECORD and line.request_id and line.trace_id:
            self.doubtful.append(index)
            self._request_ids[index] = line.request_id

    def _note_init(self, start: str, init_ms: float | None) -> None:
        if start in ("warm", UNKNOWN):
            return
        if init_ms is not None:
            self.inits.setdefault(start, []).append(init_ms)
        elif start != "restored":
            self.without_init += 1

    def _route(self, line: LogLine) -> str:
        if not line.resource:
            return "(no route)"
        found = self._patterns.route_of(line.path) if is_greedy(line.resource) and line.path else None
        return found or line.resource


def _start_without_line(line: LogLine) -> str:
    if not line.has_request_id:
        return NO_RECORD if line.error_type else UNKNOWN
    return NO_RECORD if line.error_type or not line.request_id else "warm"


def _is_answered_by_gateway(line: LogLine) -> bool:
    """Whether an integration that calls nothing answered, and without an error, as it does preflight requests."""
    return line.has_request_id and not line.request_id and not line.error_type and line.status < 400


def _in_lambda_ms(line: LogLine, response_ms: float) -> float:
    if not line.request_id:
        return NOT_MEASURED
    return response_ms if line.in_lambda_ms is None else line.in_lambda_ms
