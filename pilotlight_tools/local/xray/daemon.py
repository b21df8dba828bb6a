"""The X-Ray daemon's UDP port: datagrams in, document bodies out.

A datagram is a header line and one segment document ("Sending segment documents to the X-Ray daemon", X-Ray developer
guide). One thread only reads the socket, so that a burst does not overflow its buffer; another one processes.
"""

from __future__ import annotations

import json
import queue
import secrets
import socket
import struct
import sys
import threading
from collections.abc import Callable

_LARGEST_DATAGRAM = 65_535
"""The most one UDP datagram can carry over IPv4."""
_RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024
_DROP_COUNT_OPTION = 40 if sys.platform == "linux" else None
"""Linux reports with each datagram how many it dropped before (socket(7), SO_RXQ_OVFL); other systems do not."""
_IDLE_SECONDS = 0.25


class BadDatagramError(ValueError):
    """A datagram that the daemon would reject; the message is the reason."""


def body_of(datagram: bytes) -> str:
    """Return a datagram's segment document. Raises BadDatagramError for a wrong header line or encoding."""
    header, newline, body = datagram.partition(b"\n")
    try:
        fields = json.loads(header)
        text = body.decode()
    except (ValueError, RecursionError):
        raise BadDatagramError("header is not JSON, or the datagram is not UTF-8") from None
    if not newline:
        raise BadDatagramError("no line break after the header")
    if not isinstance(fields, dict) or fields.get("format") != "json" or fields.get("version") != 1:
        raise BadDatagramError('header is not {"format": "json", "version": 1}')
    return text


class DaemonPort:
    """A reader of a bound UDP socket, from `start` to `stop`, that passes each datagram to `take` in order.

    `idle` is called about four times a second between datagrams, from the same thread as `take`.
    """

    def __init__(self, bound: socket.socket, take: Callable[[bytes], None], idle: Callable[[], None]) -> None:
        self.datagrams = 0
        self.lost = 0
        self._socket = bound
        self._take = take
        self._idle = idle
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # The secret start of a mark, a datagram that `flush` and `stop` send to this socket to mark a position.
        self._secret = b"pilotlight-flush:" + secrets.token_bytes(16)
        self._marks: dict[bytes, threading.Event] = {}
        self._threads = [
            threading.Thread(target=self._read, name="xray-daemon-port", daemon=True),
            threading.Thread(target=self._process, name="xray-store", daemon=True),
        ]

    def start(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        if _DROP_COUNT_OPTION is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, _DROP_COUNT_OPTION, 1)
        for thread in self._threads:
            thread.start()

    def flush(self, timeout_seconds: float) -> None:
        """Wait until every datagram sent before is processed. Raises TimeoutError after that many seconds.

        Datagrams over the loopback interface keep their order, so all of them arrive before the mark.
        """
        mark = self._secret + secrets.token_bytes(8)
        reached = self._marks[mark] = threading.Event()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark, self._socket.getsockname())
        if not reached.wait(timeout_seconds):
            raise TimeoutError(f"the X-Ray daemon's port did not process its datagrams within {timeout_seconds} s")

    def stop(self) -> None:
        """Process what was sent before, end both threads and close the socket. It cannot be started again."""
        if self._threads[0].is_alive():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(self._secret, self._socket.getsockname())
            for thread in self._threads:
                thread.join()
        self._socket.close()

    def _read(self) -> None:
        while True:
            datagram, ancillary, _, _ = self._socket.recvmsg(_LARGEST_DATAGRAM, socket.CMSG_SPACE(4))
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _DROP_COUNT_OPTION):
                    (self.lost,) = struct.unpack("=I", data[:4])
            if datagram == self._secret:
                self._queue.put(None)
                return
            self._queue.put(datagram)

    def _process(self) -> None:
        while True:
            try:
                datagram = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._idle()
                continue
            if datagram is None:
                return
            if datagram.startswith(self._secret):
                reached = self._marks.pop(datagram, None)
                if reached:
                    reached.set()
                continue
            self.datagrams += 1
            self._take(datagram)
