"""A record that cannot be true is found by the order of its execution environment's invocations."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight_tools.local.witness import contradictions


def record(at: float, kind: str, start: str, *, by_ping: bool = False, environment: str = "a") -> dict[str, Any]:
    annotations = {"kind": kind, "start": start}
    facts = {"environment": environment, "cold_start": start == "cold", "warmed_by_ping": by_ping}
    if kind == "ping":
        return {"start_time": at, "annotations": annotations, "metadata": {"pilotlight": facts}}
    return {"start_time": at, "annotations": annotations | facts}


BY_USER = [record(1, "request", "cold"), record(2, "request", "warm"), record(3, "ping", "warm")]
BY_PING = [record(1, "ping", "cold", environment="b"), record(2, "request", "warm", by_ping=True, environment="b")]


def test_a_true_history_has_no_contradictions() -> None:
    assert contradictions([*reversed(BY_USER), *BY_PING]) == []


@pytest.mark.parametrize(
    "history",
    [
        [record(1, "request", "warm")],
        [record(1, "request", "cold"), record(2, "request", "cold")],
        [record(1, "request", "cold", by_ping=True)],
        [record(1, "request", "proactive")],
        [record(1, "ping", "cold"), record(2, "request", "warm")],
        [record(1, "ping", "cold"), record(2, "request", "cold", by_ping=True)],
    ],
)
def test_an_untrue_record_is_found(history: list[dict[str, Any]]) -> None:
    assert contradictions(history) == [history[-1]]
