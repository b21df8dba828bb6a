"""CloudWatch metrics in the embedded metric format: one JSON line in the log; no API call, no permission.

Format: "Embedded metric format specification" in the CloudWatch documentation. Metrics are never sampled. Each is kept
under one set of dimensions, service and function, and there are ten: CloudWatch's free tier ("Amazon CloudWatch
pricing") has as many, and charges each set as a metric of its own. What else a line tells is for CloudWatch Logs alone.
"""

from __future__ import annotations

import os
import time
from _json import encode_basestring_ascii, make_encoder  # `json` loads `re`, which is heavy

from pilotlight.environment import service_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

NAMESPACE = "Pilotlight"
"""Unless PILOTLIGHT_METRICS_NAMESPACE names another."""

START_METRICS = {
    "cold": "ColdStart",
    "proactive": "ProactiveStart",
    "provisioned": "ProvisionedStart",
    "restored": "RestoredStart",
}
"""The metric that counts the user requests of each start that is not warm."""

TICK_METRICS = {
    "EnvironmentsWarm": "unique",
    "ColdPings": "cold",
    "PingFailures": "failed",
    "PingThrottles": "throttled",
}
"""The metrics that count what a tick did, and the key of its result that each one takes."""

COVERAGE = "Coverage"
INCOMPLETE_TICK = "IncompleteTick"


def count_start(start: str, init_ms: float | None, request_id: str) -> None:
    """`emit_start`, whatever happens: a closed stdout or a full disk must not lose the response."""
    try:
        emit_start(start, init_ms, request_id)
    except Exception:
        return


def emit_start(start: str, init_ms: float | None, request_id: str) -> None:
    """Count a user request whose start was not warm."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or service_name()
    _emit({START_METRICS[start]: (1, "Count")}, function, {"request_id": request_id, "init_ms": init_ms})


def emit_tick(result: Mapping[str, Any], write: Callable[[str], object] = print) -> None:
    """Count one tick of one target."""
    metrics = {name: (float(result[key]), "Count") for name, key in TICK_METRICS.items()}
    metrics[COVERAGE] = (100.0 * result["coverage"], "Percent")
    metrics[INCOMPLETE_TICK] = (0.0 if result["complete"] else 1.0, "Count")
    _emit(metrics, _unqualified(result["function"]), write=write)


def is_invoked_locally() -> bool:
    """Whether this is `sls invoke local`, which prints what a function writes before the response: it sets IS_LOCAL."""
    return os.environ.get("IS_LOCAL") == "true"


def _unqualified(function: str) -> str:
    """The function's name, from a name or an ARN with or without an alias: Lambda's own metrics have the name alone."""
    name = function.partition(":function:")[2] or function
    return name.partition(":")[0]


def _emit(
    metrics: Mapping[str, tuple[float, str]],
    function: str,
    properties: Mapping[str, object] | None = None,
    *,
    write: Callable[[str], object] = print,
) -> None:
    """Write one line: `metrics` maps a name to (value, CloudWatch unit); `properties` are logged only."""
    if is_invoked_locally():
        return  # nothing reads metrics there
    dimensions = {"Service": service_name(), "Function": function}
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": os.environ.get("PILOTLIGHT_METRICS_NAMESPACE") or NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
                }
            ],
        },
        **dimensions,
        **(properties or {}),
        **{name: value for name, (value, _) in metrics.items()},
    }
    encode = make_encoder(None, str, encode_basestring_ascii, None, ": ", ", ", False, False, True)
    write("".join(encode(line, 0)))
