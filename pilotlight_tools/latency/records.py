"""Which subsegments are Pilotlight's own records, and whether one says what it says in the agreed form.

A service annotates its own subsegments as it likes, also with our names: only what is named `pilotlight` is ours.
Whoever can reach X-Ray can send that too, so that the types are checked before anything computes with the values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pilotlight.environment import KINDS, TICK_ANNOTATIONS, Annotation
from pilotlight.tracing import NAME
from pilotlight_tools.latency.documents import Document, facts_of

LARGEST_NUMBER = 1e15
"""Larger ones are no count and no duration, and JSON readers lose their last digits."""


def is_record(part: Document) -> bool:
    """Whether a segment or subsegment is one of our records: of a request, a ping or a tick."""
    return part.get("name") == NAME and facts_of(part).get(Annotation.KIND) in KINDS


def flaw_of(record: Document) -> str | None:
    """What is wrong with one of our records, by the name of the value; None for a good one."""
    facts = facts_of(record)
    wrong = [name for name, (_, holds) in _SHAPES.items() if name in facts and not holds(facts[name])]
    if facts.get(Annotation.KIND) == "tick" and "end_time" in record:
        wrong += [name for name in _RESULT if name not in facts]
    request_id = (record.get("aws") or {}).get("request_id", "")
    if wrong:
        name = wrong[0]
        return f"a {NAME} record whose {name} is not {_SHAPES[name][0]}"
    return None if isinstance(request_id, str) else f"a {NAME} record whose request_id is not a text"


def is_number(value: object, smallest: float = 0.0, largest: float = LARGEST_NUMBER) -> bool:
    """Whether a value of a document is a number that one can compute with: JSON has NaN, and any number of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return smallest <= value <= largest and math.isfinite(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return is_number(value) and value == int(value)  # type: ignore[call-overload]


def _is_share(value: object) -> bool:
    return is_number(value, largest=1.0)


_RESULT = ("requested", "unique", "cold", "failed", "throttled", "coverage")
"""What a complete tick must say; the rest is of newer versions."""
_Shape = tuple[str, Callable[[Any], bool]]
_TEXT: _Shape = ("a text", _is_text)
_YES_OR_NO: _Shape = ("true or false", lambda value: isinstance(value, bool))
_COUNT: _Shape = ("a whole number", _is_count)
_NUMBER: _Shape = ("a number", is_number)
_SHAPES: dict[str, _Shape] = {
    **dict.fromkeys(
        (Annotation.SERVICE, Annotation.START, Annotation.ENVIRONMENT, Annotation.ROUTE, Annotation.FUNCTION), _TEXT
    ),
    **dict.fromkeys((Annotation.COLD_START, Annotation.WARMED_BY_PING), _YES_OR_NO),
    **dict.fromkeys(TICK_ANNOTATIONS, _COUNT),
    **dict.fromkeys(("hold_ms", "exposed_ms", Annotation.INIT_MS), _NUMBER),
    "coverage": ("a number from 0 to 1", _is_share),
    Annotation.STATUS: ("an HTTP status", lambda value: _is_count(value) and value < 1000),
    "causes": ("a list of texts", lambda value: isinstance(value, list) and all(map(_is_text, value))),
}
