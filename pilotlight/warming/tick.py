"""One tick of one target: send pings, read replies, count distinct environments; repeat where some are missing."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from dataclasses import asdict, astuple, dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from pilotlight.ping import Ping
from pilotlight.warming.replies import by_environment, read_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pilotlight.ping import PingReply
    from pilotlight.warming.fanout import Invocation
    from pilotlight.warming.hold import HoldEstimate

MOST_ROUNDS = 3
_ROUND_SECONDS = 1.5
"""What must be left of the tick's time beyond the hold for another round to begin."""
INIT_SECONDS = 10.0
"""A cold environment may take this long before the function's own timeout begins ("Understanding the Lambda execution
environment lifecycle", "Init phase"). Lambda's report of a timeout comes within it, too."""
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

    `timeout_seconds` is the function's own: a reply is not waited for beyond its hold, an init and this.
    """

    function: str
    requested: int
    pings: int
    timeout_seconds: float = 30.0


@dataclass(frozen=True)
class Times:
    """The warmer's clocks: `seconds_left` for this tick, and `now` in epoch seconds."""

    seconds_left: Callable[[], float]
    now: Callable[[], float] = time.time


@dataclass(frozen=True)
class Tally:
    """Counts and costs of pings; tallies can be added.

    `hold_ms` and `billed_ms` are sums over the pings, as each measured itself; `exposed_ms` is how long users could
    have met only held environments.
    """

    cold: int = 0
    failed: int = 0
    throttled: int = 0
    rounds: int = 0
    invocations: int = 0
    hold_ms: float = 0.0
    billed_ms: int = 0
    exposed_ms: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """The tally as it is returned and logged, milliseconds to a tenth."""
        return asdict(replace(self, hold_ms=round(self.hold_ms, 1), exposed_ms=round(self.exposed_ms, 1)))


@dataclass(frozen=True)
class TickResult:
    """What one tick proved for one function. A later tick of the same function adds its tally and causes."""

    function: str
    requested: int
    replies: Mapping[str, PingReply] = field(default_factory=dict, repr=False)
    tally: Tally = Tally()
    causes: tuple[str, ...] = ()
    stood_down: str = ""
    limited_to: int | None = None
    """How many pings fit, where that is fewer than requested: the rest is missing, and no fault of the tick."""

    def __add__(self, later: TickResult) -> TickResult:
        """The later result, with the tallies and causes of both."""
        return replace(later, tally=self.tally + later.tally, causes=self.causes + later.causes)

    @property
    def unique(self) -> int:
        """Distinct environments that replied."""
        return len(self.replies)

    @property
    def coverage(self) -> float:
        """Distinct environments that replied, of those requested: 0 to 1."""
        return _coverage(self.unique, self.requested)

    @property
    def complete(self) -> bool:
        """Whether every environment that fits was proved."""
        return self.unique >= (self.requested if self.limited_to is None else self.limited_to)

    def as_dict(self) -> dict[str, Any]:
        """The result as it is returned and logged, without the replies themselves."""
        return {
            "function": self.function,
            "requested": self.requested,
            "unique": self.unique,
            **self.tally.as_dict(),
            "coverage": self.coverage,
            "complete": self.complete,
            "causes": list(self.causes),
            **({} if self.limited_to is None else {"limited_to": self.limited_to}),
            **({"stood_down": self.stood_down} if self.stood_down else {}),
        }


def total(results: Sequence[TickResult]) -> dict[str, Any]:
    """The sums over all targets, `coverage` from 0 to 1, and under `targets` each one's own result."""
    requested, unique = sum(each.requested for each in results), sum(each.unique for each in results)
    return {
        "requested": requested,
        "unique": unique,
        **sum((each.tally for each in results), Tally()).as_dict(),
        "coverage": _coverage(unique, requested),
        "complete": all(each.complete for each in results),
        "targets": [each.as_dict() for each in results],
    }


def _coverage(unique: int, requested: int) -> float:
    """The share of the requested environments that replied, 1 where none was requested."""
    return round(min(1.0, unique / requested), 4) if requested else 1.0


def tick(order: Order, invoker: Invoker, hold: HoldEstimate, times: Times) -> TickResult:
    """Prove what is ordered, as far as it can be done; what pings that do not fit would have found stays missing."""
    try:
        return _tick(order, invoker, hold, times)
    finally:
        invoker.close()


