"""CloudWatch metrics in the embedded metric format: one JSON line in the log, no call and no permission.

Format: "Embedded metric format specification" in the CloudWatch documentation. Unlike traces they are never sampled.
"""

from __future__ import annotations

import json
import time

from pilotlight.environment import service_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMESPACE = "Pilotlight"

START_METRICS = {
    "cold": "ColdStart",
    "proactive": "ProactiveStart",
    "provisioned": "ProvisionedStart",
    "restored": "RestoredStart",
}
"""The metric that counts the user requests of each start that is not warm."""

INIT_DURATION = "InitDuration"


def emit(
    metrics: Mapping[str, tuple[float, str]],
    dimensions: Mapping[str, str],
    properties: Mapping[str, object] | None = None,
    write: Callable[[str], object] = print,
) -> None:
    """Write one line: ``metrics`` is name to (value, CloudWatch unit), ``properties`` are logged but no dimension."""
    names = list(dimensions)
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [names],
                    "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
                }
            ],
        },
        **dimensions,
        **(properties or {}),
        **{name: value for name, (value, _) in metrics.items()},
    }
    write(json.dumps(line))


def emit_start(start: str, init_ms: float | None, request_id: str) -> None:
    """Count a user request whose start was not warm."""
    metrics: dict[str, tuple[float, str]] = {START_METRICS[start]: (1, "Count")}
    if init_ms is not None:
        metrics[INIT_DURATION] = (init_ms, "Milliseconds")
    emit(metrics, {"Service": service_name()}, {"request_id": request_id})
