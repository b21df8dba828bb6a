"""The facts of a record as attributes of an OpenTelemetry span; loaded only where OpenTelemetry is loaded."""

from __future__ import annotations

import sys

from pilotlight.environment import Annotation, service_name
from pilotlight.tracing import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pilotlight.environment import ExecutionEnvironment
    from pilotlight.tracing import Record


def describe(record: Record, environment: ExecutionEnvironment) -> None:
    """Give the current span the facts of the record, where it is recording; a ping's span is named like one.

    `faas.coldstart` and `faas.instance` are of OpenTelemetry's semantic conventions ("FaaS spans").
    """
    span = sys.modules["opentelemetry.trace"].get_current_span()
    if not span.is_recording():
        return
    if record.kind == "ping":
        span.update_name(f"{NAME} ping")
    attributes: dict[str, Any] = {
        "faas.coldstart": record.start == "cold",
        "faas.instance": environment.identity,
        f"{NAME}.{Annotation.KIND}": record.kind,
        f"{NAME}.{Annotation.START}": record.start,
        f"{NAME}.{Annotation.SERVICE}": service_name(),
        f"{NAME}.{Annotation.WARMED_BY_PING}": environment.warmed_by_ping,
        f"{NAME}.{Annotation.INIT_MS}": environment.init_ms,
        f"{NAME}.{Annotation.ROUTE}": record.route,
        f"{NAME}.{Annotation.STATUS}": record.status or None,
    }
    span.set_attributes({name: value for name, value in attributes.items() if value is not None})
