"""Two sentences: what to do about cold starts for a plan, and why."""

from collections.abc import Mapping

from pilotlight_tools.cost.model import Bill, requests_that_keep_warm
from pilotlight_tools.cost.plan import Plan, cold_share_without_warming

NOTICEABLE_INIT_MS = 100.0
"""Below this an answer feels instant, cold or warm (Nielsen's limit)."""
RARE_COLD_SHARE = 0.01
WORTHWHILE_PRICE = 0.05
"""US dollars for one avoided cold start, above which warming is a luxury."""


def recommend(plan: Plan, bills: Mapping[str, Bill], *, no_cold_starts: bool = False) -> str:
    """`bills` by alternative, all four. `no_cold_starts`: a cold start is not acceptable, whatever it costs."""
    none, warmer, provisioned, snapstart = (bills[name] for name in ("none", "warmer", "provisioned", "snapstart"))
    share = cold_share_without_warming(plan)
    avoided = none.cold_starts - warmer.cold_starts
    added = warmer.total - none.total
    keep_warm = requests_that_keep_warm(plan, RARE_COLD_SHARE)
    if no_cold_starts:
        return (
            f"Use provisioned concurrency of {plan.concurrency}: it alone is a promise by AWS, and costs "
            f"${provisioned.total:,.2f} a month. Warmers and SnapStart are best effort: Lambda may drop a warm "
            "environment at any time."
        )
    if plan.init_ms < NOTICEABLE_INIT_MS:
        return (
            f"Do not warm: a cold start costs a user {plan.init_ms:.0f} ms, which nobody notices. "
            f"Warming would add ${added:,.2f} a month for nothing."
        )
    if share < RARE_COLD_SHARE:
        from_here = f" (from about {keep_warm:,.0f} requests a month on)" if keep_warm else ""
        return (
            f"Do not warm: {plan.requests_per_month:,.0f} requests a month, if spread, keep the function warm "
            f"themselves{from_here}, and {share:.2%} of them would be cold. Come back when a measured share of "
            "cold starts says otherwise: bursts beyond the environments at hand are left, and more concurrency, "
            "SnapStart or a faster start helps against those."
        )
    if avoided <= 0 or added / avoided > WORTHWHILE_PRICE:
        each = f"${added / avoided:,.2f} for each cold start avoided" if avoided > 0 else "and avoids no cold start"
        return (
            f"Do not warm: at {plan.requests_per_month:,.0f} requests a month the warmer adds ${added:,.2f}, {each}. "
            "Make the start itself faster instead, or let SnapStart do it where initialization takes seconds."
        )
    if provisioned.total <= warmer.total:
        return (
            f"Use provisioned concurrency: at ${provisioned.total:,.2f} a month it costs no more than the warmer at "
            f"${warmer.total:,.2f}, and it is a promise by AWS. Its running price is lower than on demand, and your "
            "environments are busy enough for that to pay for their standing."
        )
    if plan.init_ms >= 1000 and snapstart.total <= warmer.total:
        return (
            f"Use SnapStart: at ${snapstart.total:,.2f} a month it costs no more than the warmer, and it helps every "
            "new environment, not the first few alone. Restores still take some hundred milliseconds."
        )
    return (
        f"Use the warmer: for ${added:,.2f} a month more it takes about {avoided:,.0f} of {none.cold_starts:,.0f} cold "
        f"starts away, where provisioned concurrency adds ${provisioned.total - none.total:,.2f} and SnapStart "
        f"${snapstart.total - none.total:,.2f}. It stays best effort; "
        + (
            f"from about {keep_warm:,.0f} requests a month on, your users keep the function warm themselves."
            if keep_warm
            else "look again when your load changes."
        )
    )
