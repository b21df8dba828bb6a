"""A stand-in for the X-Ray daemon that keeps the records that an application sends."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any, Self


class XRaySink:
    """A UDP socket on a free port of 127.0.0.1. The kernel buffers datagrams; `take` reads them outside timed code."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def take(self, wait_seconds: float = 0.0) -> list[dict[str, Any]]:
        """Return the documents since the last call; wait `wait_seconds` for the first. Raises ValueError otherwise."""
        documents: list[dict[str, Any]] = []
        self._socket.settimeout(wait_seconds)
        while True:
            try:
                datagram = self._socket.recv(65_536)
            except (BlockingIOError, TimeoutError):
                return documents
            self._socket.settimeout(0)
            header, _, document = datagram.partition(b"\n")
            if json.loads(header) != {"format": "json", "version": 1}:
                raise ValueError(f"not an X-Ray daemon datagram: {datagram[:80]!r}")
            documents.append(json.loads(document))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
