"""Two sentences: what to do about cold starts for a plan, and why."""

from collections.abc import Mapping

from pilotlight_tools.cost.model import Bill, requests_that_keep_warm
from pilotlight_tools.cost.plan import Plan
from pilotlight_tools.cost.worth import is_worth_it

_NOTICEABLE_INIT_MS = 100.0
"""Below this a response feels instant, cold or warm (Nielsen's limit)."""
_RARE_COLD_SHARE = 0.01
"""Share of cold requests below which users keep the function warm themselves."""


def recommend(plan: Plan, bills: Mapping[str, Bill], *, no_cold_starts: bool = False) -> str:
    """Give the advice for a plan and its four `bills`. `no_cold_starts`: none is acceptable, whatever that costs."""
    none, warmer, provisioned, snapstart = (bills[name] for name in ("none", "warmer", "provisioned", "snapstart"))
    avoided = none.cold_starts - warmer.cold_starts
    added = warmer.total - none.total
    work = added - (warmer.of_observing - none.of_observing)
    keep_warm = requests_that_keep_warm(plan, _RARE_COLD_SHARE)
    if no_cold_starts:
        return (
            f"Use provisioned concurrency of {plan.concurrency}: only this is guaranteed by AWS, and it costs "
            f"${provisioned.total:,.2f} a month. Warmers and SnapStart are best effort: Lambda may drop a warm "
            "environment at any time."
        )
    if plan.init_ms < _NOTICEABLE_INIT_MS:
        return (
            f"Do not warm: a cold start costs a user {plan.init_ms:.0f} ms, which nobody notices. "
            f"Warming would add ${added:,.2f} a month without a benefit."
        )
    if not is_worth_it(added, avoided, plan.price_of_a_cold_start):
        each = f"${added / avoided:,.2f} for each cold start avoided" if avoided > 0 else "and avoids no cold start"
        why = (
            f"Do not warm: at {plan.requests_per_month:,.0f} requests a month the warmer adds ${added:,.2f}, {each}, "
            f"where one is worth ${plan.price_of_a_cold_start:,.2f}. "
        )
        if keep_warm and plan.requests_per_month >= keep_warm:
            return (
                f"{why}If spread evenly, so many requests keep the function warm themselves; bursts beyond the warm "
                "environments remain, and more concurrency, SnapStart or a faster start helps against those."
            )
        return f"{why}Make initialization faster instead, or use SnapStart where it takes seconds."
    if provisioned.total <= warmer.total:
        return (
            f"Use provisioned concurrency: at ${provisioned.total:,.2f} a month it costs no more than the warmer at "
            f"${warmer.total:,.2f}, and AWS guarantees it. Its duration price is lower than on demand, and your "
            "environments are busy enough for that to pay for keeping them."
        )
    if plan.init_ms >= 1000 and snapstart.total <= warmer.total:
        return (
            f"Use SnapStart: at ${snapstart.total:,.2f} a month it costs no more than the warmer, and it helps every "
            "new environment, not only the first few. Restores still take some hundred milliseconds."
        )
    others = f"provisioned concurrency adds ${provisioned.total - none.total:,.2f} and SnapStart "
    others += f"${snapstart.total - none.total:,.2f}"
    reconsider = (
        f"from about {keep_warm:,.0f} evenly spread requests a month on, fewer than one in a hundred is cold anyway."
        if keep_warm
        else "reconsider when your load changes."
    )
    return (
        f"Use the warmer: for ${added:,.2f} a month more, of which ${work:,.2f} is its work and the rest proves it, it "
        f"avoids about {avoided:,.0f} of {none.cold_starts:,.0f} cold starts, while {others}. It stays best effort; "
        f"{reconsider}"
    )
