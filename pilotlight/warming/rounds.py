"""One round of a tick: every environment pinged at once, and what their replies tell."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Protocol

from pilotlight.ping import Ping
from pilotlight.warming import builds
from pilotlight.warming.replies import by_environment, read_reply
from pilotlight.warming.results import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pilotlight.ping import PingReply
    from pilotlight.warming.fanout import Invocation
    from pilotlight.warming.hold import HoldEstimate

INIT_SECONDS = 10.0
"""A cold environment may take this long before the function's own timeout begins ("Understanding the Lambda execution
environment lifecycle", "Init phase"). Lambda's report of a timeout comes within it, too."""
_MOST_NOTE = 300
_OF_THE_HANDLER = ("Runtime.MarshalError", "Runtime.HandlerError")
"""Its result is no JSON (the runtime client); it raised (the local engine, where AWS has the exception's own name)."""
_SKEW_SECONDS = 0.5
"""A reply that landed this long before it was sent, or after it was received, comes from a clock that differs."""


class Invoker(Protocol):
    """What a tick needs of the Lambda API; FanOut is the real one."""

    def connect(self, count: int, timeout_seconds: float) -> None: ...

    def signing_seconds(self, function: str, payload: bytes) -> float: ...

    def close(self) -> None: ...

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Invocation]: ...


@dataclass(frozen=True)
class Order:
    """Prove `requested` distinct execution environments of `function` warm, with `pings` at once where fewer fit.

    `timeout_seconds` is the function's own: a reply is not waited for beyond its hold, an init and this. `build` is the
    warmer's own, which is the deployed one; where it is empty, environments of any build count.
    """

    function: str
    requested: int
    pings: int
    timeout_seconds: float = 30.0
    build: str = ""


@dataclass(frozen=True)
class Times:
    """The warmer's clocks: `seconds_left` for this tick, and `now` in epoch seconds."""

    seconds_left: Callable[[], float]
    now: Callable[[], float] = time.time


@dataclass(frozen=True)
class Round:
    """What one round found: replies by environment, and why others are missing. Rounds of one tick add up."""

    replies: dict[str, PingReply] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    causes: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    """What environments that replied have to say, such as a failed prewarm: no reason why others are missing."""
    spread_seconds: float = 0.0
    """First dispatch to last landing."""
    skew_seconds: float = 0.0
    """How far the target's clock is ahead of the warmer's, where that is more than the network can explain."""
    build: str = ""
    """The build that counts, by the newest replies: a deployment may end between two rounds."""

    def __add__(self, later: Round) -> Round:
        replies = by_environment([*self.replies.values(), *later.replies.values()])
        return Round(
            replies,
            self.tally + later.tally,
            self.causes + later.causes,
            self.notes + later.notes,
            later.spread_seconds,
            later.skew_seconds,
            later.build or self.build,
        )

    @property
    def counted(self) -> list[PingReply]:
        """The replies of environments that run the deployed build."""
        return [reply for reply in self.replies.values() if builds.is_deployed(reply, self.build)]

    @property
    def lost(self) -> int:
        """Pings without a reply."""
        return self.tally.failed + self.tally.throttled


def ping_all(order: Order, hold_seconds: float, invoker: Invoker, hold: HoldEstimate, times: Times) -> Round:
    """Ping every environment at once.

    A later round pings all again: pings for the missing ones alone would land on idle environments already counted.
    """
    ping = os.urandom(8).hex()
    try:
        # Connected before the deadline is fixed: no environment is held for a TLS handshake.
        invoker.connect(order.pings, times.seconds_left())
        lead_seconds = hold.lead_seconds
        if lead_seconds is None:
            sample = json.dumps(Ping(ping, 0, 1, times.now()).event()).encode()
            lead_seconds = invoker.signing_seconds(order.function, sample) * order.pings
        began = times.now()
        hold_until = began + lead_seconds + hold_seconds + hold.skew_seconds
        events = [Ping(ping, index, order.pings, hold_until).event() for index in range(order.pings)]
        payloads = [json.dumps(event).encode() for event in events]
        longest_seconds = lead_seconds + hold_seconds + INIT_SECONDS + order.timeout_seconds
        timeout_seconds = min(times.seconds_left(), longest_seconds)
        invocations = invoker.invoke(order.function, payloads, timeout_seconds)
    except OSError as error:
        unreachable = Counter([f"the Lambda API could not be reached: {error}"])
        return Round(tally=Tally(rounds=1, failed=order.pings), causes=unreachable)
    hold.learn_lead(min(each.sent_at for each in invocations) - began)
    read = _read(order.function, ping, invocations)
    hold.skew_seconds = read.skew_seconds
    return replace(read, build=builds.deployed_build(read.replies.values(), order.build))


