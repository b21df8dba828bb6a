"""An aiohttp application served from a thread of its own, for callers that have no event loop."""

from __future__ import annotations

import asyncio
import socket
import threading

from aiohttp import web

from pilotlight_tools.local.incidents import Notify, to_stderr
from pilotlight_tools.local.serving import IDLE_SECONDS, runner


class HttpThread:
    """An application that serves a listening socket from `start` to `stop`; `what` names it in notices."""

    def __init__(
        self,
        app: web.Application,
        listener: socket.socket,
        *,
        what: str,
        notify: Notify = to_stderr,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._app = app
        self._listener = listener
        self._what = what
        self._notify = notify
        self._idle_seconds = idle_seconds
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        served = runner(
            self._app, what=self._what, notify=self._notify, idle_seconds=self._idle_seconds, shutdown_timeout=0.5
        )
        self._loop.run_until_complete(served.setup())
        self._loop.run_until_complete(web.SockSite(served, self._listener).start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(served.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
