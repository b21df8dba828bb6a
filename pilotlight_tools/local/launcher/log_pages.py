"""Events of log streams in order of their times and in pages, as FilterLogEvents gives them (CloudWatch Logs API).

An event is a dict with `timestamp` (epoch milliseconds) and `message`; a stream's events are a list in order of their
times.
"""

from __future__ import annotations

import base64
import heapq
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: `count` events with this `timestamp` were read, and all before it."""

    timestamp: int = 0
    count: int = 0

    def token(self) -> str:
        """Return what `of` reads."""
        return base64.urlsafe_b64encode(f"{self.timestamp}:{self.count}".encode()).decode()

    @classmethod
    def of(cls, token: str | None) -> Position:
        """Return the position of a token, or the beginning. Raises ValueError for a token that `token` did not make."""
        if not token:
            return cls()
        timestamp, _, count = base64.urlsafe_b64decode(token).decode().partition(":")
        return cls(int(timestamp), int(count))


def timestamp_of(event: Event) -> int:
    """Return the event's time, in epoch milliseconds."""
    timestamp: int = event["timestamp"]
    return timestamp


def events_between(events: Sequence[Event], start: int, end: int | None) -> Sequence[Event]:
    """Return the events from `start` to `end`, both included; a copy, so that others may be added meanwhile."""
    first = bisect_left(events, start, key=timestamp_of)
    return events[first : len(events) if end is None else bisect_right(events, end, key=timestamp_of)]


def page_of(
    streams: Iterable[tuple[str, Sequence[Event]]],
    after: Position,
    most: int,
    matches: Callable[[str], bool] = lambda _: True,
) -> tuple[list[Event], Position | None]:
    """Return up to `most` matching events after a position, with `logStreamName`, and where the next page begins.

    The streams hold events from the position's time on. There is no next page where all events were read.
    """
    page: list[Event] = []
    skipped, timestamp, count = 0, after.timestamp, after.count
    for event, name in heapq.merge(*(_tagged(name, events) for name, events in streams), key=_time_of_tagged):
        if event["timestamp"] == after.timestamp and skipped < after.count:
            skipped += 1
            continue
        if len(page) == most:
            return page, Position(timestamp, count)
        if event["timestamp"] != timestamp:
            timestamp, count = event["timestamp"], 0
        count += 1
        if matches(event["message"]):
            page.append({**event, "logStreamName": name})
    return page, None


def insert(events: list[Event], added: Sequence[Event]) -> None:
    """Insert events, which are in order, into others by their times; those of the same time go behind."""
    at = bisect_right(events, timestamp_of(added[0]), key=timestamp_of)
    events[at:] = heapq.merge(events[at:], added, key=timestamp_of) if at < len(events) else added


def terms_matcher(pattern: str) -> Callable[[str], bool] | None:
    """Return what tells whether a message matches a pattern of terms; None for a pattern of another kind.

    "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" (CloudWatch Logs
    user guide): all terms are in the message, or any of those with `?`, and none with `-`; case counts.
    """
    if not pattern.strip():
        return lambda _: True
    if pattern.strip()[0] in "{[" or "%" in pattern:
        return None
    terms = [(sign, re.sub(r"\\(.)", r"\1", quoted) or plain) for sign, quoted, plain in _TERM.findall(pattern)]
    wanted, any_of, without = ([term for sign, term in terms if sign == kind] for kind in ("", "?", "-"))

    def matches(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and (bool(wanted) or not any_of or any(term in message for term in any_of))
            and not any(term in message for term in without)
        )

    return matches


def _tagged(name: str, events: Iterable[Event]) -> Iterator[tuple[Event, str]]:
    return ((event, name) for event in events)


def _time_of_tagged(tagged: tuple[Event, str]) -> int:
    return timestamp_of(tagged[0])
