"""X-Ray on this machine: the daemon's UDP port and the HTTP API on one port number of 127.0.0.1."""

from __future__ import annotations

import logging
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from pilotlight_tools.commands import notice
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.http_thread import HttpThread
from pilotlight_tools.local.in_flight import InFlight
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.xray import documents, otlp
from pilotlight_tools.local.xray.api import Admit, application
from pilotlight_tools.local.xray.daemon import BadDatagramError, DaemonPort, body_of
from pilotlight_tools.local.xray.documents import BadDocumentError
from pilotlight_tools.local.xray.joiner import Joiner
from pilotlight_tools.local.xray.operations import DEFAULT_PAGE_SIZE, Operations
from pilotlight_tools.local.xray.store import DEFAULT_MAXIMUM_BYTES, Store
from pilotlight_tools.local.xray.synthetic import Synthesiser

_logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_Subscriber = Callable[[Pair], None]


class XRay:
    """X-Ray for one stage, from `start` to `stop` or as a context manager; it has threads of its own.

    `service` is the stage's API name and the records' `service` annotation. `port` 0 takes a free one; a taken
    port raises OSError. `admit` can refuse operations as throttled, and `destination` can claim that Transaction Search
    is on: readers of X-Ray must handle both. `in_flight` are the front door's requests without a response. `notify`
    gets a line for what is wrong with a client or a record.
    """

    def __init__(
        self,
        *,
        service: str,
        stage: str,
        port: int = 0,
        maximum_bytes: int = DEFAULT_MAXIMUM_BYTES,
        page_size: int = DEFAULT_PAGE_SIZE,
        admit: Admit = lambda _: True,
        destination: str = "XRay",
        in_flight: InFlight | None = None,
        notify: Notify = notice,
    ) -> None:
        self._notify = notify
        self._wanted_port = port
        self._maximum_bytes = maximum_bytes
        self._page_size = page_size
        self._admit = admit
        self._destination = destination
        self._joiner = Joiner(self._give, in_flight=in_flight)
        self._subscribers: list[_Subscriber] = [Synthesiser(service, stage, self._keep_synthetic)]
        self._rejected: Counter[str] = Counter()
        self._documents = 0
        self._subscriber_failures = 0
        self._not_kept: Counter[str] = Counter()
        self._lost_noticed = 0
        self._lock = threading.RLock()

    def start(self) -> Self:
        listener, port_socket = _bind_pair(self._wanted_port)
        self._store = Store(self._maximum_bytes)
        self.port: int = listener.getsockname()[1]
        self._daemon_port = DaemonPort(port_socket, self._take_datagram, self._expire)
        operations = Operations(self._store, self._take, page_size=self._page_size, destination=self._destination)
        self._http = HttpThread(
            application(operations, self.port, self._admit, self.losses), listener, what="X-Ray", notify=self._notify
        )
        self._daemon_port.start()
        self._http.start()
        return self

    def stop(self) -> None:
        self._http.stop()
        self._daemon_port.stop()
        self._store.close()

    @property
    def daemon_address(self) -> str:
        """The value for `AWS_XRAY_DAEMON_ADDRESS`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def endpoint_url(self) -> str:
        """The value for `AWS_ENDPOINT_URL_XRAY`."""
        return f"http://{LOOPBACK}:{self.port}"

    def subscribe(self, subscriber: _Subscriber) -> None:
        """Call `subscriber` with every pair from now on, in order, one at a time.

        It must return quickly. Its exceptions are logged and counted, and stop nothing.
        """
        with self._lock:
            self._subscribers.append(subscriber)

    def measured(self, exchange: Exchange) -> None:
        """Add the front door's measurement of one request; call it from any thread, once for each response."""
        with self._lock:
            self._joiner.measured(exchange)
            self._joiner.expire()

    def flush(self, *, settle: bool = False, timeout_seconds: float = 10.0) -> None:
        """Wait until every datagram sent before is stored. Raises TimeoutError after `timeout_seconds`.

        `settle` gives exchanges and records without a counterpart at once, instead of waiting for it.
        """
        self._daemon_port.flush(timeout_seconds)
        if settle:
            with self._lock:
                self._joiner.expire(0)

    def counts(self) -> dict[str, Any]:
        """Count `datagrams` and `documents` received, `rejected` by reason, and `lost` in a full socket buffer.

        Also `not_kept` by reason, `traces` and `bytes` in the store, `traces_dropped` from it, and
        `subscriber_failures`.
        """
        with self._lock:
            return {
                "datagrams": self._daemon_port.datagrams,
                "documents": self._documents,
                "rejected": dict(self._rejected),
                "not_kept": dict(self._not_kept),
                "lost": self._daemon_port.lost,
                "subscriber_failures": self._subscriber_failures,
            } | self._store.counts()

    def losses(self) -> dict[str, int]:
        """Count what is in no figure, by reason: for the report, the page and the terminal."""
        with self._lock:
            found = {f"refused, {reason}": count for reason, count in self._rejected.items()}
            found |= {f"not kept, {reason}": count for reason, count in self._not_kept.items()}
            found |= {"not read in time": self._daemon_port.lost, "oldest traces removed": self._store.dropped}
            return {reason: count for reason, count in found.items() if count}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_datagram(self, datagram: bytes) -> None:
        try:
            body = body_of(datagram)
            for each in otlp.documents_of(body) if otlp.is_otlp(body) else [body]:
                self._take(each)
        except (BadDatagramError, BadDocumentError) as error:
            self._reject(str(error))
        except Exception as error:  # nothing that somebody sends may end this thread
            _logger.exception("a datagram of %d bytes could not be taken", len(datagram))
            self._reject(f"a fault of this X-Ray: {type(error).__name__}")

    def _reject(self, reason: str) -> None:
        with self._lock:
            self._rejected[reason] += 1
        self._notify(f"X-Ray: refused a record: {reason}")

    def _take(self, body: str) -> None:
        document = documents.parse(body)
        with self._lock:
            self._keep([(body, document)])
            self._joiner.recorded(document)
            self._joiner.expire()

    def _give(self, pair: Pair) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(pair)
            except Exception:
                _logger.exception("a subscriber failed")
                self._subscriber_failures += 1

    def _keep_synthetic(self, made: list[Document]) -> None:
        self._keep([(documents.dump(document), document) for document in made])

    def _keep(self, entries: list[tuple[str, Document]]) -> None:
        try:
            self._store.add(entries)
        except sqlite3.Error as error:
            self._not_kept[str(error)] += len(entries)
            self._notify(f"X-Ray: records are not kept: {error} ({self._store.path.parent.parent})")
            return
        self._documents += len(entries)

    def _expire(self) -> None:
        with self._lock:
            self._joiner.expire()
        if (lost := self._daemon_port.lost) > self._lost_noticed:
            self._notify(f"X-Ray: {lost - self._lost_noticed:,} records were lost: they came faster than they are read")
            self._lost_noticed = lost


def _bind_pair(port: int) -> tuple[socket.socket, socket.socket]:
    """Open a listening TCP socket and a UDP socket with the same port number, as the daemon and its proxy have."""
    attempts = 1 if port else 20
    for attempt in range(attempts):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            datagrams.bind((LOOPBACK, listener.getsockname()[1]))
            listener.listen(128)
        except OSError:
            listener.close()
            datagrams.close()
            if attempt == attempts - 1:
                raise
            continue
        return listener, datagrams
    raise AssertionError("unreachable")
