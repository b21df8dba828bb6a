"""What a ping does for the requests after it, beyond having loaded the code; only pings load this.

- Downstream tracing is prepared, as PILOTLIGHT_DOWNSTREAM_TRACING says.
- The cold-start flags of Powertools are cleared: it must not call a request cold whose start a ping met.
- The service's own `prewarm` runs, once in the life of an execution environment.
"""

from __future__ import annotations

import sys
import time

from pilotlight import downstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pilotlight.environment import ExecutionEnvironment
    from pilotlight.ping import Machine

    Handler = Callable[[Any, Any], Any]
    Prewarm = Callable[[Handler, Any], object]

_MOST_NOTE = 300
"""Characters of a note in a reply."""
_POWERTOOLS = "aws_lambda_powertools"
_FLAG = "is_cold_start"
_HOLDERS = {
    "logging": ("logging.logger",),
    "tracing": ("tracing.tracer",),
    "metrics": ("metrics.base", "metrics.provider.cold_start"),
}
"""The modules that hold the flag, by the part of Powertools that reads it: 2.43 to 3.37 have it there."""


class Prepared:
    """How long `prewarm` took, in ms, 0 where it did not run; and what a person has to know, a note each."""

    __slots__ = ("notes", "prewarm_ms")

    def __init__(self, prewarm_ms: float = 0.0, notes: tuple[str, ...] = ()) -> None:
        self.prewarm_ms = prewarm_ms
        self.notes = notes


class Preparation:
    """Prepares the execution environment of `handler`, which is the service's own, without what replies to pings."""

    __slots__ = ("downstream_tracing", "handler", "prewarm")

    def __init__(self, handler: Handler, prewarm: Prewarm | None = None, downstream_tracing: str = "off") -> None:
        self.handler = handler
        self.prewarm = prewarm
        self.downstream_tracing = downstream_tracing

    def run(self, environment: ExecutionEnvironment, context: Any, machine: Machine) -> Prepared:
        """Run at a ping. Raises what the loading of the tracing SDK raises, and nothing of the service's own."""
        if downstream.setting(self.downstream_tracing) == "xray":
            machine.prepare()
        notes = clear_cold_start_flags()
        if self.prewarm is None or environment.prewarmed:
            return Prepared(0.0, notes)
        environment.prewarmed = True
        began = time.perf_counter()
        failure = _call(self.prewarm, self.handler, context)
        prewarm_ms = round((time.perf_counter() - began) * 1000, 1)
        return Prepared(prewarm_ms, (*notes, *failure))


def clear_cold_start_flags() -> tuple[str, ...]:
    """Clear the flags of the parts of Powertools that are loaded; return a note for each that has none we know."""
    notes = []
    for part, holders in _HOLDERS.items():
        if f"{_POWERTOOLS}.{part}" not in sys.modules:
            continue
        loaded = [sys.modules.get(f"{_POWERTOOLS}.{holder}") for holder in holders]
        known = [module for module in loaded if isinstance(getattr(module, _FLAG, None), bool)]
        for module in known:
            setattr(module, _FLAG, False)
        if not known:
            notes.append(f"Powertools {_powertools_version()} keeps its cold-start flag of {part} in an unknown place")
    return tuple(notes)


def _call(prewarm: Prewarm, handler: Handler, context: Any) -> tuple[str, ...]:
    """Why it failed, as a note; none where it did not."""
    try:
        returned = prewarm(handler, context)
    except BaseException as error:  # SystemExit and its like too: they would end the environment
        import logging  # only a failure needs it

        logging.getLogger("pilotlight").exception("prewarm failed")
        return (f"prewarm failed: {type(error).__name__}: {_message(error)}"[:_MOST_NOTE],)
    status = returned.get("statusCode") if isinstance(returned, dict) else None
    if isinstance(status, int) and status >= 400:
        return (f"prewarm failed: its request was answered with status {status}",)
    return ()


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a message is made by code of the service's own
        return "its message could not be made"


def _powertools_version() -> str:
    version = getattr(sys.modules.get(f"{_POWERTOOLS}.shared.version"), "VERSION", "")
    return str(version) or "of an unknown version"
