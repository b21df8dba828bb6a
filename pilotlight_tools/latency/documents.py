"""X-Ray's segment documents: JSON objects with nested subsegments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilotlight.tracing import NAME

Document = dict[str, Any]
"""A segment or subsegment ("AWS X-Ray segment documents", X-Ray developer guide); its times are epoch seconds."""


def walk(document: Document) -> Iterator[Document]:
    """Yield the document and every subsegment inside it, outermost first."""
    waiting = [document]  # no recursion: whoever sent it decides how deep it goes
    while waiting:
        part = waiting.pop()
        yield part
        inner = part.get("subsegments")
        if isinstance(inner, list):
            waiting += [each for each in reversed(inner) if isinstance(each, dict)]


def facts_of(record: Document) -> dict[str, Any]:
    """Return what a record says, by annotation name: its annotations, and what a ping has as metadata instead."""
    metadata = _object(_object(record.get("metadata")).get(NAME))
    return metadata | _object(record.get("annotations"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
