"""One line for each request, tick and cold start, as it happens: the front door's measurements joined with records."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.text import Text

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.front_door import Exchange
from pilotlight_tools.local.xray import is_synthetic
from pilotlight_tools.terminal import printable

Annotations = dict[str, Any]
START_STYLES = {"cold": "bold yellow", "warm": "green"}
PATIENCE_SECONDS = 1.0  # how long a record and its exchange wait for each other


class LiveLines:
    """Joins exchanges with the functions' records by request id, and prints a line for each thing that happened.

    The record of a request comes by another way than its answer, usually some milliseconds earlier. One that comes
    alone (a request that did not pass the front door) and an exchange without a record (no function answered, or the
    record was lost) are printed too, after `PATIENCE_SECONDS`.
    """

    def __init__(self, print_line: Callable[[Text], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._print = print_line
        self._clock = clock
        self._exchanges: OrderedDict[str, tuple[float, Exchange]] = OrderedDict()
        self._records: OrderedDict[str, tuple[float, Document]] = OrderedDict()

    def exchange(self, exchange: Exchange) -> None:
        """A request was answered at the front door."""
        if exchange.request_id in self._records:
            _, record = self._records.pop(exchange.request_id)
            self._print(request_line(exchange, record["annotations"]))
        elif exchange.request_id:
            self._exchanges[exchange.request_id] = (self._clock(), exchange)
        else:
            self._print(request_line(exchange, {}))

    def document(self, document: Document) -> None:
        """A document came to X-Ray: if it is a record of ours, say what it tells."""
        annotations = document.get("annotations") or {}
        kind = None if is_synthetic(document) else annotations.get("kind")
        if kind == "tick":
            self._print(tick_line(document))
        elif kind == "warmup" and annotations.get("cold_start"):
            self._print(cold_ping_line(document))
        elif kind == "request":
            self._request(document)

    def flush(self) -> None:
        """Print what has waited long enough for its other half."""
        too_old = self._clock() - PATIENCE_SECONDS
        for request_id, (since, exchange) in list(self._exchanges.items()):
            if since < too_old:
                del self._exchanges[request_id]
                self._print(request_line(exchange, {}))
        for request_id, (since, record) in list(self._records.items()):
            if since < too_old:
                del self._records[request_id]
                self._print(lonely_record_line(record))

    def _request(self, record: Document) -> None:
        request_id = (record.get("aws") or {}).get("request_id", "")
        if request_id in self._exchanges:
            _, exchange = self._exchanges.pop(request_id)
            self._print(request_line(exchange, record["annotations"]))
        else:
            self._records[request_id] = (self._clock(), record)


def request_line(exchange: Exchange, annotations: Annotations) -> Text:
    """A request at the front door: what was asked, the status, the response time, and the start it met."""
    line = moment(exchange.ended_at)
    line.append(f"{exchange.method:<7} {printable(exchange.target)}  ")
    line.append(str(exchange.status), style=status_style(exchange.status))
    line.append(f"  {exchange.milliseconds:,.0f} ms  ")
    return line.append_text(start_of(annotations)) if annotations else line.append("no record", style="dim")


def lonely_record_line(record: Document) -> Text:
    """A request that did not come through the front door; the time is the function's own."""
    line = moment(record["end_time"])
    request = (record.get("http") or {}).get("request") or {}
    line.append(f"{request.get('method', '?'):<7} {printable(str(request.get('url', '?')))}  ")
    status = int(record["annotations"].get("status", 0))
    line.append(str(status), style=status_style(status))
    line.append(f"  {(record['end_time'] - record['start_time']) * 1000:,.0f} ms in the function  ")
    return line.append_text(start_of(record["annotations"])).append("  not through the front door", style="dim")


def cold_ping_line(record: Document) -> Text:
    """A cold start that a ping took, so that no user has to."""
    line = moment(record["end_time"]).append("ping    ", style="dim")
    return line.append_text(start_of(record["annotations"]))


def tick_line(record: Document) -> Text:
    """A tick of the warmer: how many of the environments it asked for it proved to be warm."""
    tick = record["annotations"]
    complete = tick["unique"] >= tick["requested"] and not tick["failed"]
    line = moment(record["end_time"]).append("tick    ", style="bold")
    line.append(
        f"{tick['unique']} of {tick['requested']} environments warm",
        style="green" if complete else "bold red",
    )
    line.append(f"  {tick['cold']} cold")
    for trouble in ("failed", "throttled"):
        if tick[trouble]:
            line.append(f"  {tick[trouble]} {trouble}", style="bold red")
    if "hold_ms" in tick:
        line.append(f"  held {tick['hold_ms']:,.0f} ms")
    return line.append(f"  coverage {100 * tick['coverage']:.0f} %")


def start_of(annotations: Annotations) -> Text:
    """The start type and its environment, with the init duration where it was paid, and whether a ping had made it."""
    start = str(annotations.get("start", "?"))
    text = Text().append(start, style=START_STYLES.get(start, "cyan"))
    if start != "warm" and annotations.get("init_ms") is not None:
        text.append(f" (init {annotations['init_ms']:,.0f} ms)")
    elif annotations.get("warmed_by_ping"):
        text.append(" (by a ping)")
    return text.append(f"  environment {str(annotations.get('environment', '?'))[:8]}", style="dim")


def status_style(status: int) -> str:
    """Colours for HTTP status codes."""
    return "bold red" if status >= 500 else "yellow" if status >= 400 else "green"


def moment(epoch_seconds: float) -> Text:
    """The time of day, in the machine's own zone."""
    return Text().append(datetime.fromtimestamp(epoch_seconds).strftime("%H:%M:%S  "), style="dim")
