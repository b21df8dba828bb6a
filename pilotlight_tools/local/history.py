"""What has happened since a service runs: every pair of exchange and record, kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.pair import Pair

_WAIT_SECONDS = 10.0
"""How long to wait for a pair: a client has its response a moment before its exchange is known here."""


class History:
    """Collects pairs as they come, from any thread."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []
        self._condition = threading.Condition()

    def add(self, pair: Pair) -> None:
        """Keep a pair."""
        with self._condition:
            self._pairs.append(pair)
            self._condition.notify_all()

    def exchanged(self) -> list[Pair]:
        """The pairs that have an exchange: the requests through the front door, in the order they were paired."""
        with self._condition:
            return [pair for pair in self._pairs if pair.exchange is not None]

    def exchanged_from(self, first: int, count: int) -> list[Pair]:
        """`count` of the requests through the front door from number `first` on; fewer where they do not come."""
        self._wait(lambda: len(self.exchanged()) >= first + count)
        return self.exchanged()[first : first + count]

    def records(self, *kinds: str) -> list[Document]:
        """The records of these kinds (request, ping, tick), in the order they were paired."""
        with self._condition:
            return [pair.record for pair in self._pairs if pair.record is not None and pair.kind in kinds]

    def record_of(self, request_id: str) -> Document | None:
        """The record of the request that Lambda knows as `request_id`, or None if it left none."""
        self._wait(lambda: bool(self._of_request(request_id)))
        return next((pair.record for pair in self._of_request(request_id) if pair.record is not None), None)

    def _of_request(self, request_id: str) -> Sequence[Pair]:
        return [pair for pair in self._pairs if pair.request_id == request_id and pair.kind == "request"]

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._condition:
            self._condition.wait_for(condition, _WAIT_SECONDS)
