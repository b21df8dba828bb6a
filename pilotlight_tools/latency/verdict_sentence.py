"""The verdict in one plain sentence: who waited, how much longer, what the warmer spared, for what, is it worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilotlight_tools.latency.report import Verdict
    from pilotlight_tools.latency.verdict import Facts


def sentence(facts: Facts, verdict: Verdict) -> str:
    """Say what the figures of `verdict` mean."""
    if not facts.requests:
        price = "" if verdict.price is None else f"; the warmer costs {dollars(verdict.price)} a month"
        return f"No requests in this time range{price}."
    return f"{_waiting(facts, verdict)}; {_warming(facts, verdict)}."


def dollars(amount: float) -> str:
    """An amount in cents, or with four decimals below one: `$2.48`, `$0.0040`."""
    if 0 < amount < 0.0001:
        return "less than $0.0001"
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.01 else f"${amount:.4f}"


def duration(milliseconds: float) -> str:
    """A time of waiting, in the unit that people would say it in: `900 ms`, `1.8 s`, `52 s`, `5.0 h`."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    units = (("s", 1000, 120_000), ("min", 60_000, 7_200_000))
    unit, unit_ms = next(((unit, ms) for unit, ms, longest in units if milliseconds < longest), ("h", 3_600_000))
    value = milliseconds / unit_ms
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def _waiting(facts: Facts, verdict: Verdict) -> str:
    who = _who_waited(facts, verdict.waited) + " for a cold start" + (" or a restore" if _has_restored(facts) else "")
    if verdict.longer_ms is None:
        return who + (", and none was warm to compare with" if verdict.waited and not facts.warm_median_ms else "")
    longer = f"{duration(verdict.longer_ms)} longer than a warm one takes"
    if verdict.waited == 1:
        return f"{who}, {longer}"
    return f"{who}, on average {longer} ({duration(verdict.longer_in_all_ms)} in all)"


def _who_waited(facts: Facts, waited: int) -> str:
    if facts.requests == 1:
        return f"The only {'' if facts.is_complete else 'traced '}request {'waited' if waited else 'did not wait'}"
    requests = f"{facts.requests:,} requests" if facts.is_complete else f"the {facts.requests:,} traced requests"
    if waited == facts.requests:
        return f"All {requests.removeprefix('the ')} waited"
    return f"{f'{waited:,}' if waited else 'None'} of {requests} waited"


def _has_restored(facts: Facts) -> bool:
    return len(facts.waited_ms) > facts.cold


def _warming(facts: Facts, verdict: Verdict) -> str:
    if facts.cost and not facts.cost.has_warmer:
        return _without_warmer(facts, verdict)
    if verdict.spared is None:
        price = "" if verdict.price is None else f" for its {dollars(verdict.price)} a month"
        known = "is not known" if facts.is_complete else "only an access log of all requests can tell"
        return f"how many the warmer spared{price} {known}"
    if verdict.price is None:
        return _credit(facts, verdict, "pings", "they") + ("; what they cost is not known" if verdict.spared else "")
    credit = _credit(facts, verdict, "the warmer", "it")
    price = f"its {dollars(verdict.price)} a month"
    if verdict.is_worth_it is None:
        return f"{credit}; {_too_few(facts)} it is worth {price}"
    return f"{credit}{_each(verdict)}, and is {'' if verdict.is_worth_it else 'not '}worth {price}"


def _credit(facts: Facts, verdict: Verdict, who: str, it: str) -> str:
    """How many would have met a cold start without pings, and so how many those spared."""
    would = "have started cold" if _has_restored(facts) else "have"
    if verdict.spared:
        return f"without {who} {verdict.cold_without_pings:,} would {would}, so {it} spared {verdict.spared:,}"
    more = "no more would" if verdict.waited else "none would"
    return f"without {who} {more} {would}" + ("" if verdict.price is None else f", so {it} spared none")


def _each(verdict: Verdict) -> str:
    if verdict.price_for_each_spared is None:
        return ""
    each = f" at {dollars(verdict.price_for_each_spared)}{'' if verdict.spared == 1 else ' each'}"
    return each if verdict.is_worth_it else f"{each}, where one is worth {dollars(verdict.price_of_a_cold_start)}"


def _without_warmer(facts: Facts, verdict: Verdict) -> str:
    none, warmer, *_ = verdict.alternatives
    if verdict.is_worth_it is None:
        return f"no warmer runs here, and {_too_few(facts)} one would be worth it"
    return (
        f"no warmer runs here: one would leave about {warmer.cold_starts:,.0f} of {none.cold_starts:,.0f} cold starts "
        f"a month for {dollars(warmer.added)} more, and {'' if verdict.is_worth_it else 'not '}be worth it"
    )


def _too_few(facts: Facts) -> str:
    span = f"{facts.seconds / 60:,.0f} min" if facts.seconds < 7200 else f"{facts.seconds / 3600:,.0f} h"
    requests = "so few requests" if facts.requests > 1 else "one request"
    return f"{requests} in {span} {'do' if facts.requests > 1 else 'does'} not tell whether"
