"""Validate, read and write X-Ray segment documents.

From "AWS X-Ray segment documents" in the X-Ray developer guide. Times are epoch seconds.
"""

from __future__ import annotations

import json
import re
from typing import cast

from pilotlight_tools.latency.documents import Document

_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)


class BadDocumentError(ValueError):
    """A segment document that X-Ray would reject; the message is the reason, without the document's own content."""


def parse(body: str) -> Document:
    """Return the document in `body`. Raises BadDocumentError with what is wrong with it."""
    try:
        document = json.loads(body)
    except ValueError:
        raise BadDocumentError("body is not JSON") from None
    if not isinstance(document, dict):
        raise BadDocumentError("body is not a JSON object")
    _require(isinstance(document.get("name"), str) and 0 < len(document["name"]) <= 200, "name missing or too long")
    _require(_matches(_ID, document.get("id")), "id is not 16 hexadecimal digits")
    _require(_matches(_TRACE_ID, document.get("trace_id")), "trace_id is not 1-<8 hex>-<24 hex>")
    _require(_is_number(document.get("start_time")), "start_time is not a number")
    if document.get("in_progress") is not True:
        _require(_is_number(document.get("end_time")), "end_time is not a number and in_progress is not true")
        _require(document["end_time"] >= document["start_time"], "end_time is before start_time")
    if document.get("type") == "subsegment":
        _require(_matches(_ID, document.get("parent_id")), "subsegment without a parent_id")
    for key in ("annotations", "http", "aws", "metadata"):
        _require(isinstance(document.get(key, {}), dict), f"{key} is not an object")
    for value in document.get("annotations", {}).values():
        _require(isinstance(value, str | bool | int | float), "annotation is neither string, number nor boolean")
    _require(isinstance(document.get("subsegments", []), list), "subsegments is not a list")
    return document


def is_segment(document: Document) -> bool:
    """Whether this is a segment, not a subsegment that was sent alone."""
    return document.get("type") != "subsegment"


def load(body: str) -> Document:
    return cast(Document, json.loads(body))


def dump(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise BadDocumentError(reason)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    # json accepts NaN and Infinity, which are not times.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
