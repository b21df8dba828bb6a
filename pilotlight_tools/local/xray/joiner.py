"""Pair the front door's exchanges with the functions' records by request id, whichever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of
from pilotlight_tools.latency.records import is_record
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.in_flight import InFlight
from pilotlight_tools.local.pair import Pair

PATIENCE_SECONDS = 2.0
"""How long one side waits for the other.

A record is sent before its response, so the time expires only for requests without a record and for invocations that
did not pass the front door.
"""


class Joiner:
    """A joiner that passes each pair to `give`, once. Not thread-safe: its owner holds a lock."""

    def __init__(
        self,
        give: Callable[[Pair], None],
        *,
        in_flight: InFlight | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give = give
        self._in_flight = in_flight or InFlight()
        self._clock = clock
        self._waiting: dict[str, tuple[float, Pair]] = {}

    def measured(self, exchange: Exchange) -> None:
        """Add the exchange of a request at the front door."""
        self._join(Pair(exchange, None))

    def recorded(self, document: Document) -> None:
        """Add a document; ignore it unless it is one of Pilotlight's records, and complete."""
        if not is_record(document) or "parent_id" not in document or document.get("in_progress"):
            return
        if facts_of(document)[Annotation.KIND] == "request":
            self._join(Pair(None, document))
        else:
            self._give(Pair(None, document))

    def expire(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Give each side alone that has waited `patience_seconds` for the other.

        A record waits longer where its request may still be at the front door, whose response comes late under load.
        """
        due = self._clock() - patience_seconds
        for request_id, (since, pair) in list(self._waiting.items()):  # the longest wait first
            if since > due:
                return
            if pair.record is not None and self._in_flight.any_before(pair.record["start_time"]):
                continue
            del self._waiting[request_id]
            self._give(pair)

    def _join(self, pair: Pair) -> None:
        request_id = pair.request_id
        if request_id is None:
            self._give(pair)
            return
        _, other = self._waiting.pop(request_id, (0.0, None))
        if other is not None and (other.record is None) != (pair.record is None):
            self._give(Pair(pair.exchange or other.exchange, pair.record or other.record))
            return
        if other is not None:  # the same side again, as when Lambda retries after a failure
            self._give(other)
        self._waiting[request_id] = (self._clock(), pair)
