"""One line for each request, tick and cold start, as it happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.notice import Notice
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.terminal import printable

_Facts = dict[str, Any]
_START_STYLES = {"cold": "bold yellow", "warm": "green"}


def line_of(pair: Pair) -> Text | None:
    """Format `pair` as one line, or return None for a warm ping: the line of its tick counts it."""
    if pair.record is None:
        return _request_line(pair.exchange, {}) if pair.exchange is not None else None
    if pair.exchange is not None:
        return _request_line(pair.exchange, facts_of(pair.record))
    if pair.kind == "tick":
        return _tick_line(pair.record)
    if pair.kind == "request":
        return _record_only_line(pair.record)
    return _cold_ping_line(pair.record) if facts_of(pair.record).get(Annotation.COLD_START) else None


def log_block(line: Text, log: Sequence[str]) -> Text:
    """Put what a function wrote below its `line`."""
    for each in log:
        line.append("\n          \N{BOX DRAWINGS LIGHT VERTICAL} ", style="dim").append(each)
    return line


def invocation_line(name: str) -> Text:
    """Format the invocation of a function that left neither a request nor a record here."""
    return _moment(time.time()).append(f"{printable(name)}  ").append("invoked", style="dim")


def start_failure(function: str, cause: str) -> Text:
    """Format that a function's execution environment cannot start, and why."""
    return _moment(time.time()).append(f"{printable(function)} does not start: {cause}", style="bold red")


def notice_line(notice: Notice) -> Text:
    """Format what `npm start` itself has to say."""
    line = _moment(time.time()).append(f"{notice.about:<7} ", style="bold")
    return line.append(printable(notice.text), style="bold red" if notice.is_problem else "")


def _request_line(exchange: Exchange, facts: _Facts) -> Text:
    """Format a request at the front door: method, target, status, response time and start type."""
    line = _moment(exchange.ended_at)
    line.append(f"{exchange.method:<7} {printable(exchange.target)}  ")
    line.append(str(exchange.status), style=_status_style(exchange.status))
    line.append(f"  {exchange.milliseconds:,.0f} ms  ")
    return line.append_text(_start_of(facts)) if facts else line.append("no record", style="dim")


def _record_only_line(record: Document) -> Text:
    """Format an invocation that did not pass the front door; the time is the function's own. An event has no status."""
    line = _moment(record["end_time"])
    request = (record.get("http") or {}).get("request") or {}
    facts = facts_of(record)
    target = request.get("url") or facts.get(Annotation.ROUTE) or "?"
    line.append(f"{request.get('method', 'event'):<7} {printable(str(target))}  ")
    if status := int(facts.get(Annotation.STATUS, 0)):
        line.append(str(status), style=_status_style(status))
    elif record.get("fault"):
        line.append("raised", style="bold red")
    line.append(f"  {(record['end_time'] - record['start_time']) * 1000:,.0f} ms in the function  ")
    return line.append_text(_start_of(facts)).append("  not through the front door", style="dim")


def _cold_ping_line(record: Document) -> Text:
    """Format a cold start that a ping caused instead of a user."""
    line = _moment(record["end_time"]).append("ping    ", style="dim")
    return line.append_text(_start_of(facts_of(record)))


def _tick_line(record: Document) -> Text:
    """Format a tick: how many of the requested execution environments it proved warm, and why others are missing."""
    tick = facts_of(record)
    complete = tick["unique"] >= tick["requested"] and not tick["failed"]
    line = _moment(record["end_time"]).append("tick    ", style="bold")
    line.append(
        f"{tick['unique']} of {tick['requested']} environments warm",
        style="green" if complete else "bold red",
    )
    line.append(f"  {tick['cold']} cold")
    for problem in ("failed", "throttled"):
        if tick[problem]:
            line.append(f"  {tick[problem]} {problem}", style="bold red")
    if "hold_ms" in tick:
        line.append(f"  held {tick['hold_ms']:,.0f} ms")
    line.append(f"  coverage {100 * tick['coverage']:.0f} %")
    line.append(f"  {printable(str(tick.get(Annotation.FUNCTION, '')))}".rstrip(), style="dim")
    for cause in tick.get("causes", []):
        line.append(f"\n          {printable(str(cause))}", style="red")
    return line


def _start_of(facts: _Facts) -> Text:
    """Format the start type and its execution environment, with the init duration or the origin in a ping."""
    start = str(facts.get(Annotation.START, "?"))
    text = Text().append(start, style=_START_STYLES.get(start, "cyan"))
    if start != "warm" and facts.get(Annotation.INIT_MS) is not None:
        text.append(f" (init {facts[Annotation.INIT_MS]:,.0f} ms)")
    elif facts.get(Annotation.WARMED_BY_PING):
        text.append(" (by a ping)")
    return text.append(f"  environment {str(facts.get(Annotation.ENVIRONMENT, '?'))[:8]}", style="dim")


def _status_style(status: int) -> str:
    """Return the style for an HTTP status code."""
    return "bold red" if status >= 500 else "yellow" if status >= 400 else "green"


def _moment(epoch_seconds: float) -> Text:
    """Format the time of day in this machine's time zone."""
    return Text().append(datetime.fromtimestamp(epoch_seconds).strftime("%H:%M:%S  "), style="dim")
