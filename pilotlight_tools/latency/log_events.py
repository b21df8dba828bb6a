"""Reads a log group by FilterLogEvents, which costs nothing, unlike a query of CloudWatch Logs Insights.

A page holds 10,000 events or 1 MB at most, and may be empty with more to come ("FilterLogEvents", CloudWatch Logs API
reference). The time range is read in parts by a few threads: an account may make 5 calls a second in some regions
("CloudWatch Logs quotas"), so more threads would only be throttled more.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pilotlight_tools.latency.problems import code_of
from pilotlight_tools.latency.time_range import TimeRange

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

Take = Callable[[Sequence["FilteredLogEventTypeDef"]], None]
Progress = Callable[[str, int, int | None], None]
_THREADS = 4
_PARTS = 4
"""Each part is a call at least: more would spend an account's few calls a second on short logs."""
_SHORTEST_PART_SECONDS = 900.0
_MOST_EVENTS = 2_500
"""Of a page: 1 MB holds no more lines of an access log. Where a page of the local engine is full there is more, though
it has no token for it."""


class LogEvents:
    """Reads events of log groups; `progress` is told how many, by any of its threads."""

    def __init__(self, logs: CloudWatchLogsClient, progress: Progress = lambda _what, _done, _total: None) -> None:
        self._logs = logs
        self._progress = progress
        self._lock = threading.Lock()

    def read(self, group: str, time_range: TimeRange, pattern: str, take: Take, *, what: str = "log lines") -> None:
        """Call `take` with the events of each page, one call at a time; a group that does not exist has none."""
        stop, done = threading.Event(), 0

        def took(events: Sequence[FilteredLogEventTypeDef]) -> None:
            nonlocal done
            with self._lock:
                take(events)
                done += len(events)
                self._progress(what, done, None)

        def read_part(part: TimeRange) -> None:
            for events in self._pages(group, part, pattern):
                took(events)
                if stop.is_set():
                    return

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="latency") as threads:
            try:
                for _ in threads.map(read_part, _parts(time_range)):
                    pass
            except ClientError as error:
                stop.set()
                threads.shutdown(cancel_futures=True)
                if code_of(error) != "ResourceNotFoundException":
                    raise
            except BaseException:
                stop.set()
                threads.shutdown(cancel_futures=True)
                raise

    def _pages(self, group: str, part: TimeRange, pattern: str) -> Any:
        start = int(part.start * 1000)
        query: dict[str, Any] = {"logGroupName": group, "endTime": int(part.end * 1000) - 1, "limit": _MOST_EVENTS}
        if pattern:
            query["filterPattern"] = pattern
        at_border: set[str] = set()
        while True:
            page = self._logs.filter_log_events(startTime=start, **query)
            events = page["events"]
            yield [event for event in events if event.get("eventId") not in at_border] if at_border else events
            if page.get("nextToken"):
                query["nextToken"] = page["nextToken"]
                continue
            if len(events) < _MOST_EVENTS or events[-1]["timestamp"] == start:
                return
            start = events[-1]["timestamp"]
            at_border = {event.get("eventId", "") for event in events if event["timestamp"] == start}


def _parts(time_range: TimeRange) -> list[TimeRange]:
    length = time_range.end - time_range.start
    count = max(1, min(_PARTS, int(length // _SHORTEST_PART_SECONDS)))
    # Whole milliseconds, as the events have them: no event is in two parts or in none.
    borders = [round(time_range.start + length * index / count, 3) for index in range(count + 1)]
    return [TimeRange(start, end) for start, end in itertools.pairwise(borders)]
