"""Ports at which a debugger finds the execution environment of a function, whichever process that is just now.

An environment is replaced when its code is; the port stays, and a debugger that reconnects is connected to the next
one as soon as that has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pilotlight_tools.local.engine import LOOPBACK
from pilotlight_tools.local.front_door import PortTakenError

_GREETING = b"Content-Length:"
"""How each message of the Debug Adapter Protocol begins; a request that a web page makes begins otherwise."""
_LOOK_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024


def open_debug_port(port: int) -> socket.socket:
    """Open a listening socket on `port` of 127.0.0.1. Raises PortTakenError."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise PortTakenError(
            f"port {port} on {LOOPBACK}, for a debugger, is not available ({error.strerror}): stop the program that "
            f"uses it, or name another: --debug {port + 1}"
        ) from error


class DebugPorts:
    """One port for each of `functions`: the given `first` socket, and free ports, between `__enter__` and `__exit__`.

    `folder` is where the environments write which process listens where (launcher/debugging.py).
    """

    def __init__(self, first: socket.socket, functions: Sequence[str], folder: Path) -> None:
        sockets = [first, *(socket.create_server((LOOPBACK, 0)) for _ in functions[1:])]
        self.ports = {name: each.getsockname()[1] for name, each in zip(functions, sockets, strict=False)}
        self._listeners = list(zip(functions, sockets, strict=False))
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="debug-ports", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _open(self) -> None:
        self._servers = [await self._serve(name, listener) for name, listener in self._listeners]

    async def _serve(self, function: str, listener: socket.socket) -> asyncio.Server:
        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await self._relay(function, reader, writer)
            writer.close()

        return await asyncio.start_server(relay, sock=listener)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, function: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(len(_GREETING))
        if first != _GREETING:
            return
        first += await reader.read(_CHUNK_BYTES)
        from_environment, to_environment, answer = await self._greet(function, first)
        writer.write(answer)
        ways = [
            asyncio.create_task(_copy(reader, to_environment)),
            asyncio.create_task(_copy(from_environment, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_environment.close()

    async def _greet(self, function: str, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Wait for an environment of the function whose debugger answers a client's first message."""
        while True:
            # One that has just been replaced may still take connections, and answers none.
            with contextlib.suppress(OSError, ValueError):
                process, port = map(int, (self._folder / function).read_text(encoding="ascii").split())
                os.kill(process, 0)
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.write(first)
                if answer := await reader.read(_CHUNK_BYTES):
                    return reader, writer, answer
                writer.close()
            await asyncio.sleep(_LOOK_SECONDS)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
