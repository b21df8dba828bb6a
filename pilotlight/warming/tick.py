"""One tick for one target: pings out, replies in, distinct environments counted, once more where they fall short."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pilotlight.ping import KEY, Ping
from pilotlight.warming.hold import HoldEstimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pilotlight.warming.fanout import Reply

MOST_ROUNDS = 3
ROUND_SECONDS = 1.5
"""What must be left of the warmer's own time beyond the hold for another round to begin."""


class Invoker(Protocol):
    """What a tick needs of the Lambda API; FanOut is the real one."""

    def connect(self, count: int) -> None: ...

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Reply]: ...


@dataclass
class TickResult:
    """What one tick proved for one function. ``hold_ms``, ``billed_ms``: sums over its pings, as each measured itself;
    ``exposed_ms``: how long a user could have met held environments only."""

    function: str
    requested: int
    unique: int = 0
    cold: int = 0
    failed: int = 0
    throttled: int = 0
    rounds: int = 0
    invocations: int = 0
    hold_ms: float = 0.0
    billed_ms: int = 0
    exposed_ms: float = 0.0
    causes: list[str] = field(default_factory=list)
    stood_down: str = ""
    replies: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def coverage(self) -> float:
        """Distinct environments that answered, of those requested: 0 to 1."""
        return round(min(1.0, self.unique / self.requested), 4) if self.requested else 1.0

    def as_dict(self) -> dict[str, Any]:
        """The result as it is returned and logged; the single replies are left out."""
        result = {name: value for name, value in vars(self).items() if name not in ("causes", "replies")}
        result |= {"hold_ms": round(self.hold_ms, 1), "coverage": self.coverage, "causes": self.causes}
        if not self.stood_down:
            del result["stood_down"]
        return result

    def and_then(self, later: TickResult) -> TickResult:
        """This and a later tick of the same function as one: the sums of both, what the later one proved."""
        for name in ("cold", "failed", "throttled", "rounds", "invocations", "hold_ms", "billed_ms", "exposed_ms"):
            setattr(later, name, getattr(self, name) + getattr(later, name))
        later.causes = self.causes + later.causes
        return later


def tick(
    function: str,
    concurrency: int,
    invoker: Invoker,
    hold: HoldEstimate,
    seconds_left: Callable[[], float],
    *,
    pings: int | None = None,
    clock: Callable[[], float] = time.time,
) -> TickResult:
    """Prove ``concurrency`` distinct execution environments of ``function`` warm, as far as it can be done.

    ``pings`` is how many are sent at once, where fewer than ``concurrency`` fit; what is missing then stays missing.
    """
    result = TickResult(function, concurrency)
    causes: Counter[str] = Counter()
    pings = concurrency if pings is None else min(pings, concurrency)
    while result.unique < pings and result.rounds < MOST_ROUNDS:
        hold_seconds = hold.seconds(pings)
        if result.rounds and seconds_left() < hold_seconds + ROUND_SECONDS:
            causes["the warmer's own time ran out before another round"] += 1
            break
        before = result.failed + result.throttled
        spread = _round(result, pings, invoker, hold, hold_seconds, seconds_left, clock, causes)
        lost = result.failed + result.throttled - before
        if result.unique >= pings:
            hold.proved(spread)
        elif not lost:
            hold.fell_short(spread, hold_seconds)
        if result.throttled or lost == pings:
            break  # more pings would take what users need, or fail the same way
    if result.unique < pings and not causes:
        causes[f"{pings} pings met only {result.unique} distinct environments"] += 1
    result.causes += [cause if times == 1 else f"{cause} ({times} times)" for cause, times in causes.most_common()]
    return result


def _round(
    result: TickResult,
    pings: int,
    invoker: Invoker,
    hold: HoldEstimate,
    hold_seconds: float,
    seconds_left: Callable[[], float],
    clock: Callable[[], float],
    causes: Counter[str],
) -> float:
    """Ping every environment at once, and return the spread: first dispatch to last landing, in seconds.

    A later round pings all again, not only those missing: those would land on idle environments that are counted.
    """
    result.rounds += 1
    identity = os.urandom(8).hex()
    try:
        invoker.connect(pings)  # before the deadline is fixed: a TLS handshake is no time to hold environments for
        began = clock()
        hold_until = began + hold.lead_seconds(pings) + hold_seconds
        events = [Ping(identity, index, pings, hold_until).event() for index in range(pings)]
        payloads = [json.dumps(event).encode() for event in events]
        replies = invoker.invoke(result.function, payloads, max(1.0, seconds_left() - 1.0))
    except OSError as error:
        causes[f"the Lambda API could not be reached: {error}"] += 1
        result.failed += pings
        return 0.0
    result.invocations += len(replies)
    first_sent = min(reply.sent_at for reply in replies)
    hold.led(first_sent - began)
    landed: list[float] = []
    released: list[float] = []
    for reply in replies:
        body = _body(reply, identity)
        if body is None:
            causes[reply.cause or f"{result.function} did not answer the ping; is its handler an entry_point?"] += 1
            result.throttled += reply.outcome == "throttled"
            result.failed += reply.outcome != "throttled"
            continue
        first = result.replies.setdefault(body["environment"], body)
        if first is not body:  # its second answer in this tick tells only what users did in between
            first["served"] += body["served"]
        result.cold += body["start"] == "cold"
        result.hold_ms += body["held_ms"]
        result.billed_ms += body["billed_ms"]
        if body["start"] != "cold":  # a cold one was out of users' reach from the moment it was asked for
            landed.append(body["landed_at"])
            released.append(body["landed_at"] + body["held_ms"] / 1000)
    result.unique = len(result.replies)
    if landed:
        result.exposed_ms = round(result.exposed_ms + (max(released) - min(landed)) * 1000, 1)
    return max([*landed, *(reply.sent_at for reply in replies)]) - first_sent


def _body(reply: Reply, identity: str) -> dict[str, Any] | None:
    """The API function's reply to this ping; None for anything else, which is never taken for warm."""
    if reply.outcome != "answered" or not isinstance(reply.payload, dict):
        return None
    body = reply.payload.get(KEY)
    return body if isinstance(body, dict) and body.get("ping") == identity else None
