"""Replies to pings, as an execution environment returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilotlight.ping import PingReply


def ping_reply(environment: str, ping: str = "a1", served: int = 0, build: str = "") -> PingReply:
    """Return a complete reply of a warm execution environment, held 100 ms."""
    return {
        "ping": ping,
        "index": 0,
        "environment": environment,
        "start": "warm",
        "init_ms": 212.5,
        "age_ms": 300_000.0,
        "served": served,
        "pings_before": 4,
        "made_by": "ping",
        "initialization": "on-demand",
        "landed_at": 1e9,
        "held_ms": 100.0,
        "billed_ms": 100,
        "version": "0.1.0",
        "build": build,
        "prewarm_ms": 0.0,
        "notes": [],
    }
