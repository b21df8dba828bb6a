"""Read and check the replies to pings: a reply that is incomplete or has a wrong type counts as none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pilotlight.environment import KINDS, START_TYPES
from pilotlight.ping import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pilotlight.ping import PingReply


def read_reply(payload: object, ping: str) -> PingReply | None:
    """The reply to the fan-out `ping` in an invocation's payload, or None where there is none.

    It needs `ping`, `index`, `environment` and `start`; the rest has defaults, and unknown keys are left out. A key of
    a wrong type makes the reply None: what cannot be read never counts as warm.
    """
    body = payload.get(KEY) if isinstance(payload, dict) else None
    if not isinstance(body, dict) or body.get("ping") != ping:
        return None
    found = {**_DEFAULTS, **{name: value for name, value in body.items() if name in _CHECKS}}
    if found.keys() != _CHECKS.keys() or not all(check(found[name]) for name, check in _CHECKS.items()):
        return None  # a key is missing or has a wrong type
    reply: PingReply = found  # type: ignore[assignment]  # checked above, key by key
    return reply


def by_environment(replies: Iterable[PingReply]) -> dict[str, PingReply]:
    """The first reply of each environment, with the `served` of its later replies added."""
    found: dict[str, PingReply] = {}
    for reply in replies:
        first = found.get(reply["environment"])
        found[reply["environment"]] = {**first, "served": first["served"] + reply["served"]} if first else reply
    return found


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 256


def _is_label(value: object) -> bool:
    return value == "" or _is_name(value)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _are_notes(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 10 and all(isinstance(each, str) for each in value)


def _optional(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


_CHECKS: dict[str, Callable[[object], bool]] = {
    "ping": _is_name,
    "index": _is_count,
    "environment": _is_name,
    "start": lambda value: value in START_TYPES,
    "init_ms": _optional(_is_time),
    "age_ms": _is_time,
    "served": _is_count,
    "pings_before": _optional(_is_count),
    "made_by": lambda value: value is None or value in KINDS,
    "initialization": _is_name,
    "landed_at": _optional(_is_time),
    "held_ms": _is_time,
    "billed_ms": _is_count,
    "version": _is_label,
    "build": _is_label,
    "prewarm_ms": _is_time,
    "notes": _are_notes,
}
_DEFAULTS: dict[str, Any] = {
    "init_ms": None,
    "age_ms": 0.0,
    "served": 0,
    "pings_before": None,
    "made_by": None,
    "initialization": "on-demand",
    "landed_at": None,
    "held_ms": 0.0,
    "billed_ms": 0,
    "version": "",
    "build": "",
    "prewarm_ms": 0.0,
    "notes": [],
}
