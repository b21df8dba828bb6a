"""What the warmer keeps warm: its targets, as serverless.yml hands them over in PILOTLIGHT_TARGETS."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pilotlight.ping import MOST_PINGS


class TargetsError(ValueError):
    """PILOTLIGHT_TARGETS is not a list of targets; the message names the key and what is allowed."""


@dataclass(frozen=True)
class Target:
    """A function (name, ARN, or ARN with alias) and how many of its execution environments to keep warm."""

    function: str
    concurrency: int


def parse_targets(text: str) -> list[Target]:
    """The targets in a JSON list such as ``[{"function": "pilotlight-prod-api", "concurrency": 5}]``."""
    try:
        entries = json.loads(text or "null")
    except ValueError as error:
        raise TargetsError(f"PILOTLIGHT_TARGETS is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise TargetsError('PILOTLIGHT_TARGETS must be a list such as [{"function": "name", "concurrency": 5}]')
    return [_parse(entry, f"PILOTLIGHT_TARGETS[{index}]") for index, entry in enumerate(entries)]


def _parse(entry: object, where: str) -> Target:
    if not isinstance(entry, dict):
        raise TargetsError(f"{where} must be an object with function and concurrency")
    function, concurrency = entry.get("function"), entry.get("concurrency")
    if not isinstance(function, str) or not function:
        raise TargetsError(f"{where}.function must be a function's name or ARN, not {function!r}")
    if type(concurrency) is not int or not 0 <= concurrency <= MOST_PINGS:
        raise TargetsError(f"{where}.concurrency must be a whole number from 0 to {MOST_PINGS}, not {concurrency!r}")
    return Target(function, concurrency)
