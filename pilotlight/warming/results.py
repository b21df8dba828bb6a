"""What ticks proved and what they cost, as values that add up."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field, replace
from statistics import median_low
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pilotlight.ping import PingReply


@dataclass(frozen=True)
class Tally:
    """Counts and costs of pings; tallies can be added.

    `hold_ms`, `billed_ms` and `prewarm_ms` are sums over the pings, as each measured itself; `exposed_ms` is how long
    users could have met only held environments.
    """

    cold: int = 0
    failed: int = 0
    throttled: int = 0
    rounds: int = 0
    invocations: int = 0
    hold_ms: float = 0.0
    billed_ms: int = 0
    exposed_ms: float = 0.0
    prewarm_ms: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """The tally as it is returned and logged, milliseconds to a tenth."""
        in_ms = {name: round(getattr(self, name), 1) for name in ("hold_ms", "exposed_ms", "prewarm_ms")}
        return asdict(replace(self, **in_ms))


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
    outdated: int = 0
    """How many of the environments that replied run another build than the deployed one, and do not count."""

    def __add__(self, later: TickResult) -> TickResult:
        """The later result, with the tallies and causes of both."""
        return replace(later, tally=self.tally + later.tally, causes=self.causes + later.causes)

    @property
    def unique(self) -> int:
        """Distinct environments that replied and run the deployed build."""
        return len(self.replies) - self.outdated

    @property
    def init_p50_ms(self) -> float | None:
        """The median init of the environments that pings started, in milliseconds; None where there was none."""
        inits = [reply["init_ms"] for reply in self.replies.values() if reply["start"] == "cold"]
        known = [init_ms for init_ms in inits if init_ms is not None]
        return median_low(known) if known else None

    @property
    def coverage(self) -> float:
        """Distinct environments that count, of those requested: 0 to 1."""
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
            **({} if self.init_p50_ms is None else {"init_p50_ms": round(self.init_p50_ms, 1)}),
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