def _read(function: str, ping: str, invocations: Sequence[Invocation]) -> Round:
    read = [read_reply(each.payload, ping) if each.outcome == "succeeded" else None for each in invocations]
    lost = [each for each, reply in zip(invocations, read, strict=True) if reply is None]
    replies = [reply for reply in read if reply is not None]
    skew_seconds = _skew(zip(invocations, read, strict=True))
    causes = Counter(_without_ids(_cause(function, each, bool(replies))) for each in lost)
    if skew_seconds:
        causes[f"the clock of {function} is {skew_seconds:+.0f} s off the warmer's; its pings are held by its own"] = 1
    # A cold environment was out of users' reach from the moment it was asked for.
    held = [(reply["landed_at"], reply["held_ms"] / 1000) for reply in replies if reply["start"] != "cold"]
    spans = [(at - skew_seconds, at - skew_seconds + held_seconds) for at, held_seconds in held if at is not None]
    throttled = sum(each.outcome == "throttled" for each in lost)
    sent = [each.sent_at for each in invocations]
    return Round(
        by_environment(replies),
        Tally(
            cold=sum(reply["start"] == "cold" for reply in replies),
            failed=len(lost) - throttled,
            throttled=throttled,
            rounds=1,
            invocations=sum(each.attempts for each in invocations),
            hold_ms=sum(reply["held_ms"] for reply in replies),
            billed_ms=sum(reply["billed_ms"] for reply in replies),
            prewarm_ms=sum(reply["prewarm_ms"] for reply in replies),
            exposed_ms=(max(end for _, end in spans) - min(start for start, _ in spans)) * 1000 if spans else 0.0,
        ),
        causes,
        Counter(_without_ids(note[:_MOST_NOTE]) for reply in replies for note in reply["notes"]),
        max([*sent, *(start for start, _ in spans)]) - min(sent),
        skew_seconds,
    )


def _skew(replied: Iterable[tuple[Invocation, PingReply | None]]) -> float:
    """The target's clock less the warmer's, 0 where most replies landed between their sending and their receipt."""
    skews = []
    for invocation, reply in replied:
        if reply is None or reply["landed_at"] is None or invocation.received_at is None:
            continue
        early, late = reply["landed_at"] - invocation.sent_at, reply["landed_at"] - invocation.received_at
        skews.append(early if early < -_SKEW_SECONDS else late if late > _SKEW_SECONDS else 0.0)
    return float(median(skews)) if skews else 0.0


def _without_ids(cause: str) -> str:
    """The cause without request ids, so that what failed alike counts as one cause."""
    return _ID.sub("…", cause)


def _cause(function: str, invocation: Invocation, others_reply: bool) -> str:
    """Why there is no reply; with what to write, where the handler is one that does not know pings."""
    if invocation.outcome == "function error" and not others_reply:
        return invocation.cause if _is_of_lambda(invocation.cause) else f"{invocation.cause}; {_remedy(function)}"
    if invocation.outcome != "succeeded":
        return invocation.cause
    payload = invocation.payload if isinstance(invocation.payload, dict) else {}
    if payload.get("statusCode") == 400 and "bad request" in str(payload.get("body")):
        # What 0.1.0 returns, for which a ping with a key that it does not know is none.
        return f"{function} did not understand the ping; is it an older version of Pilotlight? deploy it"
    returned = _without_ids(json.dumps(invocation.payload))[:80]
    return f"{function} did not reply to the ping but returned {returned}; {_remedy(function)}"


def _is_of_lambda(cause: str) -> bool:
    """Whether a function error is Lambda's, such as a timeout or a failed import, and not what the handler did."""
    if cause.startswith(_OF_THE_HANDLER):
        return False
    return cause.startswith(("Runtime.", "Sandbox.")) or "Task timed out" in cause


def _remedy(function: str) -> str:
    return (
        f"for {function} to reply, its handler's module needs two lines: `from pilotlight import warmable`, and "
        "`handler = warmable(handler)` below the handler"
    )


_ID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{16,}\b")
