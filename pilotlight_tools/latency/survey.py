"""A first pass over all trace summaries of a time range: counts and rates, and which traces to read in detail.

Memory depends on the bins of the time range, the sample's size and the number of execution environments, not on the
number of traces.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pilotlight.environment import START_TYPES, Annotation
from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.records import is_number
from pilotlight_tools.latency.time_range import TimeRange

Summary = dict[str, Any]
_Kept = list[tuple[int, str]]
"""A heap of trace ids by their hash, the largest hash on top."""


@dataclass(slots=True)
class Bin:
    """User requests that began within one of the time range's bins."""

    requests: int = 0
    cold: int = 0


class Survey:
    """Counts every summary that `add` takes; `sample` and `sampled_ticks` return the traces to read."""

    def __init__(self, time_range: TimeRange, most: int) -> None:
        self.time_range = time_range
        self.most = most
        self.starts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.throttles: Counter[str] = Counter()
        self.by_ping: Counter[str] = Counter()
        self.environments_by_ping: set[str] = set()
        # Traces of the warmer's invocations: each has the ticks of all its targets.
        self.tick_traces = 0
        # Requests the API responded to without a record: throttled, crashed, timed out, or not sampled by Lambda.
        self.without_record: Counter[str] = Counter()
        self.bins: dict[int, Bin] = {}
        self._sampled: dict[str, _Kept] = {}
        self._sampled_ticks: _Kept = []
        self._at_borders: set[str] = set()

    @property
    def requests(self) -> int:
        """The number of user requests with a record."""
        return self.starts.total()

    def bin_number(self, at: float) -> int:
        """The bin of a moment. Bins begin at multiples of their width, so they do not move with the time range."""
        return int(at // self.time_range.bin_seconds)

    def add(self, summary: Summary) -> None:
        """Count one trace, but only once when both chunks at a border return it."""
        at = _moment(summary)
        if self.time_range.near_border(at):
            if summary["Id"] in self._at_borders:
                return
            self._at_borders.add(summary["Id"])
        kinds = _values(summary, Annotation.KIND)
        if "request" in kinds:
            self._add_request(summary, at)
        elif "tick" in kinds:
            self.tick_traces += 1
            self._keep(self._sampled_ticks, summary["Id"])
        elif not kinds:  # a ping's record alone is not about a user
            self.without_record[_outcome(summary)] += 1

    def sample(self) -> dict[str, list[str]]:
        """Return the trace ids to read by start type, `most` in all.

        Each start type first gets an equal share, because cold starts are few; the rest is given to those with more.
        A hash of the trace ids decides which are read: a random choice, but the same one in the next report.
        """
        counts = {start: len(heap) for start, heap in self._sampled.items()}
        shares = dict.fromkeys(counts, 0)
        room = self.most
        while room > 0 and any(shares[start] < counts[start] for start in counts):
            open_starts = [start for start in counts if shares[start] < counts[start]]
            share = max(1, room // len(open_starts))
            for start in open_starts:
                more = min(share, counts[start] - shares[start], room)
                shares[start] += more
                room -= more
        return {
            start: [trace_id for _, trace_id in sorted(heap, reverse=True)[: shares[start]]]
            for start, heap in self._sampled.items()
        }

    def sampled_ticks(self) -> list[str]:
        """Return the ids of the ticks' traces to read, at most `most`, chosen as `sample` does."""
        return [trace_id for _, trace_id in sorted(self._sampled_ticks, reverse=True)]

    def _add_request(self, summary: Summary, at: float) -> None:
        start = _start(summary)
        self.starts[start] += 1
        status = _status(summary)
        is_fault = bool(summary.get("HasFault")) or status >= 500
        self.faults[start] += is_fault
        self.errors[start] += not is_fault and (bool(summary.get("HasError")) or 400 <= status < 500)
        self.throttles[start] += bool(summary.get("HasThrottle")) or status == 429
        if True in _values(summary, Annotation.WARMED_BY_PING):
            self.by_ping[start] += 1
            self.environments_by_ping.add(str(next(iter(_values(summary, Annotation.ENVIRONMENT)), "")))
        found = self.bins.setdefault(self.bin_number(at), Bin())
        found.requests += 1
        found.cold += start == "cold"
        self._keep(self._sampled.setdefault(start, []), summary["Id"])

    def _keep(self, heap: _Kept, trace_id: str) -> None:
        """Keep the `most` smallest hashes."""
        entry = (-int.from_bytes(hashlib.blake2b(trace_id.encode(), digest_size=8).digest()), trace_id)
        if len(heap) < self.most:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)


def _moment(summary: Summary) -> float:
    """When the trace began: X-Ray's StartTime, or the second in the trace id where an older response has none."""
    if "StartTime" in summary:
        return float(summary["StartTime"].timestamp())
    return float(int(summary["Id"].split("-")[1], 16))


def _status(summary: Summary) -> int:
    """The status in the record; 0 where it has none.

    Without API Gateway a trace begins with Lambda's segment: whatever the function responds, its status is 200.
    """
    statuses = (int(value) for value in _values(summary, Annotation.STATUS) if is_number(value, 100, 999))
    return next(statuses, 0)


def _start(summary: Summary) -> str:
    """The start type, among values that the service's own annotations of that name may have."""
    values = [value for value in _values(summary, Annotation.START) if isinstance(value, str)]
    return next((value for value in values if value in START_TYPES), values[0] if values else UNKNOWN)


def _outcome(summary: Summary) -> str:
    for key, name in (("HasThrottle", "throttled"), ("HasFault", "fault"), ("HasError", "error")):
        if summary.get(key):
            return name
    return "other"


def _values(summary: Summary, key: str) -> list[str | float | bool]:
    entries = summary.get("Annotations", {}).get(key, ())
    return [value for entry in entries for value in entry.get("AnnotationValue", {}).values()]
