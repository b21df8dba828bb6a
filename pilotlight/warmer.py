"""The scheduled function: a tick in, verified coverage out.

Nobody waits for it, so it imports what it likes; the API's package never loads this module.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.models.subsegment import Subsegment
from botocore.config import Config

from pilotlight import metrics
from pilotlight.environment import service_name
from pilotlight.tracing import NAME, Annotation
from pilotlight.warming.fanout import FanOut
from pilotlight.warming.headroom import Headroom
from pilotlight.warming.policy import Warming
from pilotlight.warming.targets import parse_targets
from pilotlight.warming.tick import TickResult

COUNTED = (
    "requested",
    "unique",
    "cold",
    "failed",
    "throttled",
    "rounds",
    "invocations",
    "hold_ms",
    "billed_ms",
    "exposed_ms",
)

xray_recorder.configure(context_missing="IGNORE_ERROR")
warming: Warming | None = None


def handler(_event: object, context: Any) -> dict[str, Any]:
    """Tick every target of PILOTLIGHT_TARGETS in turn, log each result, and return them with their sums.

    An incomplete tick is a result, not an exception: an asynchronous retry would only ping again. Raises TargetsError
    where the configuration is wrong.
    """
    global warming
    targets = parse_targets(os.environ.get("PILOTLIGHT_TARGETS", ""))
    warming = warming or start_warming()
    results = []
    for target in targets:
        with xray_recorder.in_subsegment(NAME) as subsegment:
            result = warming.tick(target, _seconds_left(context))
            if subsegment is not None:
                annotate(subsegment, result)
        report(result)
        results.append(result.as_dict())
    return summary(results)


def start_warming() -> Warming:
    """One session, one set of connections and one memory for the life of this environment."""
    session = boto3.Session()
    client = session.client("lambda", config=Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 1}))
    return Warming(FanOut(session), Headroom(client))


def report(result: TickResult) -> None:
    """Say what a tick proved: a log line, at ERROR where it fell short, and the metrics."""
    described = result.as_dict()
    level = "INFO" if result.coverage >= 1 else "ERROR"
    print(json.dumps({"level": level, "message": "tick", **described}))
    metrics.emit_tick(described)


def annotate(subsegment: Subsegment, result: TickResult) -> None:
    """Write the tick into its record in X-Ray, in whose trace the pings are."""
    subsegment.put_annotation(Annotation.SERVICE, service_name())
    subsegment.put_annotation(Annotation.KIND, "tick")
    described = result.as_dict()
    for name in ("requested", "unique", "cold", "failed", "throttled", "hold_ms", "exposed_ms", "coverage"):
        subsegment.put_annotation(name, described[name])


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums over all targets, ``coverage`` from 0 to 1, and each target's own result."""
    total: dict[str, Any] = {name: sum(result[name] for result in results) for name in COUNTED}
    total["coverage"] = round(total["unique"] / total["requested"], 4) if total["requested"] else 1.0
    return {**total, "targets": results}


def _seconds_left(context: Any) -> Any:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if callable(remaining):
        return lambda: remaining() / 1000
    ends = time.monotonic() + 30  # `sls invoke local` may give no clock
    return lambda: ends - time.monotonic()
