"""Events and results as JSON, as the managed client's simplejson reads and writes them, without loading it.

The C half of `json` reads and writes what both do alike. Everything else (what is no JSON, a Decimal, bytes, a named
tuple, …) goes to the managed client's own code, which is there on Lambda, so that results and errors are its own.
"""

import os
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

from pilotlight.runtime import FaultError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPACE = " \t\n\r"
_LEAVES = frozenset((str, int, float, bool, type(None)))
_MOST_VALUES = 100_000
"""Results of more values than this go to simplejson; so does a list that contains itself."""


def read_event(body: bytes, content_type: str | None) -> object:
    """Return the event of an invocation: parsed if it is JSON, else as it came. Raises FaultError."""
    if content_type != "application/json":
        return body
    try:
        text = body.decode().strip(_SPACE)
        event, end = _scan(text, 0)
    except Exception:
        return _by_managed_client("unmarshal_request", body)
    return event if end == len(text) else _by_managed_client("unmarshal_request", body)


def write_result(result: object) -> tuple[bytes | str, str]:
    """Return the body of a result, and its content type. Raises FaultError."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    if _is_plain(result):
        try:
            text = "".join(_encode(result, 0))
            # Some releases of simplejson escape these two.
            is_alike = "\u2028" not in text and "\u2029" not in text
        except Exception:
            is_alike = False
        if is_alike:
            return text, "application/json"
    written: tuple[bytes | str, str] = _by_managed_client("marshal_response", result)
    return written


def _is_plain(result: object) -> bool:
    """Whether it consists of what both encoders write alike."""
    values: list[Any] = [result]
    for value in values:  # grows while it is walked
        kind = type(value)
        if kind in _LEAVES:
            continue
        if kind is dict:
            if any(type(key) is not str for key in value):
                return False
            values.extend(value.values())
        elif kind is list or kind is tuple:
            values.extend(value)
        else:
            return False
        if len(values) > _MOST_VALUES:
            return False
    return True


def _by_managed_client(method: str, payload: object) -> "Any":
    from awslambdaric.lambda_runtime_exception import FaultException  # type: ignore[import-untyped]
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller  # type: ignore[import-untyped]

    try:
        return getattr(LambdaMarshaller(), method)(payload)
    except FaultException as error:
        raise FaultError(error.exception_type, error.msg, error.trace) from None


class _Reading:
    """How `make_scanner` reads."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(text: str) -> object:
        raise ValueError(text)  # newer releases of simplejson refuse NaN


def _default(value: object) -> object:
    raise TypeError(value)


_scan = make_scanner(_Reading)  # type: ignore[arg-type]  # it takes any object with these attributes
_has_non_ascii = os.environ.get("AWS_EXECUTION_ENV") != "AWS_Lambda_python3.11"
_quote = encode_basestring if _has_non_ascii else encode_basestring_ascii
_encode = make_encoder(None, _default, _quote, None, ": ", ", ", False, False, True)
