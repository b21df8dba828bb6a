"""The findings of a demonstration, and whether they prove the warm-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pilotlight_tools.latency.statistics import Distribution, distribution
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.pair import Pair

_TICK_KEYS = ("requested", "unique", "cold", "failed", "throttled", "rounds", "invocations", "hold_ms", "billed_ms")


@dataclass(frozen=True)
class Burst:
    """Concurrent requests with their records; `started` counts the execution environments started for them."""

    concurrency: int
    pairs: list[Pair]
    started: int

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests as the front door measured them."""
        return [pair.exchange for pair in self.pairs if pair.exchange is not None]

    @property
    def starts(self) -> list[str]:
        """The start type of each request; empty for a request without a record."""
        return [pair.start for pair in self.pairs]


@dataclass(frozen=True)
class Findings:
    """The findings; `tick` is the warmer's own result, `found` the number of requests read back from X-Ray.

    `contradictions` counts the records that contradict one another.
    """

    cold: list[Burst]
    warm: list[Burst]
    tick: dict[str, Any]
    found: int
    contradictions: int

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return sum(len(burst.pairs) for burst in (*self.cold, *self.warm))

    @property
    def wrong_records(self) -> int:
        """How many records contradict one another or the engine's log."""
        bursts = (*self.cold, *self.warm)
        return self.contradictions + sum(abs(burst.starts.count("cold") - burst.started) for burst in bursts)

    def shortfalls(self) -> list[str]:
        """List the reasons why the warm-up is not proved; empty when it is."""
        found = [*_shortfalls_of_tick(self.tick)]
        starts = [start for burst in self.warm for start in burst.starts]
        if starts.count("cold"):
            found.append(f"{starts.count('cold')} of {len(starts)} requests after the tick met a cold start")
        for name, bursts in (("before", self.cold), ("after", self.warm)):
            if lost := sum(burst.starts.count("") for burst in bursts):
                found.append(f"{lost} requests {name} the tick left no record, so their start type is unknown")
            if refused := sorted({each.status for burst in bursts for each in burst.exchanges if _failed(each)}):
                found.append(f"requests {name} the tick got a response of status {refused}")
        if self.found != self.sent:
            found.append(f"X-Ray has records of {self.found} requests, but {self.sent} were sent")
        if self.wrong_records:
            found.append(f"{self.wrong_records} records contradict one another or the engine's log")
        return found


def as_document(findings: Findings) -> dict[str, Any]:
    """Return the document that `--json` prints: milliseconds, counts, and the tick's own result."""
    return {
        "cold": _summary(findings.cold),
        "warm": _summary(findings.warm),
        "tick": {key: findings.tick[key] for key in (*_TICK_KEYS, "coverage")},
        "records": {
            "requests_sent": findings.sent,
            "records_found": findings.found,
            "misclassified": findings.wrong_records,
        },
    }


def times_of(bursts: Sequence[Burst]) -> Distribution:
    """Return the distribution of the response times in `bursts`."""
    times = distribution([exchange.milliseconds for burst in bursts for exchange in burst.exchanges])
    if times is None:
        raise ValueError("no request got a response")
    return times


def _summary(bursts: Sequence[Burst]) -> dict[str, float | int | None]:
    """The response times of all requests in `bursts`, in milliseconds; no p95 of fewer than twenty."""
    times = times_of(bursts)
    return {
        "count": times.count,
        "p50_ms": round(times.p50, 1),
        "p95_ms": None if times.p95 is None else round(times.p95, 1),
        "max_ms": round(times.max, 1),
    }


def _shortfalls_of_tick(tick: dict[str, Any]) -> Iterator[str]:
    if tick["coverage"] < 1 or tick["failed"] or tick["throttled"]:
        causes = "; ".join(cause for target in tick.get("targets", []) for cause in target.get("causes", []))
        yield (
            f"the tick covered {tick['unique']} of {tick['requested']} environments, with {tick['failed']} pings "
            f"failed and {tick['throttled']} throttled: {causes or 'no cause given'}"
        )


def _failed(exchange: Exchange) -> bool:
    """Whether it is a server error or comes from no function; another status, such as 404, is the function's choice."""
    return exchange.status >= 500 or exchange.request_id is None
