"""The ping contract: make a ping, recognise one, hold its execution environment to a deadline, reply.

A ping is held so that no environment can reply to two pings of one tick; all are released together. A user's
request is never taken for a ping: API Gateway's events are recognised before this module is loaded, and nothing that a
client sends becomes a top-level key of the event.

The event has one key, `pilotlight`, with `version` (of this contract; the first warmers sent none), `ping`, `index`,
`of` and `hold_until`. The reply has the same one key: see `PingReply`. During every deployment two releases run side by
side, so both sides check the keys that they know and ignore the others, and a higher `version` still gets a reply. A
warm environment counts only if it runs the deployed build, so a reply names the package's version and the build.
"""

from __future__ import annotations

import math
import os
import time

from pilotlight import __version__, dialects, downstream
from pilotlight.preparation import Prepared
from pilotlight.tracing import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypedDict

    from pilotlight.environment import ExecutionEnvironment, Kind, Start
    from pilotlight.preparation import Preparation
    from pilotlight.tracing import Tracer

    class PingReply(TypedDict):
        """The reply of an execution environment to a ping, under KEY; `landed_at` in epoch seconds.

        `served` counts users' requests since the environment's last ping, `pings_before` the pings of the tick that
        this last ping belonged to (None: there was none). `made_by` is the kind of the environment's first invocation.
        `version` is Pilotlight's, `build` what `read_build` found; both are empty in the replies of older releases.
        `prewarm_ms` is how long the service's own `prewarm` took, and `notes` are what a person has to know; older
        releases have neither.
        """

        ping: str
        index: int
        environment: str
        start: Start
        init_ms: float | None
        age_ms: float
        served: int
        pings_before: int | None
        made_by: Kind | None
        initialization: str
        landed_at: float | None
        held_ms: float
        billed_ms: int
        version: str
        build: str
        prewarm_ms: float
        notes: list[str]


KEY = "pilotlight"
"""The only key of a ping's event, and of its reply."""
VERSION = 1
"""The version of the contract that pings are sent with."""
LONGEST_HOLD_SECONDS = 5.0
"""The longest hold, however late the deadline: users cannot reach a held environment."""
SECONDS_TO_SPARE = 0.25
"""A hold ends this long before the function's own timeout."""
MOST_PINGS = 1000
"""The most pings of one tick."""


class Ping:
    """Ping `index` (from 0) of `of` in the fan-out `identity`, held until `hold_until` (epoch seconds)."""

    __slots__ = ("hold_until", "identity", "index", "of")

    def __init__(self, identity: str, index: int, of: int, hold_until: float) -> None:
        self.identity = identity
        self.index = index
        self.of = of
        self.hold_until = hold_until

    def event(self) -> dict[str, Any]:
        """The event that the warmer invokes the API function with."""
        return {
            KEY: {
                "version": VERSION,
                "ping": self.identity,
                "index": self.index,
                "of": self.of,
                "hold_until": round(self.hold_until, 4),
            }
        }


def recognise(event: object) -> Ping | dialects.PeerPing | None:
    """Return the ping in an event, ours or a peer's; None for any other event."""
    if isinstance(event, dict) and event.keys() == {KEY}:
        return _parse(event[KEY])
    return dialects.recognise(event)


class Machine:
    """The clock and the sleep that holding a ping needs, and what loads the tracing SDK; tests pass their own."""

    __slots__ = ("now", "prepare", "sleep")

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        self.now = now
        self.sleep = sleep or _sleep
        self.prepare = prepare or downstream.trace_by_xray


def reply(
    ping: Ping | dialects.PeerPing,
    tracer: Tracer,
    context: Any,
    preparation: Preparation,
    machine: Machine | None = None,
) -> Any:
    """Prepare and hold the execution environment, record the ping, and return the reply. Never raises."""
    machine = machine or _THIS_MACHINE
    landed_at = machine.now()
    environment = tracer.environment
    start = environment.arrive("ping")
    record = Record("ping", getattr(context, "aws_request_id", None) or "", start)
    prepared = Prepared()
    try:
        prepared = preparation.run(environment, context, machine)
        until = ping.hold_until if isinstance(ping, Ping) else landed_at + ping.hold_seconds
        machine.sleep(_hold_seconds(until, machine.now(), context))
    except Exception:
        import logging  # only a failure needs it

        logging.getLogger("pilotlight").exception("a ping could not be held; its reply is sent at once")
    tracer.send(record)
    if not isinstance(ping, Ping):
        return ping.reply
    held = _reply_of(ping, environment, start, (landed_at, machine.now()))
    return {KEY: {**held, "prewarm_ms": prepared.prewarm_ms, "notes": list(prepared.notes)}}


def read_build() -> str:
    """The build that this execution environment runs: 16 hex digits.

    From PILOTLIGHT_BUILD, where another tool made the package, or from build.txt in the package. It is read once in the
    environment's life, and by no user's request; empty where neither is there.
    """
    global _build
    if _build is None:
        _build = os.environ.get("PILOTLIGHT_BUILD", "")[:64] or _build_of_package()
    return _build


_build: str | None = None


def _build_of_package() -> str:
    from pkgutil import get_data  # the SDK, which a ping may prepare, loads it too

    try:
        return (get_data("pilotlight", "build.txt") or b"")[:64].decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _parse(body: object) -> Ping | None:
    if not isinstance(body, dict) or not body.keys() >= {"ping", "index", "of", "hold_until"}:
        return None
    version = body.get("version", VERSION)
    if type(version) is not int or version < 1:
        return None
    identity, index, of, hold_until = body["ping"], body["index"], body["of"], body["hold_until"]
    if not (isinstance(identity, str) and 0 < len(identity) <= 64 and identity.isascii() and identity.isprintable()):
        return None
    if type(index) is not int or type(of) is not int or not 0 <= index < of <= MOST_PINGS:
        return None
    if type(hold_until) not in (int, float) or not 0 <= hold_until < 1e11:
        return None
    return Ping(identity, index, of, hold_until)


def _hold_seconds(until: float, now: float, context: Any) -> float:
    """The seconds until the deadline, limited by the cap and by the time that the invocation has left."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    left = remaining() / 1000 - SECONDS_TO_SPARE if callable(remaining) else LONGEST_HOLD_SECONDS
    return float(max(0.0, min(until - now, LONGEST_HOLD_SECONDS, left)))


def _sleep(seconds: float) -> None:
    """Sleep; return at once for 0, because the system's own sleep takes 60 µs even then."""
    if seconds > 0:
        time.sleep(seconds)


def _reply_of(ping: Ping, environment: ExecutionEnvironment, start: Start, held: tuple[float, float]) -> dict[str, Any]:
    landed_at, ends_at = held
    held_ms = max(0.0, (ends_at - landed_at) * 1000)
    init_ms = environment.init_ms
    return {
        "ping": ping.identity,
        "index": ping.index,
        "environment": environment.identity,
        "start": start,
        "init_ms": init_ms,
        "age_ms": round(environment.age_ms, 1),
        "served": environment.reset_served(),
        "pings_before": environment.replace_pings(ping.of),
        "made_by": environment.made_by,
        "initialization": environment.initialization,
        "landed_at": round(landed_at, 4),
        "held_ms": round(held_ms, 1),
        "billed_ms": math.ceil(held_ms + (init_ms or 0.0 if start == "cold" else 0.0)),
        "version": __version__,
        "build": read_build(),
    }


_THIS_MACHINE = Machine()
