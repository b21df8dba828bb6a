"""X-Ray's segment documents: JSON objects with nested subsegments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilotlight.tracing import NAME

Document = dict[str, Any]
"""A segment or subsegment ("AWS X-Ray segment documents", X-Ray developer guide); its times are epoch seconds."""


def walk(document: Document) -> Iterator[Document]:
    """Yield the document and every subsegment inside it, outermost first."""
    yield document
    for inner in document.get("subsegments") or ():
        if isinstance(inner, dict):
            yield from walk(inner)


def facts_of(record: Document) -> dict[str, Any]:
    """Return what a record says, by annotation name: its annotations, and what a ping has as metadata instead."""
    metadata = (record.get("metadata") or {}).get(NAME)
    return (metadata if isinstance(metadata, dict) else {}) | (record.get("annotations") or {})
