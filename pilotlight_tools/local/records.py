"""What happened, kept in memory: the front door's exchanges, and the functions' records of them."""

import threading

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.front_door import Exchange
from pilotlight_tools.local.xray import is_synthetic


class Records:
    """Collects exchanges and records as they come, from any thread."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._records: list[Document] = []
        self._lock = threading.Condition()

    def exchange(self, exchange: Exchange) -> None:
        """Keep a request and its answer."""
        with self._lock:
            self.exchanges.append(exchange)
            self._lock.notify_all()

    def exchanges_from(self, first: int, count: int, seconds: float = 10.0) -> list[Exchange]:
        """`count` exchanges from number `first` on; a client has its answer a moment before its exchange is kept here.

        Fewer where they have not come within `seconds`.
        """
        with self._lock:
            self._lock.wait_for(lambda: len(self.exchanges) >= first + count, seconds)
            return self.exchanges[first : first + count]

    def document(self, document: Document) -> None:
        """Keep a document that is a record of ours."""
        if "kind" in (document.get("annotations") or {}) and not is_synthetic(document):
            with self._lock:
                self._records.append(document)

    def of_kind(self, kind: str) -> list[Document]:
        """The records of `kind` (request, warmup or tick), in order of arrival."""
        with self._lock:
            return [record for record in self._records if record["annotations"]["kind"] == kind]

    def of_request(self, request_id: str) -> Document | None:
        """The record of the request that Lambda knows as `request_id`, if it has come."""
        for record in self.of_kind("request"):
            if (record.get("aws") or {}).get("request_id") == request_id:
                return record
        return None

    def start_of(self, request_id: str) -> str:
        """The start type that a request met, or an empty text when it has no record."""
        record = self.of_request(request_id)
        return str(record["annotations"]["start"]) if record else ""
