"""Validate, read and write X-Ray segment documents.

From "AWS X-Ray segment documents" in the X-Ray developer guide. Times are epoch seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import cast

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.latency.records import LARGEST_NUMBER, flaw_of, is_number, is_record

_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)
_MOST_DIGITS = 18
_DEEPEST = 50
"""The SDKs nest a subsegment for each call inside another; a document has 64 KB at most."""
_LATEST = 4_102_444_800.0
"""The year 2100, in epoch seconds: later ones are milliseconds, or nonsense."""
_FIELDS: tuple[tuple[tuple[str, ...], type, str], ...] = (
    (("annotations", "http", "aws", "metadata"), dict, "an object"),
    (("fault", "error", "throttle", "in_progress"), bool, "true or false"),
    (("user", "origin", "resource_arn", "namespace", "type"), str, "a text"),
)

_DEEPEST_JSON = 300
"""Levels of a document, metadata included; how deep Python itself reads differs between its versions."""


class BadDocumentError(ValueError):
    """A segment document that X-Ray would reject; the message is the reason, without the document's own content."""


def parse(body: str) -> Document:
    """Return the document in `body`. Raises BadDocumentError with what is wrong with it."""
    document = _json(body)
    if not isinstance(document, dict):
        raise BadDocumentError("body is not a JSON object")
    _require(_matches(_TRACE_ID, document.get("trace_id")), "trace_id is not 1-<8 hex>-<24 hex>")
    if document.get("type") == "subsegment":
        _require("parent_id" in document, "subsegment without a parent_id")
    for depth, part in _parts(document):
        _require(depth <= _DEEPEST, f"more than {_DEEPEST} subsegments inside one another")
        _check(part)
        if is_record(part):
            flaw = flaw_of(part)
            _require(flaw is None, str(flaw))
    return document


def is_segment(document: Document) -> bool:
    """Whether this is a segment, not a subsegment that was sent alone."""
    return document.get("type") != "subsegment"


def load(body: str) -> Document:
    return cast(Document, json.loads(body))


def dump(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _json(body: str) -> object:
    """Parse JSON that others wrote: at most so deep, so many digits, and with whole characters only."""
    try:
        document = json.loads(body, parse_int=_integer, parse_constant=_no_number)
        if "\\u" in body:
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text anywhere else
        if body.count("{") + body.count("[") > _DEEPEST_JSON and _is_deeper(document, _DEEPEST_JSON):
            raise RecursionError  # what one Python reads, another may not write
    except UnicodeEncodeError:
        raise BadDocumentError("body holds half of a surrogate pair") from None
    except RecursionError:
        raise BadDocumentError("body is nested too deeply") from None
    except BadDocumentError:
        raise
    except ValueError:
        raise BadDocumentError("body is not JSON") from None
    return document


def _is_deeper(document: object, levels: int) -> bool:
    """Whether lists and objects are inside one another on more levels; without recursion."""
    level = [document]
    for _ in range(levels + 1):
        level = [inner for each in level for inner in _inside(each)]
    return bool(level)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise BadDocumentError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _no_number(constant: str) -> float:
    raise BadDocumentError(f"{constant} is not a number in JSON")


def _parts(document: Document) -> Iterator[tuple[int, Document]]:
    """The document and its subsegments, with how deep each is."""
    waiting = [(0, document)]
    while waiting:
        depth, part = waiting.pop()
        yield depth, part
        inner = part.get("subsegments", [])
        _require(isinstance(inner, list), "subsegments is not a list")
        for each in inner:
            _require(isinstance(each, dict), "a subsegment is not an object")
            waiting.append((depth + 1, each))


def _check(part: Document) -> None:
    """Check the fields that a segment and a subsegment share."""
    name = part.get("name")
    _require(isinstance(name, str) and 0 < len(name) <= 200, "name missing or too long")
    _require(_matches(_ID, part.get("id")), "id is not 16 hexadecimal digits")
    _require(_matches(_ID, part.get("parent_id", "0" * 16)), "parent_id is not 16 hexadecimal digits")
    _check_times(part)
    for keys, kind, what in _FIELDS:
        for key in keys:
            _require(isinstance(part.get(key, kind()), kind), f"{key} is not {what}")
    _check_http(part.get("http", {}))
    for value in part.get("annotations", {}).values():
        _require(isinstance(value, str | bool | int | float), "annotation is neither string, number nor boolean")
        _require(isinstance(value, str) or abs(value) <= LARGEST_NUMBER, "annotation is too large a number")


def _check_times(part: Document) -> None:
    _require(_is_time(part.get("start_time")), "start_time is not a time between 1970 and 2100")
    if part.get("in_progress") is not True or "end_time" in part:
        _require(
            _is_time(part.get("end_time")), "end_time is not a time between 1970 and 2100, and in_progress is not true"
        )
        _require(part["end_time"] >= part["start_time"], "end_time is before start_time")


def _check_http(http: Document) -> None:
    request, response = http.get("request", {}), http.get("response", {})
    _require(isinstance(request, dict) and isinstance(response, dict), "http.request or http.response is no object")
    for key in ("method", "url", "user_agent", "client_ip"):
        _require(isinstance(request.get(key, ""), str), f"http.request.{key} is not a text")
    _require(is_number(response.get("status", 0), largest=999), "http.response.status is not an HTTP status")


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise BadDocumentError(reason)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_time(value: object) -> bool:
    return is_number(value, largest=_LATEST)
