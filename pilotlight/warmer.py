"""The scheduled function: a scheduled event in, a tick of each target, proven coverage out.

Nobody waits for it, so it imports what it needs; the API function never loads this module.
"""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pilotlight import metrics
from pilotlight.ping import read_build
from pilotlight.warming.deadline import Deadline
from pilotlight.warming.fanout import FanOut
from pilotlight.warming.headroom import Headroom
from pilotlight.warming.policy import Warming
from pilotlight.warming.record import TickRecord
from pilotlight.warming.results import Tally, TickResult, total
from pilotlight.warming.schedule import find_stale
from pilotlight.warming.targets import parse_targets

if TYPE_CHECKING:
    from pilotlight.warming.targets import Target

SECONDS_TO_SPARE = 2.0
"""What the ticks leave of the warmer's own timeout, for their log lines, their metrics and the result."""
_SECONDS_WITHOUT_CLOCK = 30.0
"""`sls invoke local` may give no clock."""

_warming: Warming | None = None


def handler(event: object, context: Any) -> dict[str, Any]:
    """Tick every target of PILOTLIGHT_TARGETS in turn, log each result, and return them with their sums.

    An incomplete tick is a result, not an exception: an asynchronous retry would only ping again. All is done
    SECONDS_TO_SPARE before the warmer's own timeout. A tick whose event is older than PILOTLIGHT_RATE is skipped: the
    next has come since. Raises TargetsError where the configuration is wrong.
    """
    if stale := find_stale(event, os.environ.get("PILOTLIGHT_RATE", ""), time.time()):
        print(json.dumps({"level": "WARNING", "message": f"tick skipped: {stale.reason}", **asdict(stale)}))
        return {**total([]), "skipped": stale.reason}
    deadline = Deadline(_seconds_left(context) - SECONDS_TO_SPARE)
    targets = parse_targets(os.environ.get("PILOTLIGHT_TARGETS", ""))
    results = []
    for index, target in enumerate(targets):
        record = TickRecord(target.function, getattr(context, "aws_request_id", None) or "")
        results.append(_tick(target, deadline.share(len(targets) - index), record))
    return total(results)


def _start_warming() -> Warming:
    """One session, and one memory of what ticks taught, for the life of this environment."""
    session = boto3.Session()
    quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    return Warming(FanOut(session), Headroom(session.client("lambda", config=quick)), build=read_build())


def _tick(target: Target, deadline: Deadline, record: TickRecord) -> TickResult:
    global _warming
    record.begin()
    try:
        _warming = _warming or _start_warming()
        result = _warming.tick(target, deadline.seconds_left)
    except Exception as error:  # the other targets still need their ticks
        logging.getLogger("pilotlight").exception("the tick of %s broke", target.function)
        requested = target.size.maximum
        causes = (f"the tick broke: {type(error).__name__}: {error}"[:500],)
        result = TickResult(target.function, requested, tally=Tally(failed=requested), causes=causes)
    record.end(result.as_dict())
    _report(result)
    return result


def _report(result: TickResult) -> None:
    """Log what a tick proved, at ERROR where it fell short, and count it in the metrics."""
    described = result.as_dict()
    level = "INFO" if result.complete else "ERROR"
    if not metrics.is_invoked_locally():  # there the result says the same
        print(json.dumps({"level": level, "message": "tick", **described}))
    metrics.emit_tick(described)


def _seconds_left(context: Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else _SECONDS_WITHOUT_CLOCK
