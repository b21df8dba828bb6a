"""The history of a running service: every pair of exchange and record, kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.pair import Pair

_WAIT_SECONDS = 10.0
"""How long to wait for a pair: a client gets its response shortly before its exchange is added here."""


class History:
    """The collected pairs, in order; any thread may add and read."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []
        self._condition = threading.Condition()

    def add(self, pair: Pair) -> None:
        """Add a pair."""
        with self._condition:
            self._pairs.append(pair)
            self._condition.notify_all()

    def exchanged(self) -> list[Pair]:
        """Return the pairs with an exchange: the requests through the front door, in the order they were paired."""
        with self._condition:
            return [pair for pair in self._pairs if pair.exchange is not None]

    def exchanged_from(self, first: int, count: int) -> list[Pair]:
        """Wait for `count` requests through the front door from index `first` on; return fewer after a time-out."""
        self._wait(lambda: len(self.exchanged()) >= first + count)
        return self.exchanged()[first : first + count]

    def records(self, *kinds: str) -> list[Document]:
        """Return the records of these kinds (request, ping, tick), in the order they were paired."""
        with self._condition:
            return [pair.record for pair in self._pairs if pair.record is not None and pair.kind in kinds]

    def record_of(self, request_id: str) -> Document | None:
        """Wait for the record of the request with Lambda's `request_id`; return None if it left none."""
        self._wait(lambda: bool(self._of_request(request_id)))
        return next((pair.record for pair in self._of_request(request_id) if pair.record is not None), None)

    def _of_request(self, request_id: str) -> Sequence[Pair]:
        return [pair for pair in self._pairs if pair.request_id == request_id and pair.kind == "request"]

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._condition:
            self._condition.wait_for(condition, _WAIT_SECONDS)
