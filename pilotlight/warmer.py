"""The scheduled function: a scheduled event in, a tick of each target, proven coverage out.

Nobody waits for it, so it imports what it needs; the API function never loads this module.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_xray_sdk.core import xray_recorder
from botocore.config import Config

from pilotlight import metrics
from pilotlight.environment import TICK_ANNOTATIONS, Annotation, service_name
from pilotlight.tracing import NAME
from pilotlight.warming.fanout import FanOut
from pilotlight.warming.headroom import Headroom
from pilotlight.warming.policy import Warming
from pilotlight.warming.targets import parse_targets
from pilotlight.warming.tick import total

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_xray_sdk.core.models.subsegment import Subsegment

    from pilotlight.warming.targets import Target
    from pilotlight.warming.tick import TickResult

xray_recorder.configure(context_missing="IGNORE_ERROR")
_warming: Warming | None = None


def handler(_event: object, context: Any) -> dict[str, Any]:
    """Tick every target of PILOTLIGHT_TARGETS in turn, log each result, and return them with their sums.

    An incomplete tick is a result, not an exception: an asynchronous retry would only ping again. Raises TargetsError
    where the configuration is wrong.
    """
    global _warming
    targets = parse_targets(os.environ.get("PILOTLIGHT_TARGETS", ""))
    _warming = _warming or _start_warming()
    seconds_left = _seconds_left(context)
    return total([_tick(_warming, target, seconds_left) for target in targets])


def _start_warming() -> Warming:
    """Create the session, connections and memory that last for the life of this execution environment."""
    session = boto3.Session()
    client = session.client("lambda", config=Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 1}))
    return Warming(FanOut(session), Headroom(client))


def _tick(warming: Warming, target: Target, seconds_left: Callable[[], float]) -> TickResult:
    with xray_recorder.in_subsegment(NAME) as subsegment:
        result = warming.tick(target, seconds_left)
        if subsegment is not None:
            _annotate(subsegment, result)
    _report(result)
    return result


def _report(result: TickResult) -> None:
    """Log what a tick proved, at ERROR where it fell short, and count it in the metrics."""
    described = result.as_dict()
    level = "INFO" if result.coverage >= 1 else "ERROR"
    print(json.dumps({"level": level, "message": "tick", **described}))
    metrics.emit_tick(described)


def _annotate(subsegment: Subsegment, result: TickResult) -> None:
    """Annotate the tick's record in X-Ray; the pings are in the same trace."""
    subsegment.put_annotation(Annotation.SERVICE, service_name())
    subsegment.put_annotation(Annotation.KIND, "tick")
    described = result.as_dict()
    for name in TICK_ANNOTATIONS:
        subsegment.put_annotation(name, described[name])


def _seconds_left(context: Any) -> Callable[[], float]:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if callable(remaining):
        return lambda: remaining() / 1000
    ends = time.monotonic() + 30  # `sls invoke local` may pass a context without a clock
    return lambda: ends - time.monotonic()
