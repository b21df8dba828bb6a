"""A debugger's client, as an editor has it: the Debug Adapter Protocol in as few messages as a test needs."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Debugger:
    """A connection to a debugger's port, attached as the launch configuration in docs/local.md does."""

    def __init__(self, port: int, project: Path, breakpoints: dict[str, list[int]]) -> None:
        """`breakpoints` are line numbers by a file's path in `project`."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self.request("initialize", adapterID="debugpy", pathFormat="path")
        mappings = [{"localRoot": str(project), "remoteRoot": "."}]
        attach = self.send("attach", request="attach", pathMappings=mappings)
        self.event("initialized")
        for path, lines in breakpoints.items():
            source = {"path": str(project / path)}
            self.request("setBreakpoints", source=source, breakpoints=[{"line": line} for line in lines])
        self.request("configurationDone")
        self.response(attach)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def request(self, command: str, **arguments: Any) -> Any:
        """Send a request and wait for its response."""
        return self.response(self.send(command, **arguments))

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request; return its number."""
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self._number

    def response(self, number: int) -> Any:
        """Wait for the response to a request."""
        while True:
            message = self._receive()
            if message["type"] == "event":
                self._events.append(message)
            elif message.get("request_seq") == number:
                assert message["success"], message
                return message.get("body")

    def event(self, name: str) -> Any:
        """Wait for an event."""
        while True:
            for message in self._events:
                if message["event"] == name:
                    self._events.remove(message)
                    return message.get("body")
            message = self._receive()
            if message["type"] == "event":
                self._events.append(message)

    def stopped_at(self) -> tuple[str, int, int]:
        """Wait for a breakpoint; return the file, the line, and the id of the frame."""
        thread = self.event("stopped")["threadId"]
        [frame, *_] = self.request("stackTrace", threadId=thread)["stackFrames"]
        return frame["source"]["path"], frame["line"], frame["id"]

    def value_of(self, expression: str, frame: int) -> str:
        """Evaluate an expression in a frame."""
        return str(self.request("evaluate", expression=expression, frameId=frame, context="watch")["result"])

    def go_on(self) -> None:
        """Continue after a breakpoint."""
        self.request("continue", threadId=0)

    def _receive(self) -> dict[str, Any]:
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the debugger's connection has ended"
        found: dict[str, Any] = json.loads(self._stream.read(length))
        return found
