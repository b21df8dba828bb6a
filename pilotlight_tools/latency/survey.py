"""A pass over trace summaries: counts and times of what X-Ray sampled, and which traces to read in detail.

A summary has its response time, which is that of the trace's first segment ("TraceSummary", X-Ray API reference). It
is the request's own where that segment is API Gateway's of this stage, or Lambda's of this function.
"""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections import Counter
from collections.abc import Collection

from pilotlight.environment import Annotation
from pilotlight_tools.latency.columns import NOT_MEASURED, Columns, Request
from pilotlight_tools.latency.observation import API_GATEWAY, LAMBDA, UNKNOWN
from pilotlight_tools.latency.records import is_number
from pilotlight_tools.latency.report import NO_RECORD
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.summary_facts import (
    Summary,
    function_of,
    http_status_of,
    moment_of,
    outcome_of,
    response_ms_of,
    start_of,
    status_of,
    text_of,
    values_of,
)
from pilotlight_tools.latency.time_range import TimeRange

_Kept = list[tuple[int, str, int]]
"""A heap of trace ids and indices by the trace ids' hash, the largest hash on top."""


class Survey:
    """Counts every summary that `add` takes. `stages` are X-Ray's names of the service's own API Gateway stages.

    What it keeps beside the columns is at most `most` of each: traces to read because their time is not known, or
    because they may have raised, warm requests, and ticks.
    """

    def __init__(
        self, time_range: TimeRange, most: int, stages: Collection[str] = (), selection: Selection | None = None
    ) -> None:
        self.most = most
        self.columns = Columns()
        self.measured_by: list[str] = ["", API_GATEWAY, LAMBDA]
        self.inits: dict[str, list[float]] = {}
        self.without_init = 0
        self.by_ping = 0
        self.environments_by_ping: set[str] = set()
        self.routes: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        """How requests without a record ended: throttled, crashed, timed out, or not sampled by Lambda."""
        self.tick_traces = 0
        self.doubtful = Counter[str]()
        """Requests, by start type, that no status tells of: they may have raised."""
        self._measures = array("B")
        self._time_range, self._stages, self._selection = time_range, stages, selection or Selection()
        self._kept: dict[str, _Kept] = {}
        self._at_borders: set[str] = set()

    @property
    def records(self) -> int:
        """The number of user requests with a record."""
        return len(self.columns) - self.outcomes.total()

    def add(self, summary: Summary) -> None:
        """Count one trace, but only once when both chunks at a border return it."""
        at = moment_of(summary)
        if self._time_range.near_border(at):
            if summary["Id"] in self._at_borders:
                return
            self._at_borders.add(summary["Id"])
        kinds = values_of(summary, Annotation.KIND)
        if "request" in kinds:
            self._add_request(summary, at)
        elif "tick" in kinds:
            self.tick_traces += 1
            self._keep("tick", summary["Id"], 0)
        elif not kinds:  # a ping's record alone is not about a user
            self._add_without_record(summary, at)

    def kept(self, *what: str) -> dict[str, int]:
        """Return the traces kept for these purposes, with their indices in the columns, `most` at most of each.

        A hash of the trace ids decides which: a random choice, but the same one in the next report.
        """
        return {
            trace_id: index for each in what for _, trace_id, index in sorted(self._kept.get(each, ()), reverse=True)
        }

    def measure(self, index: int, measured_by: str | None, response_ms: float | None, at: float) -> None:
        """Set the time of a request that its summary does not tell."""
        if measured_by is not None and response_ms is not None:
            self.columns.at[index], self.columns.response_ms[index] = at, response_ms
            self._measures[index] = self.measured_by.index(measured_by)

    def one_measure_for_each_function(self) -> tuple[int, list[str]]:
        """Leave times out that are not comparable; return how many, and the functions that Lambda's segments measure.

        A function behind a REST API is measured by API Gateway's segments, any other by Lambda's. Where its REST API is
        traced, a request without API Gateway's segment (by the SDK, or of a trace that lacks it) is left out.
        """
        columns = self.columns
        of_gateway = {columns.functions[index] for index, code in enumerate(self._measures) if code == 1}
        left_out, by_lambda = 0, set()
        for index, code in enumerate(self._measures):
            if code == 2 and columns.functions[index] in of_gateway:
                columns.response_ms[index] = NOT_MEASURED
                self._measures[index] = 0
                left_out += 1
            elif code == 2:
                by_lambda.add(columns.functions[index])
        return left_out, sorted(by_lambda)

    def measures(self) -> str:
        """Whose segments the times are from: `API Gateway`, `Lambda`, or both."""
        return " and ".join(self.measured_by[code] for code in (1, 2) if code in self._measures) or LAMBDA

    def measure_of(self, index: int) -> str | None:
        return self.measured_by[self._measures[index]] or None

    def _add_request(self, summary: Summary, at: float) -> None:
        start, status, function = start_of(summary), status_of(summary), function_of(summary)
        route = text_of(summary, Annotation.ROUTE)
        self.routes.add(route)
        method = str((summary.get("Http") or {}).get("HttpMethod") or "")
        named = f"{method} {route or '(no route)'}".strip()
        if not self._selection.includes(named, function):
            return
        measure = self._measure(summary, function)
        index = self._append(
            summary,
            measure,
            Request(
                at,
                response_ms_of(summary, measure),
                start,
                http_status_of(summary, measure) or status,
                named,
                function,
                trace_id=summary["Id"],
                is_fault=bool(summary.get("HasFault")),
            ),
        )
        if not measure:
            self._keep("unmeasured", summary["Id"], index)
        elif start == "warm" and measure == 1:
            self._keep("warm", summary["Id"], index)
        if not status and not summary.get("HasFault"):
            self.doubtful[start] += 1
            self._keep("doubtful", summary["Id"], index)
        self._note_start(summary, start)

    def _note_start(self, summary: Summary, start: str) -> None:
        if True in values_of(summary, Annotation.WARMED_BY_PING):
            self.by_ping += 1
            self.environments_by_ping.add(text_of(summary, Annotation.ENVIRONMENT))
        if start in (UNKNOWN, "warm"):  # a warm record has the init of its environment, but did not wait for it
            return
        inits = [float(value) for value in values_of(summary, Annotation.INIT_MS) if is_number(value)]
        if inits:
            self.inits.setdefault(start, []).append(inits[0])
        elif start != "restored":  # its process began before the snapshot: nobody knows
            self.without_init += 1

    def _add_without_record(self, summary: Summary, at: float) -> None:
        http, function = summary.get("Http") or {}, function_of(summary)
        named = f"{http.get('HttpMethod') or ''} (no record)".strip()
        if not self._selection.includes(named, function):
            return
        self.outcomes[outcome_of(summary)] += 1
        measure = self._measure(summary, function)
        self._append(
            summary,
            measure,
            Request(
                at,
                response_ms_of(summary, measure),
                NO_RECORD,
                http_status_of(summary, measure),
                named,
                function,
                trace_id=summary["Id"],
                is_fault=bool(summary.get("HasFault")),
            ),
        )

    def _append(self, _: Summary, measure: int, request: Request) -> int:
        self._measures.append(measure)
        return self.columns.add(request)

    def _measure(self, summary: Summary, function: str) -> int:
        """Whose segment the summary's response time is of: 1 API Gateway's, 2 Lambda's, 0 another service's or none."""
        entry = summary.get("EntryPoint") or {}
        if "ResponseTime" not in summary:
            return 0
        if entry.get("Type") == "AWS::ApiGateway::Stage":
            return int(entry.get("Name") in self._stages)
        return 2 if entry.get("Type") == "AWS::Lambda" and entry.get("Name") == (function or entry.get("Name")) else 0

    def _keep(self, what: str, trace_id: str, index: int) -> None:
        """Keep the `most` smallest hashes."""
        heap = self._kept.setdefault(what, [])
        entry = (-int.from_bytes(hashlib.blake2b(trace_id.encode(), digest_size=8).digest()), trace_id, index)
        if len(heap) < self.most:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
