"""Check the records against the engine's log and against one another."""

from __future__ import annotations

from collections.abc import Iterable

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of
from pilotlight_tools.local.engine import Engine


def environments_started(engine: Engine, function: str) -> int:
    """Count the execution environments of `function` that the engine has started, according to its log."""
    return engine.full_log().count(f"Lambda worker spawned for {function} ")


def contradictions(records: Iterable[Document]) -> list[Document]:
    """Return the records of requests that contradict the others, given all records of requests and pings.

    The first invocation of an execution environment is cold and every later one warm; a request was warmed by a ping
    exactly if a ping came first. (The local engine initialises nothing proactively.)
    """
    by_environment: dict[str, list[Document]] = {}
    for record in sorted(records, key=lambda record: float(record["start_time"])):
        by_environment.setdefault(facts_of(record)[Annotation.ENVIRONMENT], []).append(record)
    return [
        record
        for served in by_environment.values()
        for number, record in enumerate(served)
        if facts_of(record)[Annotation.KIND] == "request" and not _agrees(record, served[0], first=number == 0)
    ]


def _agrees(record: Document, first_record: Document, *, first: bool) -> bool:
    found = facts_of(record)
    by_ping = facts_of(first_record)[Annotation.KIND] == "ping"
    recorded = (found[Annotation.START], found[Annotation.COLD_START], found[Annotation.WARMED_BY_PING])
    return bool(recorded == ("cold" if first else "warm", first, by_ping))
