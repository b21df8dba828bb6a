"""X-Ray's segment documents: JSON objects with nested subsegments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
"""A segment or subsegment ("AWS X-Ray segment documents", X-Ray developer guide); its times are epoch seconds."""


def walk(document: Document) -> Iterator[Document]:
    """Yield the document and every subsegment inside it, outermost first."""
    yield document
    for inner in document.get("subsegments") or ():
        if isinstance(inner, dict):
            yield from walk(inner)
