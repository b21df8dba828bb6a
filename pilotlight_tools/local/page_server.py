"""Serve the latency page live: it shows requests within seconds, without a reload."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from aiohttp import web

from pilotlight_tools.commands import notice
from pilotlight_tools.latency.deployment import Deployment
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.latency.make_report import Options, make_report
from pilotlight_tools.latency.open_reader import open_reader
from pilotlight_tools.latency.page import DEFAULT_RANGE, RANGES, live_page
from pilotlight_tools.latency.problems import Problem, explained
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.stage_costs import costs_of
from pilotlight_tools.latency.time_range import TimeRange, duration_seconds
from pilotlight_tools.local.engine import is_free
from pilotlight_tools.local.guard.middleware import guarded
from pilotlight_tools.local.guard.rules import PROTECTION, refusal_of_page
from pilotlight_tools.local.http_thread import HttpThread
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.serving import in_time
from pilotlight_tools.local.trace_page import trace_page

_MOST = 2000
_LAST_PORT = 65_535
_REMEMBER = 4 * _MOST
_FRESH_SECONDS = 1.0
"""How long a report is fresh. The page polls every two seconds; with the reading, the delay stays below five."""
_REST_FOR_EACH_SECOND_OF_READING = 2.0
"""Reading takes CPU time from the API that it measures: this limits it to a third of one CPU."""

_WANTED_SECONDS = 60.0
"""A time range that nobody asked for in so long is not one of those that share the CPU time."""
_NOT_KEPT = {"Cache-Control": "no-store"}
_REMEDY = "Open it at the address that was printed; no other page may use it."


@dataclass(frozen=True, slots=True)
class ReportReader:
    """The data of the live page: `report` reads the last 15m, 1h …, `documents` returns one trace. Both block."""

    service: str
    report: Callable[[str], Report]
    documents: Callable[[str], list[Document]]


def report_reader(deployment: Deployment) -> ReportReader:
    """Return a reader of what runs on this machine."""
    reader = open_reader(deployment, remember=_REMEMBER)
    options = Options(costs=costs_of(deployment))

    def report(last: str) -> Report:
        end = time.time() + 1
        time_range = TimeRange(end - duration_seconds(last), end)
        return make_report(reader, time_range, stage=deployment.stage, region=None, most=_MOST, options=options)

    return ReportReader(deployment.service, report, reader.documents)


def page_port(of_api: int, wanted: int) -> int:
    """Return the port after the API's, where that is free, so that a browser's tab finds the page again.

    Any free one (0) where the API's port was not chosen (`wanted` is 0) either.
    """
    port = of_api + 1
    return port if wanted and port <= _LAST_PORT and is_free(port) else 0


@contextmanager
def page_server(reader: ReportReader, *, port: int = 0, notify: Notify = notice) -> Iterator[str]:
    """Serve the page on 127.0.0.1 while the block runs, and yield its URL. `port` 0 takes a free one.

    Raises OSError when the port is taken.
    """
    app = page_application(reader)
    listener = socket.create_server(("127.0.0.1", port))
    thread = HttpThread(app, listener, what="latency page", notify=notify)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        thread.stop()


def page_application(reader: ReportReader) -> web.Application:
    """Return an application: the page at `/`, its figures at `/report.json?last=1h`, a trace at `/traces/<id>`.

    `last` is one of the page's time ranges. A browser gets the trace as a waterfall, a program its documents as JSON.
    """
    page = live_page(reader.service)
    latest = LatestReports(reader.report)

    async def show_page(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", headers=_NOT_KEPT)

    async def show_report(request: web.Request) -> web.Response:
        last = request.query.get("last", DEFAULT_RANGE)
        if last not in RANGES:
            problem = f"There is no time range '{last[:20]}': last is one of {', '.join(RANGES)}."
            return web.json_response({"problem": problem}, status=400, headers=_NOT_KEPT)
        try:
            return web.json_response(text=await latest.json(last), headers=_NOT_KEPT)
        except Problem as problem:
            return web.json_response({"problem": str(problem)}, status=503, headers=_NOT_KEPT)

    async def show_trace(request: web.Request) -> web.Response:
        documents = await asyncio.to_thread(reader.documents, request.match_info["trace_id"])
        if not documents:
            raise web.HTTPNotFound(text="X-Ray has no such trace (any more).\n")
        if "text/html" in request.headers.get("Accept", ""):
            page = trace_page(request.match_info["trace_id"], documents)
            return web.Response(text=page, content_type="text/html", headers=_NOT_KEPT)
        return web.json_response(text=json.dumps(documents, indent=2))

    guard = guarded(refusal_of_page, what="The latency page", remedy=_REMEDY, protection=PROTECTION)
    app = web.Application(middlewares=[guard, in_time()])
    app.add_routes(
        [web.get("/", show_page), web.get("/report.json", show_report), web.get("/traces/{trace_id}", show_trace)]
    )
    return app


class LatestReports:
    """The latest report of each time range as JSON, with one read at a time, however many pages poll."""

    def __init__(self, read: Callable[[str], Report], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: dict[str, _Held] = {}

    async def json(self, last: str) -> str:
        """Return the report of a time range, read now unless it is fresh. Raises Problem where it cannot be read."""
        async with self._lock:
            now = self._clock()
            self._held = {each: held for each, held in self._held.items() if now - held.wanted < _WANTED_SECONDS}
            held = self._held.get(last)
            if held is None or now >= held.fresh_until:
                text = await asyncio.to_thread(self._read_json, last)
                held = _Held(text, self._clock() + self._rest(self._clock() - now, len({*self._held, last})))
            self._held[last] = replace(held, wanted=self._clock())
            return held.text

    @staticmethod
    def _rest(reading_seconds: float, ranges: int) -> float:
        """How long a report stays fresh. The time ranges that are wanted share the time for reading."""
        share = (1 + _REST_FOR_EACH_SECOND_OF_READING) * ranges - 1
        return max(_FRESH_SECONDS, reading_seconds * share)

    def _read_json(self, last: str) -> str:
        with explained("the local X-Ray"):
            return json.dumps(self._read(last).as_dict())


@dataclass(frozen=True, slots=True)
class _Held:
    """A report as JSON, with the moments until which it is fresh, and when it was wanted last."""

    text: str
    fresh_until: float
    wanted: float = 0.0
