"""The warmer's ticks, read from the segment documents of their traces.

An invocation of the warmer ticks each of its targets, and all are in one trace. Its summary has the annotation values
of them all, without saying which belong together ("TraceSummary", X-Ray API reference): only the documents do.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of, walk
from pilotlight_tools.latency.records import flaw_of, is_record


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick of one target found: `at` in epoch seconds, `coverage` from 0 to 1."""

    at: float
    function: str
    requested: int
    unique: int
    cold: int
    failed: int
    throttled: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Ticks:
    """The ticks of one trace in the order they began, and when those began (epoch seconds) that left no result.

    A tick without a result is under way, or its warmer was ended, or its complete record came after X-Ray had closed
    the trace for its size.
    """

    complete: list[Tick]
    without_result: list[float]

    def all_began_before(self, moment: float) -> bool:
        """Whether there are ticks, none of which began at `moment` or later."""
        moments = [*(tick.at for tick in self.complete), *self.without_result]
        return bool(moments) and max(moments) < moment


def ticks_of(documents: list[Document], service: str) -> Ticks:
    """Find the ticks of `service` in the documents of a trace."""
    records = [part for document in documents for part in walk(document) if _is_tick(part, service)]
    complete = {record["id"]: record for record in records if "end_time" in record}
    begun = {record["id"]: float(record["start_time"]) for record in records if record["id"] not in complete}
    ordered = sorted(complete.values(), key=lambda record: record["start_time"])
    return Ticks([_tick(record) for record in ordered], list(begun.values()))


def _is_tick(part: Document, service: str) -> bool:
    if not is_record(part) or flaw_of(part):
        return False
    facts = facts_of(part)
    return facts.get(Annotation.KIND) == "tick" and facts.get(Annotation.SERVICE) == service


def _tick(record: Document) -> Tick:
    facts = facts_of(record)
    return Tick(
        at=float(record["start_time"]),
        function=str(facts.get(Annotation.FUNCTION, "")),
        requested=int(facts.get("requested", 0)),
        unique=int(facts.get("unique", 0)),
        cold=int(facts.get("cold", 0)),
        failed=int(facts.get("failed", 0)),
        throttled=int(facts.get("throttled", 0)),
        coverage=float(facts.get("coverage", 0.0)),
    )
