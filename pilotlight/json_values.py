"""JSON for what Python and boto3 have beside JSON's own types: loaded when a response holds such a value."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LARGEST_EXPONENT = 308
"""Of a number that JSON's readers understand: that of an IEEE 754 double (RFC 8259, section 6)."""


def plain(value: Any) -> Any:
    """Return what stands for a value in JSON. Raises TypeError where nothing does, ValueError for a number beyond JSON.

    `Decimal` (DynamoDB's numbers) becomes a number; dates and times are ISO 8601; a set is a list, in order where its
    items have one; dataclasses, and models with `model_dump` such as pydantic's, are objects; an Enum is its value.
    """
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if hasattr(type(value), "__dataclass_fields__") and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if _is(value, "enum", "Enum"):
        return value.value
    if _is(value, "decimal", "Decimal"):
        return _number(value)
    if _is(value, "datetime", "date", "time"):  # a datetime is a date
        return value.isoformat()
    if _is(value, "uuid", "UUID"):
        return str(value)
    if isinstance(value, set | frozenset):
        return _in_order(value)
    raise TypeError(
        f"a {type(value).__name__} has no form in JSON: convert it in the route, or pass `to_json` to Routes"
    )


def with_text_keys(value: Any) -> Any:
    """Return a copy in which each key that JSON does not allow, such as a UUID or a date, is a text."""
    if isinstance(value, dict):
        return {_key(key): with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_text_keys(item) for item in value]
    return value


def _key(key: Any) -> Any:
    if key is None or isinstance(key, str | int | float):
        return key
    text = plain(key)
    if not isinstance(text, str | int | float):
        raise TypeError(f"a {type(key).__name__} cannot be a key in JSON")
    return text


def _is(value: object, module: str, *classes: str) -> bool:
    """Whether a value is of a class of a module, without loading it: its value could not exist before."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, tuple(getattr(loaded, name) for name in classes))


def _number(value: Any) -> int | float:
    if not value.is_finite() or abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError(f"{str(value)[:40]} is not a number in JSON")
    return int(value) if value == value.to_integral_value() else float(value)


def _in_order(values: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return list(values)
