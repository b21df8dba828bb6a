"""Ports at which a debugger finds the execution environment of a function, whichever process that is just now.

An environment is replaced when its code is; the port stays, and a debugger that reconnects is connected to the next
one as soon as that has started. It is asked to reconnect where an environment has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from pilotlight_tools.local.engine import LOOPBACK
from pilotlight_tools.local.front_door import PortTakenError
from pilotlight_tools.local.loop_thread import LoopThread

_LENGTH = b"Content-Length"
"""The first header of a message ("Debug Adapter Protocol", "Base protocol"). A web page's request begins otherwise."""
_LOOK_SECONDS = 0.05
_Greeted: TypeAlias = tuple[str, asyncio.StreamReader, asyncio.StreamWriter, bytes]
"""What an environment noted, the connection to its debugger, and that one's first answer."""
_LONGEST_BYTES = 16 * 1024 * 1024


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
        self._ended: set[str] = set()
        self._thread = LoopThread("debug-ports")

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._close())
        self._thread.stop()

    async def _open(self) -> None:
        self._servers = [await self._serve(name, listener) for name, listener in self._listeners]

    async def _serve(self, function: str, listener: socket.socket) -> asyncio.Server:
        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
                await self._relay(function, reader, writer)
            writer.close()

        return await asyncio.start_server(relay, sock=listener, limit=_LONGEST_BYTES)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, function: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await _message(reader)
        note, from_environment, to_environment, answer = await self._greet(self._folder / function, first)
        writer.write(_framed(answer))
        conversation = _Conversation(lambda: self._ended.add(note))
        ways = [
            asyncio.create_task(conversation.pass_on(reader, to_environment, conversation.of_client)),
            asyncio.create_task(conversation.pass_on(from_environment, writer, conversation.of_environment)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_environment.close()

    async def _greet(self, noted: Path, first: bytes) -> _Greeted:
        """Wait for an environment whose debugger answers a client's first message."""
        while True:
            with contextlib.suppress(OSError, ValueError, EOFError):
                note = noted.read_text(encoding="ascii")
                if self._is_of_now(noted, note) and (greeted := await self._ask(noted, note, first)):
                    return greeted
            await asyncio.sleep(_LOOK_SECONDS)

    async def _ask(self, noted: Path, note: str, first: bytes) -> _Greeted | None:
        reader, writer = await asyncio.open_connection(LOOPBACK, int(note.split()[1]), limit=_LONGEST_BYTES)
        writer.write(_framed(first))
        answer = asyncio.create_task(_message(reader))
        while not answer.done() and self._is_of_now(noted, note):
            await asyncio.wait({answer}, timeout=_LOOK_SECONDS)
        if answer.done():
            return note, reader, writer, answer.result()
        answer.cancel()
        writer.close()
        return None

    def _is_of_now(self, noted: Path, note: str) -> bool:
        """Whether the environment that noted this runs. One that is being replaced may still take connections."""
        if note in self._ended or noted.read_text(encoding="ascii") != note:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(note.split()[0]), 0)
            return True
        return False


class _Conversation:
    """The messages of one session, of which two mean something here; `ended` is called when the environment has."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._is_leaving = False

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, changed: Callable[[bytes], bytes]
    ) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError):
            while True:
                writer.write(_framed(changed(await _message(reader))))
                await writer.drain()

    def of_client(self, message: bytes) -> bytes:
        if b'"disconnect"' in message and json.loads(message).get("command") == "disconnect":
            self._is_leaving = True
        return message

    def of_environment(self, message: bytes) -> bytes:
        """Ask the client to attach again where the environment has ended, not where the client left."""
        if self._is_leaving or b'"terminated"' not in message:
            return message
        content = json.loads(message)
        if content.get("event") == "terminated":
            self._ended()
            content["body"] = {"restart": True}
        return json.dumps(content).encode()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a message of the protocol. Raises ValueError for anything else, EOFError at the end."""
    line = await reader.readline()
    if not line:
        raise EOFError
    name, _, length = line.partition(b":")
    if name != _LENGTH:
        raise ValueError("not a message of the Debug Adapter Protocol")
    while (await reader.readline()).strip():
        pass
    return await reader.readexactly(int(length))


def _framed(message: bytes) -> bytes:
    return b"%s: %d\r\n\r\n%s" % (_LENGTH, len(message), message)
