"""Two sentences: what to do about cold starts for a plan, and why."""

from collections.abc import Mapping

from pilotlight_tools.cost.model import Bill, requests_that_keep_warm
from pilotlight_tools.cost.plan import Plan, cold_share_without_warming

_NOTICEABLE_INIT_MS = 100.0
"""Below this a response feels instant, cold or warm (Nielsen's limit)."""
_RARE_COLD_SHARE = 0.01
"""Share of cold requests below which users keep the function warm themselves."""
_WORTHWHILE_PRICE = 0.05
"""US dollars for one avoided cold start, above which warming is not worth its price."""


def recommend(plan: Plan, bills: Mapping[str, Bill], *, no_cold_starts: bool = False) -> str:
    """Give the advice for a plan and its four `bills`. `no_cold_starts`: none is acceptable, whatever that costs."""
    none, warmer, provisioned, snapstart = (bills[name] for name in ("none", "warmer", "provisioned", "snapstart"))
    share = cold_share_without_warming(plan)
    avoided = none.cold_starts - warmer.cold_starts
    added = warmer.total - none.total
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
    if share < _RARE_COLD_SHARE:
        from_here = f" (from about {keep_warm:,.0f} requests a month on)" if keep_warm else ""
        return (
            f"Do not warm: {plan.requests_per_month:,.0f} requests a month, if spread evenly, keep the function "
            f"warm themselves{from_here}, and {share:.2%} of them would be cold. Reconsider when a measured share of "
            "cold starts says otherwise: bursts beyond the warm environments remain, and more concurrency, "
            "SnapStart or a faster start helps against those."
        )
    if avoided <= 0 or added / avoided > _WORTHWHILE_PRICE:
        each = f"${added / avoided:,.2f} for each cold start avoided" if avoided > 0 else "and avoids no cold start"
        return (
            f"Do not warm: at {plan.requests_per_month:,.0f} requests a month the warmer adds ${added:,.2f}, {each}. "
            "Make initialization faster instead, or use SnapStart where it takes seconds."
        )
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
    return (
        f"Use the warmer: for ${added:,.2f} a month more it avoids about {avoided:,.0f} of {none.cold_starts:,.0f} "
        f"cold starts, while provisioned concurrency adds ${provisioned.total - none.total:,.2f} and SnapStart "
        f"${snapstart.total - none.total:,.2f}. It stays best effort; "
        + (
            f"from about {keep_warm:,.0f} requests a month on, your users keep the function warm themselves."
            if keep_warm
            else "reconsider when your load changes."
        )
    )
