"""The functions' X-Ray records as they arrive: what AWS's X-Ray daemon would get, one UDP datagram for each document.

A datagram is a header line, `{"format": "json", "version": 1}`, and the document after it (X-Ray Developer Guide,
"Sending trace data to X-Ray": "Sending segment documents to the X-Ray daemon"). Whoever wants the documents is a sink.
"""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from local.engine import LOOPBACK

Document = dict[str, Any]
Sink = Callable[[Document], None]
LARGEST_DATAGRAM = 65_535
BUFFER = 4 * 1024 * 1024  # bytes the kernel keeps while we are busy: a burst of records must not be lost


class RecordError(ValueError):
    """A datagram that is not a segment document; the message says in what way."""


def parse(datagram: bytes) -> Document:
    """The document in a datagram, or `RecordError`."""
    header, _, body = datagram.partition(b"\n")
    try:
        if json.loads(header) != {"format": "json", "version": 1}:
            raise RecordError(f"not an X-Ray daemon header: {header[:80]!r}")
        document = json.loads(body)
    except (ValueError, UnicodeDecodeError) as error:
        raise error if isinstance(error, RecordError) else RecordError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise RecordError(f"a document is an object, not {type(document).__name__}")
    return document


def of_kind(document: Document) -> Iterator[Document]:
    """The document and its nested subsegments which carry the annotation `kind` (request, warmup or tick)."""
    if "kind" in (document.get("annotations") or {}):
        yield document
    for nested in document.get("subsegments") or []:
        if isinstance(nested, dict):
            yield from of_kind(nested)


class RecordListener:
    """Listens on a free UDP port of 127.0.0.1 and gives every document to each of `sinks`, in order of arrival.

    Sinks run in the listener's thread: they should be quick. One that raises is reported on stderr and stays.
    """

    def __init__(self, *sinks: Sink) -> None:
        self.sinks: list[Sink] = list(sinks)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._listen, name="record-listener", daemon=True)

    def __enter__(self) -> Self:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.bind((LOOPBACK, 0))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())  # an empty datagram is our own word for "stop"
        self._thread.join(5)
        self._socket.close()

    @property
    def address(self) -> str:
        """`host:port`, for `AWS_XRAY_DAEMON_ADDRESS`."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def _listen(self) -> None:
        while datagram := self._socket.recv(LARGEST_DATAGRAM):
            try:
                document = parse(datagram)
            except RecordError as error:
                print(f"record refused: {error}", file=sys.stderr)
                continue
            for sink in self.sinks:
                try:
                    sink(document)
                except Exception as error:  # one sink's fault must not cost the others their records
                    print(f"record sink failed: {type(error).__name__}: {error}", file=sys.stderr)
