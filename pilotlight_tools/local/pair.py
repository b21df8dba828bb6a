"""One invocation: what the front door measured, and what the function recorded."""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of
from pilotlight_tools.local.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Pair:
    """The exchange and the record of one request, or only one of them; ticks and pings have no exchange."""

    exchange: Exchange | None
    record: Document | None

    @property
    def request_id(self) -> str | None:
        """Lambda's id of the invocation, or None when no function responded."""
        if self.exchange is not None:
            return self.exchange.request_id
        found = ((self.record or {}).get("aws") or {}).get("request_id")
        return found if isinstance(found, str) and found else None

    @property
    def kind(self) -> str:
        """The record's kind; `request` for an exchange without a record."""
        return str(facts_of(self.record)[Annotation.KIND]) if self.record is not None else "request"

    @property
    def start(self) -> str:
        """The record's start type, or an empty text without a record."""
        return str(facts_of(self.record).get(Annotation.START, "")) if self.record is not None else ""
