"""CloudWatch metrics in the embedded metric format: one JSON line in the log; no API call, no permission.

Format: "Embedded metric format specification" in the CloudWatch documentation. Metrics are never sampled.
"""

from __future__ import annotations

import json
import time

from pilotlight.environment import service_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

NAMESPACE = "Pilotlight"

START_METRICS = {
    "cold": "ColdStart",
    "proactive": "ProactiveStart",
    "provisioned": "ProvisionedStart",
    "restored": "RestoredStart",
}
"""The metric that counts the user requests of each start that is not warm."""

_INIT_DURATION = "InitDuration"

TICK_METRICS = {
    "EnvironmentsRequested": "requested",
    "EnvironmentsWarm": "unique",
    "ColdPings": "cold",
    "PingFailures": "failed",
    "PingThrottles": "throttled",
    "PingInvocations": "invocations",
}
"""The metrics that count what a tick did, and the key of its result that each one takes."""

COVERAGE = "Coverage"
INCOMPLETE_TICK = "IncompleteTick"
_EXPOSED = "ExposedDuration"


def emit_start(start: str, init_ms: float | None, request_id: str) -> None:
    """Count a user request whose start was not warm."""
    metrics: dict[str, tuple[float, str]] = {START_METRICS[start]: (1, "Count")}
    if init_ms is not None:
        metrics[_INIT_DURATION] = (init_ms, "Milliseconds")
    _emit(metrics, {"Service": service_name()}, {"request_id": request_id})


def emit_tick(result: Mapping[str, Any], write: Callable[[str], object] = print) -> None:
    """Count one tick of one target, for the service and for the function."""
    metrics = {name: (float(result[key]), "Count") for name, key in TICK_METRICS.items()}
    metrics[COVERAGE] = (100.0 * result["coverage"], "Percent")
    metrics[INCOMPLETE_TICK] = (0.0 if result["complete"] else 1.0, "Count")
    metrics[_EXPOSED] = (result["exposed_ms"], "Milliseconds")
    dimensions = {"Service": service_name(), "Function": result["function"]}
    _emit(metrics, dimensions, dimension_sets=[["Service"], ["Service", "Function"]], write=write)


def _emit(
    metrics: Mapping[str, tuple[float, str]],
    dimensions: Mapping[str, str],
    properties: Mapping[str, object] | None = None,
    *,
    dimension_sets: Sequence[Sequence[str]] | None = None,
    write: Callable[[str], object] = print,
) -> None:
    """Write one line: `metrics` maps a name to (value, CloudWatch unit); `properties` are logged only.

    `dimension_sets` are those under which CloudWatch keeps each metric: all `dimensions` together by default.
    """
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": dimension_sets or [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
                }
            ],
        },
        **dimensions,
        **(properties or {}),
        **{name: value for name, (value, _) in metrics.items()},
    }
    write(json.dumps(line))
