"""The lines that our functions and the warmer log: each start that is not warm, and each tick's result.

`pilotlight.metrics` writes them, in CloudWatch's embedded metric format: never sampled, and read without a metric.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilotlight.metrics import COVERAGE, INCOMPLETE_TICK, START_METRICS, TICK_METRICS
from pilotlight_tools.latency.records import is_number
from pilotlight_tools.latency.ticks import Tick

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

START_PATTERN = '"request_id"'
TICK_PATTERN = f'"{INCOMPLETE_TICK}"'
"""Filter patterns for FilterLogEvents: terms with other characters than letters and digits stand in quotes."""


@dataclass(frozen=True, slots=True)
class Started:
    """A start that was not warm, of `function`; `init_ms` is None where the process could not tell its age."""

    start: str
    init_ms: float | None
    function: str


class StartLines:
    """The starts by Lambda's request id, from the events that `take` gets."""

    def __init__(self) -> None:
        self.by_request: dict[str, Started] = {}

    def take(self, events: Sequence[FilteredLogEventTypeDef]) -> None:
        for event in events:
            if (found := _start_of(event.get("message", ""))) is not None:
                request_id, started = found
                self.by_request[request_id] = started


class TickLines:
    """The ticks of the services of these labels, from the events that `take` gets."""

    def __init__(self, services: Collection[str]) -> None:
        self.ticks: list[Tick] = []
        self._services = services

    def take(self, events: Sequence[FilteredLogEventTypeDef]) -> None:
        for event in events:
            tick = _tick_of(_loaded(event.get("message", "")), event.get("timestamp", 0) / 1000, self._services)
            if tick is not None:
                self.ticks.append(tick)


def _start_of(message: str) -> tuple[str, Started] | None:
    line = _loaded(message)
    request_id = line.get("request_id")
    start = next((name for name, metric in START_METRICS.items() if line.get(metric)), None)
    if not isinstance(request_id, str) or start is None or "_aws" not in line:
        return None
    init_ms = line.get("init_ms")
    init = float(init_ms) if isinstance(init_ms, int | float) and is_number(init_ms) else None
    return request_id, Started(start, init, str(line.get("Function", "")))


def _tick_of(line: Mapping[str, Any], at: float, services: Collection[str]) -> Tick | None:
    values = {name: line.get(metric) for metric, name in TICK_METRICS.items()}
    coverage = line.get(COVERAGE)
    if line.get("Service") not in services or not all(map(is_number, (coverage, *values.values()))):
        return None
    unique, share = int(values["unique"] or 0), float(coverage or 0.0) / 100
    return Tick(
        at=at,
        function=str(line.get("Function", "")),
        requested=round(unique / share) if share else int(values["failed"] or 0) + int(values["throttled"] or 0),
        unique=unique,
        cold=int(values["cold"] or 0),
        failed=int(values["failed"] or 0),
        throttled=int(values["throttled"] or 0),
        coverage=min(share, 1.0),
    )


def _loaded(message: str) -> dict[str, Any]:
    if not message.startswith("{"):
        return {}
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
