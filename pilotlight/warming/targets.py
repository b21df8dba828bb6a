"""What the warmer keeps warm, and when: its targets, which the deployment writes into PILOTLIGHT_TARGETS.

The same checks run when the service is packaged, so that a mistake in serverless.yml is found there.

A deployed function has no time zone database. The package carries the rule of a zone instead, as a POSIX TZ string
(POSIX, "Environment Variables", TZ) such as `CET-1CEST,M3.5.0,M10.5.0/3`, which the C library applies.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from typing import Any

from pilotlight.ping import MOST_PINGS

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_A_DAY = 24 * 60
_LONGEST_TIMEOUT_SECONDS = 900
"""Of a function: "Lambda quotas"."""

_MOST_BUILD = 64


class TargetsError(ValueError):
    """The configuration is wrong; the message names the key and what is allowed."""


@dataclass(frozen=True)
class Size:
    """How many environments: from `minimum` to `maximum` as users need them; a fixed number where both are equal."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Window:
    """On `days` (0 is Monday) from minute `start` of the day to minute `end`, past midnight where `end` is earlier."""

    days: frozenset[int]
    start: int
    end: int
    size: Size

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether this minute of this weekday lies in the window."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        yesterday = (weekday - 1) % 7
        return (weekday in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


@dataclass(frozen=True)
class Target:
    """A function (name, ARN, or ARN with alias) and how many of its execution environments to keep warm, and when.

    `zone` is the windows' time zone as a POSIX TZ string; `timeout_seconds` is the function's own timeout. `build` is
    the deployed one where it is not the warmer's own, else empty.
    """

    function: str
    size: Size
    windows: tuple[Window, ...] = ()
    zone: str = "UTC0"
    timeout_seconds: float = 30.0
    build: str = ""


def parse_targets(text: str) -> list[Target]:
    """The targets in a JSON list such as `[{"function": "pilotlight-prod-api", "concurrency": 5}]`.

    Raises TargetsError.
    """
    try:
        entries = json.loads(text or "null")
    except ValueError as error:
        raise TargetsError(f"PILOTLIGHT_TARGETS is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise TargetsError('PILOTLIGHT_TARGETS must be a list such as [{"function": "name", "concurrency": 5}]')
    return [parse_target(entry, f"PILOTLIGHT_TARGETS[{index}]") for index, entry in enumerate(entries)]


def parse_target(entry: Any, where: str) -> Target:
    """One target: `function`, `concurrency` (a number, or auto with `min` and `max`), `windows`, `zone`."""
    _only_keys(entry, {"function", "concurrency", "min", "max", "windows", "zone", "timeout", "build"}, where)
    function = entry.get("function")
    if not isinstance(function, str) or not function:
        raise TargetsError(f"{where}.function must be a function's name or ARN, not {function!r}")
    windows = entry.get("windows", [])
    if not isinstance(windows, list):
        raise TargetsError(f"{where}.windows must be a list, not {windows!r}")
    return Target(
        function,
        _parse_size(entry, where),
        tuple(_parse_window(window, f"{where}.windows[{index}]") for index, window in enumerate(windows)),
        entry.get("zone", "UTC0"),
        _timeout(entry.get("timeout", 30), f"{where}.timeout"),
        _build(entry.get("build", ""), f"{where}.build"),
    )


def size_at(moment: float, windows: tuple[Window, ...], otherwise: Size, zone: str) -> Size:
    """The size at `moment` (epoch seconds): that of the first open window, or `otherwise`."""
    if not windows:
        return otherwise
    local = _local_time(moment, zone)
    minute = local.tm_hour * 60 + local.tm_min
    return next((window.size for window in windows if window.holds(local.tm_wday, minute)), otherwise)


def _parse_size(entry: dict[str, Any], where: str) -> Size:
    concurrency = entry.get("concurrency")
    if concurrency == "auto":
        minimum = _whole(entry.get("min", 0), 0, f"{where}.min")
        maximum = _whole(entry.get("max"), max(1, minimum), f"{where}.max")
        return Size(minimum, maximum)
    for name in ("min", "max"):
        if name in entry:
            raise TargetsError(f"{where}.{name} is allowed with concurrency: auto only")
    if type(concurrency) is not int or not 0 <= concurrency <= MOST_PINGS:
        raise TargetsError(
            f"{where}.concurrency must be a whole number from 0 to {MOST_PINGS}, or auto, not {concurrency!r}"
        )
    return Size(concurrency, concurrency)


def _parse_window(entry: Any, where: str) -> Window:
    _only_keys(entry, {"days", "from", "to", "concurrency", "min", "max"}, where)
    start = _minute(entry.get("from", "00:00"), f"{where}.from")
    end = _minute(entry.get("to", "24:00"), f"{where}.to")
    if start in (end, _MINUTES_A_DAY):
        raise TargetsError(f"{where}.to must differ from its from, and a from must be before 24:00")
    return Window(_days(entry.get("days", "mon-sun"), f"{where}.days"), start, end, _parse_size(entry, where))


def _days(value: Any, where: str) -> frozenset[int]:
    days: set[int] = set()
    for part in value if isinstance(value, list) else [value]:
        match = re.fullmatch(rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))?", part) if isinstance(part, str) else None
        if match is None:
            raise TargetsError(f"{where} must be a day, a range or a list of them, such as mon-fri or [sat, sun]")
        first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
        days.update(day % 7 for day in range(first, last + 1 if last >= first else last + 8))
    if not days:
        raise TargetsError(f"{where} must name at least one of {', '.join(_DAYS)}")
    return frozenset(days)


def _minute(value: Any, where: str) -> int:
    match = re.fullmatch(r"(\d\d):(\d\d)", value) if isinstance(value, str) else None
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > _MINUTES_A_DAY:
        raise TargetsError(f'{where} must be a quoted time such as "07:30", from "00:00" to "24:00", not {value!r}')
    return int(match[1]) * 60 + int(match[2])


def _whole(value: Any, least: int, where: str) -> int:
    if type(value) is not int or not least <= value <= MOST_PINGS:
        raise TargetsError(f"{where} must be a whole number from {least} to {MOST_PINGS}, not {value!r}")
    return value


def _timeout(value: Any, where: str) -> float:
    if type(value) is not int or not 1 <= value <= _LONGEST_TIMEOUT_SECONDS:
        raise TargetsError(f"{where} must be the function's timeout, 1 to {_LONGEST_TIMEOUT_SECONDS} s, not {value!r}")
    return float(value)


def _build(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > _MOST_BUILD:
        raise TargetsError(f"{where} must be a text of at most {_MOST_BUILD} characters, not {value!r}")
    return value


def _only_keys(entry: Any, allowed: set[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise TargetsError(f"{where} must be an object with {', '.join(sorted(allowed))}, not {entry!r}")
    if unknown := sorted(map(str, entry.keys() - allowed)):
        raise TargetsError(f"{where}.{unknown[0]} is not known; allowed are {', '.join(sorted(allowed))}")


def _local_time(moment: float, zone: str) -> time.struct_time:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        return time.localtime(moment)
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
