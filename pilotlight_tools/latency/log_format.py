"""The format of an access log, inverted: which key of a line holds which `$context` variable.

"Variables for access logging for API Gateway" and, for HTTP APIs, "Customize HTTP API access logs" name the variables.
Any JSON format works that has the NEEDED ones under keys of its own choice, nested ones too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

NEEDED = ("status", "responseLatency", "integration.requestId", "error.responseType")
"""Without these, a line tells not what its request met: its time, Lambda's request id, and who made the response."""
_SAME = {"integration.requestId": "awsEndpointRequestId", "requestTimeEpoch": "requestTime"}
"""Variables with the same meaning, or one that serves. The Lambda API returns the invocation's id as that header."""
_NESTED = re.compile(r"\$context\.([A-Za-z0-9_.]+)")
_BARE = re.compile(r"(:\s*)\$context\.([A-Za-z0-9_.]+)(\s*[,}\]])")
_EMPTY = re.compile(r"(:\s*)-(\s*[,}\]])")
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


class UnreadableFormatError(Exception):
    """Why a format cannot be inverted, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, None or empty where it has nothing: `at` in epoch seconds, times in milliseconds.

    `has_request_id` is False for a line that was written before the format had Lambda's request id.
    """

    at: float | None
    status: int
    response_ms: float | None
    in_lambda_ms: float | None
    request_id: str
    has_request_id: bool
    error_type: str
    method: str
    resource: str
    path: str
    trace_id: str | None
    api_id: str


class LogFormat:
    """Reads the lines of one format. Raises UnreadableFormatError for what is no JSON, or lacks a NEEDED variable."""

    def __init__(self, text: str) -> None:
        quoted = _BARE.sub(r'\1"$context.\2"\3', text)
        try:
            form = json.loads(quoted)
        except ValueError:
            form = None
        if not isinstance(form, dict):
            raise UnreadableFormatError("its format is not a JSON object")
        self._keys = dict(_variables(form))
        missing = [name for name in NEEDED if name not in self._keys and _SAME.get(name) not in self._keys]
        if missing:
            names = " and ".join(f"$context.{name}" for name in missing)
            raise UnreadableFormatError(f"its format lacks {names}")

    def line(self, message: str) -> LogLine | None:
        """Read a line; None for one that is none of this format."""
        found = _loaded(message)
        if found is None:
            return None
        status, response_ms = self._number(found, "status"), self._number(found, "responseLatency")
        if status is None:
            return None
        request_id = self._value(found, "integration.requestId")
        trace_id = _TRACE_ID.search(self._text(found, "xrayTraceId"))
        method, resource = self._route(found)
        return LogLine(
            at=self._moment(found),
            status=int(status),
            response_ms=response_ms,
            in_lambda_ms=self._number(found, "integrationLatency"),
            request_id=_text(request_id),
            has_request_id=request_id is not None,
            error_type=self._text(found, "error.responseType"),
            method=method,
            resource=resource,
            path=self._text(found, "path"),
            trace_id=trace_id[0] if trace_id else None,
            api_id=self._text(found, "apiId"),
        )

    def _route(self, found: dict[str, Any]) -> tuple[str, str]:
        method, resource = self._text(found, "httpMethod"), self._text(found, "resourcePath")
        if not resource:  # an HTTP API has a route key: `GET /orders/{id}`, `ANY /{proxy+}` or `$default`
            key = self._text(found, "routeKey")
            resource = key.partition(" ")[2] if " " in key else "/{proxy+}" if key == "$default" else ""
        return method, resource

    def _moment(self, found: dict[str, Any]) -> float | None:
        value = self._number(found, "requestTimeEpoch")
        if value is None:
            return None
        return value / 1000 if value > 1e11 else value

    def _number(self, found: dict[str, Any], name: str) -> float | None:
        value = self._value(found, name)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def _text(self, found: dict[str, Any], name: str) -> str:
        return _text(self._value(found, name))

    def _value(self, found: Any, name: str) -> Any:
        path = self._keys.get(name) or self._keys.get(_SAME.get(name, ""))
        for key in path or ("",):
            found = found.get(key) if isinstance(found, dict) else None
        return found


def _variables(form: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, tuple[str, ...]]]:
    """Each variable that is the whole value of a key, with the path to this key."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for key, value in form.items():
        if isinstance(value, dict):
            found += _variables(value, (*path, key))
        elif isinstance(value, str) and (match := _NESTED.fullmatch(value)):
            found.append((match[1], (*path, key)))
    return found


def _loaded(message: str) -> dict[str, Any] | None:
    """The line as JSON. API Gateway writes `-` for what it does not know, which is no JSON where it is not quoted."""
    for text in (message, _EMPTY.sub(r"\1null\2", message)):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _text(value: object) -> str:
    return "" if value is None or value == "-" else str(value)
