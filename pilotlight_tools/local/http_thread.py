"""An aiohttp application served from a thread of its own, for callers that have no event loop."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web

from pilotlight_tools.commands import notice
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.loop_thread import LoopThread
from pilotlight_tools.local.serving import IDLE_SECONDS, runner


class HttpThread:
    """An application that serves a listening socket from `start` to `stop`; `what` names it in notices."""

    def __init__(
        self,
        app: web.Application,
        listener: socket.socket,
        *,
        what: str,
        notify: Notify = notice,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._listener = listener
        self._runner = runner(app, what=what, notify=notify, idle_seconds=idle_seconds, shutdown_timeout=0.5)
        self._thread = LoopThread(what)

    def start(self) -> None:
        self._thread.start()
        self._thread.run(self._open())

    def stop(self) -> None:
        self._thread.run(self._close(), None)
        self._thread.stop()

    async def _open(self) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def _close(self) -> None:
        await self._runner.cleanup()
        await asyncio.get_running_loop().shutdown_default_executor()
