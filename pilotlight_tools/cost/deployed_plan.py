"""What a deployed stage costs a month, of what is deployed and of what its users did: read, and not asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pilotlight_tools.cost.deployed_stage import Clients, DeployedStage, Function, UnknownCostError, read_stage
from pilotlight_tools.cost.plan import MONTH_SECONDS, Plan
from pilotlight_tools.cost.stage import MonthlyCost, stage_bills

_READ_AGAIN_SECONDS = 300.0
"""How old what was read may be, for a page that asks every few seconds: it changes with a deployment."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the users of a stage did and met in `seconds`. Times in milliseconds, None where none was measured.

    `requests` are all, or the traced ones where not `is_complete`; `by_function` are those of each function, by its
    name. `cold_without_pings` is by `latency.without_pings`, None where it is not known.
    """

    seconds: float
    requests: int
    is_complete: bool
    cold: int
    cold_without_pings: int | None
    request_ms: float | None
    init_ms: float | None
    by_function: Mapping[str, int] = field(default_factory=dict)


def monthly_cost(
    clients: Clients,
    stack: str,
    stage: str,
    observed: Observed,
    *,
    tell: Callable[[str], object] = lambda _reason: None,
) -> MonthlyCost | None:
    """Read a stage and compute what it costs a month, once: see `StageCosts`."""
    return StageCosts(clients, stack, stage)(observed, tell)


class StageCosts:
    """Computes what a stage costs a month, again and again: it is read at the first call, and again after a while.

    `clients` makes a boto3 client by its service's name; `given` are fields of Plan that somebody chose. A call returns
    None where the cost cannot be known, after calling its `tell` with why.
    """

    def __init__(
        self,
        clients: Clients,
        stack: str,
        stage: str,
        *,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self._clients, self._stack, self._stage, self._given = clients, stack, stage, given
        self._read: DeployedStage | None = None
        self._read_at = 0.0

    def __call__(self, observed: Observed, tell: Callable[[str], object] = lambda _reason: None) -> MonthlyCost | None:
        try:
            if self._read is None or time.monotonic() - self._read_at > _READ_AGAIN_SECONDS:
                self._read, self._read_at = read_stage(self._clients, self._stack, self._stage), time.monotonic()
            return cost_of(self._read, observed, self._given)
        except UnknownCostError as reason:
            tell(str(reason))
            return None


def cost_of(deployed: DeployedStage, observed: Observed, given: Mapping[str, Any] | None = None) -> MonthlyCost:
    """Compute what a stage costs a month of the observed load. `given` are fields of Plan that are chosen instead."""
    used = tuple(each for each in deployed.targets if observed.by_function.get(each.name))
    if used and deployed.warmer is None:
        deployed = replace(deployed, targets=used)
    plans = tuple(_plan(deployed, target, observed, given or {}) for target in deployed.targets)
    if not plans:
        raise UnknownCostError("none of the warmer's targets is a function of this stack")
    return MonthlyCost(
        bills=stage_bills(plans),
        has_warmer=deployed.warmer is not None and deployed.interval_minutes is not None,
        plans=plans,
        observed=tuple(_observed(observed, given or {})),
        assumed=(*deployed.assumed, *_assumed(deployed, observed, plans[0], given or {})),
    )


def _plan(deployed: DeployedStage, target: Function, observed: Observed, given: Mapping[str, Any]) -> Plan:
    has_warmer = deployed.warmer is not None and deployed.interval_minutes is not None
    without, with_warmer = _cold_shares(observed, has_warmer=has_warmer)
    known = {
        "memory_mb": target.memory_mb,
        "architecture": target.architecture,
        "concurrency": None if target.concurrency is None else max(1, target.concurrency),
        "interval_minutes": deployed.interval_minutes,
        "requests_per_month": _requests(deployed, target, observed) * MONTH_SECONDS / observed.seconds,
        "request_ms": observed.request_ms or None,
        "init_ms": observed.init_ms,
        "warmer_memory_mb": deployed.warmer.memory_mb if deployed.warmer else None,
        "traced_per_second": deployed.traced_per_second,
        "sampling": deployed.sampling,
        "observability": deployed.has_observability,
        "api_methods_measured": deployed.methods_measured,
        "cold_share": without,
        "cold_share_with_warmer": with_warmer,
    }
    return Plan(**{name: value for name, value in {**known, **given}.items() if value is not None})


def _cold_shares(observed: Observed, *, has_warmer: bool) -> tuple[float | None, float | None]:
    """The shares of cold starts without and with the warmer, where they were observed: of traces they are not true."""
    if not observed.is_complete or not observed.requests:
        return None, None
    really = observed.cold / observed.requests
    if not has_warmer:
        return really, None
    if observed.cold_without_pings is None:
        return None, None
    return min(1.0, max(really, observed.cold_without_pings / observed.requests)), really


def _requests(deployed: DeployedStage, target: Function, observed: Observed) -> float:
    """A target's own requests, or its part of all where they are not known by function."""
    of_targets = sum(observed.by_function.get(each.name, 0) for each in deployed.targets)
    if of_targets:
        return observed.by_function.get(target.name, 0)
    return observed.requests / len(deployed.targets)


def _observed(observed: Observed, given: Mapping[str, Any]) -> list[str]:
    found = []
    if "requests_per_month" not in given:
        what = "requests" if observed.is_complete else "traced requests (not all are traced)"
        a_month = observed.requests * MONTH_SECONDS / observed.seconds
        found.append(f"{observed.requests:,} {what} in {observed.seconds / 3600:,.1f} h, and so {a_month:,.0f} a month")
    if observed.request_ms and "request_ms" not in given:
        found.append(f"{observed.request_ms:,.0f} ms a warm request, at the median")
    if observed.init_ms and "init_ms" not in given:
        found.append(f"{observed.init_ms:,.0f} ms an init, at the median")
    if observed.is_complete and "cold_share" not in given:
        without = "" if observed.cold_without_pings is None else f", {observed.cold_without_pings:,} without pings"
        found.append(f"{observed.cold:,} cold starts{without}")
    return found


def _assumed(deployed: DeployedStage, observed: Observed, plan: Plan, given: Mapping[str, Any]) -> list[str]:
    """What nobody can read, or what was not there to be observed."""
    found = [f"Lambda keeps an idle environment {plan.idle_minutes:g} minutes, and any {plan.lifetime_hours:g} hours."]
    if deployed.warmer is None:
        found.append(
            f"A warmer would keep {plan.concurrency} environments, pinged every {plan.interval_minutes:g} minutes."
        )
    elif deployed.interval_minutes is None:
        found.append(f"The warmer's schedule is off; it would ping every {plan.interval_minutes:g} minutes.")
    if "hold_ms" not in given:
        found.append(f"A ping is held {plan.hold_ms:g} ms.")
    if not observed.request_ms and "request_ms" not in given:
        found.append(f"A warm request takes {plan.request_ms:g} ms: none was measured.")
    if observed.init_ms is None and "init_ms" not in given:
        found.append(f"An init takes {plan.init_ms:g} ms: none was measured.")
    if _cold_shares(observed, has_warmer=bool(deployed.warmer)) == (None, None) and "cold_share" not in given:
        found.append("Cold starts are estimated for requests spread at random.")
    if "reports_per_month" not in given:
        found.append(f"The report is read {plan.reports_per_month:g} times a month.")
    return found
