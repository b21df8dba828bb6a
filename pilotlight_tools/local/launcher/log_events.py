"""Logs of 100,000 lines and more: FilterLogEvents in pages, and PutLogEvents at the same cost however many there are.

The engine's own FilterLogEvents returns the first page and no token: a reader gets 10,000 lines, and no sign that there
are more. Its PutLogEvents keeps each line twice, and a line that is older than the last one makes it build the list
anew: API Gateway's lines come in the order of the responses, with the times of the requests.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import cloudwatch_logs

from pilotlight_tools.local.launcher.log_pages import (
    Event,
    Position,
    events_between,
    insert,
    page_of,
    terms_matcher,
    timestamp_of,
)

MOST_IN_A_PAGE = 10_000
"""Events ("FilterLogEvents", CloudWatch Logs API reference)."""
MOST_LINES = 200_000
"""Of one log stream that PutLogEvents fills; the oldest go first."""
_SPARE = 5_000
"""So many are removed at once."""
_USED = (
    "_compile_filter_pattern",
    "_fanout_to_live_tail_sessions",
    "_fanout_to_subscription_filters",
    "_log_events_lock",
    "_log_groups",
    "_log_records",
    "_resolve_log_group_name",
    "error_response_json",
    "json_response",
    "new_uuid",
)


def install() -> None:
    """Change the engine's CloudWatch Logs. Raises AttributeError where they are not as expected."""
    changed = {
        "_append_log_events": _append,
        "_put_log_events": _put_log_events(cloudwatch_logs._put_log_events),
        "_filter_log_events": _filter_log_events(cloudwatch_logs._filter_log_events),
    }
    for name in (*changed, *_USED):
        getattr(cloudwatch_logs, name)
    for name, function in changed.items():
        setattr(cloudwatch_logs, name, function)


def bound_lines(events: list[Event], most: int = MOST_LINES) -> list[Event]:
    """Remove the oldest, where there are more than `most` and some, and return them."""
    if len(events) <= most + _SPARE:
        return []
    removed = events[: len(events) - most]
    del events[: len(removed)]
    return removed


def _append(stream: dict[str, Any], events: list[Event]) -> None:
    if not events:
        return
    added = sorted(events, key=timestamp_of)
    with cloudwatch_logs._log_events_lock:
        insert(stream["events"], added)
        stream["firstEventTimestamp"] = timestamp_of(stream["events"][0])
        stream["lastEventTimestamp"] = timestamp_of(stream["events"][-1])
        stream["lastIngestionTime"] = events[-1]["ingestionTime"]


def _put_log_events(original: Any) -> Any:
    def put(data: dict[str, Any]) -> Any:
        groups, group, name = cloudwatch_logs._log_groups, data.get("logGroupName"), data.get("logStreamName")
        stream = groups[group]["streams"].get(name) if group in groups else None
        if stream is None:
            return original(data)  # which says what is missing
        now = int(time.time() * 1000)
        stored = [
            {"timestamp": now, **event, "ingestionTime": now, "eventId": cloudwatch_logs.new_uuid()}
            for event in data.get("logEvents", [])
        ]
        _append(stream, stored)
        with cloudwatch_logs._log_events_lock:
            removed = bound_lines(stream["events"])
        for event in removed:
            cloudwatch_logs._log_records.pop(event["eventId"], None)  # a query of Logs Insights made it
        cloudwatch_logs._fanout_to_subscription_filters(group, name, stored)
        cloudwatch_logs._fanout_to_live_tail_sessions(group, name, stored)
        stream["uploadSequenceToken"] = str(int(stream["uploadSequenceToken"]) + 1)
        return cloudwatch_logs.json_response({"nextSequenceToken": stream["uploadSequenceToken"]})

    return put


def _filter_log_events(original: Any) -> Any:
    def filter_(data: dict[str, Any]) -> Any:
        group = cloudwatch_logs._resolve_log_group_name(data)
        if group not in cloudwatch_logs._log_groups:
            return original(data)  # which says so
        try:
            after = Position.of(data.get("nextToken"))
        except ValueError:
            message = "The specified nextToken is invalid."
            return cloudwatch_logs.error_response_json("InvalidParameterException", message, 400)
        most = min(data.get("limit") or MOST_IN_A_PAGE, MOST_IN_A_PAGE)
        pattern = data.get("filterPattern") or ""
        matches = terms_matcher(pattern) or cloudwatch_logs._compile_filter_pattern(pattern)
        page, following = page_of(_selected(group, data, after), after, most, matches)
        token = {} if following is None else {"nextToken": following.token()}
        return cloudwatch_logs.json_response({"events": page, "searchedLogStreams": [], **token})

    return filter_


def _selected(group: str, data: dict[str, Any], after: Position) -> list[tuple[str, Any]]:
    """The streams that are asked for, each with its events in the time range that are not before the position."""
    streams, prefix = cloudwatch_logs._log_groups[group]["streams"], data.get("logStreamNamePrefix") or ""
    names = data.get("logStreamNames") or [name for name in list(streams) if name.startswith(prefix)]
    start = max(data.get("startTime") or 0, after.timestamp)
    with cloudwatch_logs._log_events_lock:
        found = [(name, streams[name]["events"]) for name in names if name in streams]
        return [(name, events_between(events, start, data.get("endTime"))) for name, events in found]