def _tick(order: Order, invoker: Invoker, hold: HoldEstimate, times: Times) -> TickResult:
    found = _Round()
    while len(found.replies) < order.pings and found.tally.rounds < MOST_ROUNDS:
        hold_seconds = hold.seconds(order.pings)
        if found.tally.rounds and times.seconds_left() < hold_seconds + _ROUND_SECONDS:
            found += _Round(causes=Counter(["the warmer's own time ran out before another round"]))
            break
        latest = _round(order, hold_seconds, invoker, hold, times)
        found += latest
        if len(found.replies) >= order.pings:
            hold.learn_complete(latest.spread_seconds)
        elif not latest.lost:
            hold.learn_short(latest.spread_seconds, hold_seconds)
        if latest.tally.throttled or latest.lost == order.pings:
            break  # more pings would take what users need, or fail the same way
    return TickResult(order.function, order.requested, found.replies, found.tally, _causes(order, found))


@dataclass(frozen=True)
class _Round:
    """What one round found: replies by environment, and why others are missing. Rounds of one tick add up."""

    replies: dict[str, PingReply] = field(default_factory=dict)
    tally: Tally = Tally()
    causes: Counter[str] = field(default_factory=Counter)
    spread_seconds: float = 0.0
    """First dispatch to last landing."""
    skew_seconds: float = 0.0
    """How far the target's clock is ahead of the warmer's, where that is more than the network can explain."""

    def __add__(self, later: _Round) -> _Round:
        replies = by_environment([*self.replies.values(), *later.replies.values()])
        causes = self.causes + later.causes
        return _Round(replies, self.tally + later.tally, causes, later.spread_seconds, later.skew_seconds)

    @property
    def lost(self) -> int:
        """Pings without a reply."""
        return self.tally.failed + self.tally.throttled


def _round(order: Order, hold_seconds: float, invoker: Invoker, hold: HoldEstimate, times: Times) -> _Round:
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
        return _Round(tally=Tally(rounds=1, failed=order.pings), causes=unreachable)
    hold.learn_lead(min(each.sent_at for each in invocations) - began)
    read = _read(order.function, ping, invocations)
    hold.skew_seconds = read.skew_seconds
    return read


def _read(function: str, ping: str, invocations: Sequence[Invocation]) -> _Round:
    read = [read_reply(each.payload, ping) if each.outcome == "succeeded" else None for each in invocations]
    lost = [each for each, reply in zip(invocations, read, strict=True) if reply is None]
    replies = [reply for reply in read if reply is not None]
    skew_seconds = _skew(zip(invocations, read, strict=True))
    causes = Counter(_without_ids(each.cause or _no_reply(function, each)) for each in lost)
    if skew_seconds:
        causes[f"the clock of {function} is {skew_seconds:+.0f} s off the warmer's; its pings are held by its own"] = 1
    # A cold environment was out of users' reach from the moment it was asked for.
    held = [(reply["landed_at"], reply["held_ms"] / 1000) for reply in replies if reply["start"] != "cold"]
    spans = [(at - skew_seconds, at - skew_seconds + held_seconds) for at, held_seconds in held if at is not None]
    throttled = sum(each.outcome == "throttled" for each in lost)
    sent = [each.sent_at for each in invocations]
    return _Round(
        by_environment(replies),
        Tally(
            cold=sum(reply["start"] == "cold" for reply in replies),
            failed=len(lost) - throttled,
            throttled=throttled,
            rounds=1,
            invocations=sum(each.attempts for each in invocations),
            hold_ms=sum(reply["held_ms"] for reply in replies),
            billed_ms=sum(reply["billed_ms"] for reply in replies),
            exposed_ms=(max(end for _, end in spans) - min(start for start, _ in spans)) * 1000 if spans else 0.0,
        ),
        causes,
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


def _no_reply(function: str, invocation: Invocation) -> str:
    returned = json.dumps(invocation.payload)[:80]
    return f"{function} did not reply to the ping but returned {returned}; is its handler an entry_point?"


_ID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{16,}\b")


def _causes(order: Order, found: _Round) -> tuple[str, ...]:
    if len(found.replies) < order.pings and not found.causes:
        return (f"{order.pings} pings met only {len(found.replies)} distinct environments",)
    return tuple(cause if times == 1 else f"{cause} ({times} times)" for cause, times in found.causes.most_common())
