"""How this stack's HTTP servers treat clients: a bad one costs one line, and none is waited for endlessly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.terminal import printable

IDLE_SECONDS = 60.0
"""How long a client may send nothing, or read nothing, before its connection is closed."""
_LONGEST_REASON = 120


def runner(
    app: web.Application, *, what: str, notify: Notify, idle_seconds: float = IDLE_SECONDS, **options: Any
) -> web.AppRunner:
    """Return a runner of `app`, which `what` names in notices; `options` are aiohttp's.

    A connection on which no complete head arrives within `idle_seconds` is closed, the first one included.
    """
    return web.AppRunner(
        app, access_log=None, logger=_logger(what, notify), keepalive_timeout=idle_seconds, lingering_time=1, **options
    )


def in_time(seconds: float = IDLE_SECONDS) -> Middleware:
    """Read each request's body before its handler runs, and answer 408 where that takes longer than `seconds`."""

    @web.middleware
    async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            async with asyncio.timeout(seconds):
                await request.read()
        except TimeoutError:
            late = web.json_response({"message": f"the request was not complete after {seconds:g} s"}, status=408)
            late.force_close()
            return late
        return await handler(request)

    return read


class Upload:
    """The body of a request while it arrives: `chunks` to pass on, then `failure` where the client did not finish."""

    def __init__(self, request: web.Request, idle_seconds: float = IDLE_SECONDS) -> None:
        self.failure: Exception | None = None
        self._content = request.content
        self._idle_seconds = idle_seconds

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what arrives. Raises what `failure` is then."""
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    chunk = await self._content.readany()
            except Exception as error:
                self.failure = error
                raise
            if not chunk:
                return
            yield chunk


def _logger(what: str, notify: Notify) -> logging.Logger:
    """A logger of its own for aiohttp, which logs a traceback for each request that it cannot parse."""
    logger = logging.Logger(f"{__name__}.{what}")  # at every level: what is not HTTP at all comes as DEBUG
    logger.addHandler(_OneLine(what, notify))
    return logger


class _OneLine(logging.Handler):
    def __init__(self, what: str, notify: Notify) -> None:
        super().__init__()
        self._what = what
        self._notify = notify

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._notify(f"{self._what}: refused a malformed request ({_one_line(error.message)})")
        elif isinstance(error, ConnectionError):
            self._notify(f"{self._what}: a client left before its response was complete")
        elif error is not None:
            # A fault of ours: the traceback is what it takes to mend it.
            logging.getLogger(__name__).error("%s: %s", self._what, record.getMessage(), exc_info=record.exc_info)
        else:
            self._notify(f"{self._what}: {_one_line(record.getMessage())}")


def _one_line(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
