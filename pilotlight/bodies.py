"""A request's body, by the type that its client declares and never by its bytes: loaded when a request has a body.

JSON is parsed; text, XML, forms and JavaScript are a str; everything else, and a body without a type, is bytes.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "windows-1252": "cp1252",
}
"""Python's codec of each charset that is decoded. Python has others whose time grows with the square of the text."""
FORM = "application/x-www-form-urlencoded"
_TEXT_TYPES = frozenset(
    (
        "application/xml",
        FORM,
        "application/javascript",
        "application/ecmascript",
        "application/x-javascript",
    )
)
_BOM = "\ufeff"


class BodyError(Exception):
    """What the client sent cannot be read: the response's status, its detail and its headers."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The bytes that the client sent. Raises BodyError for bad base64."""
    body = event.get("body")
    if body is None or body == "":
        return b""
    if not isinstance(body, str):
        raise BodyError(400, "not an API Gateway REST proxy event: the body is not a string")
    if event.get("isBase64Encoded"):
        return _decode_base64(body)
    return body.encode("utf-8", "surrogatepass")


def read_body(raw: bytes, content_type: str, content_encoding: str) -> Any:
    """What a route gets: parsed JSON, a str or bytes; None for JSON that is only white space.

    Raises BodyError: 400 for what is not what it is declared to be, 415 for a charset or an encoding that is not
    decoded.
    """
    if content_encoding.strip().lower() not in ("", "identity"):
        raise BodyError(
            415,
            f"a body with Content-Encoding {content_encoding[:40]!r} is not decoded: send it without",
            {"Accept-Encoding": "identity"},
        )
    media_type, parameters = parse_content_type(content_type)
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not (is_json or media_type.startswith("text/") or media_type.endswith("+xml") or media_type in _TEXT_TYPES):
        return raw
    text = _decode(raw, parameters.get("charset", "utf-8"))
    if not is_json:
        return text
    return _parse_json(text) if text.strip(" \t\r\n") else None


def parse_content_type(header: str) -> tuple[str, dict[str, str]]:
    """The media type and its parameters (RFC 9110, section 8.3.1): type and names in lower case, values unquoted."""
    media_type, _, rest = header.partition(";")
    parameters: dict[str, str] = {}
    while rest:
        name, equals, rest = rest.partition("=")
        if not equals:
            break
        value, rest = _parameter_value(rest.lstrip(" \t"))
        parameters.setdefault(name.strip(" \t;").lower(), value)
    return media_type.strip().lower(), parameters


def parse_form(body: Any) -> dict[str, list[str]]:
    """All values of each field of a form."""
    from urllib.parse import parse_qs  # only a form needs it

    return parse_qs(body, keep_blank_values=True) if isinstance(body, str) else {}


def _parameter_value(text: str) -> tuple[str, str]:
    """A value, and what follows its `;`. A quoted value may hold a `;` and an escaped quote."""
    if not text.startswith('"'):
        value, _, rest = text.partition(";")
        return value.strip(), rest
    characters, index = [], 1
    while index < len(text) and text[index] != '"':
        index += text[index] == "\\"
        characters.append(text[index : index + 1])
        index += 1
    return "".join(characters), text[index + 1 :].partition(";")[2]


def _decode(raw: bytes, charset: str) -> str:
    codec = _CHARSETS.get(charset.lower())
    if codec is None:
        raise BodyError(415, f"charset {charset[:40]!r} is not decoded: send utf-8")
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise BodyError(400, f"the body is not {codec}") from error
    return text.removeprefix(_BOM)


def _decode_base64(body: str) -> bytes:
    import binascii  # only a base64 body needs it

    try:
        return binascii.a2b_base64(body.encode("ascii"), strict_mode=True)
    except ValueError as error:
        raise BodyError(400, "the body is marked as base64 but is not base64") from error


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BodyError(400, "the body is declared as JSON but is not JSON") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """JSON allows 1e999, and Python reads it as an infinity, which no response may hold."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large")
    return number
