"""Whether avoiding cold starts is worth its price: one rule, for the cost model, the report and the page.

Its inputs are choices that anybody may change: what a cold start is worth, and how long Lambda is taken to keep an idle
execution environment, which decides how many cold starts there would be without warming.
"""

from __future__ import annotations

PRICE_OF_A_COLD_START = 0.05
"""US dollars that a cold start of a user is taken to cost, unless told otherwise: a choice, not a measurement."""
IDLE_MINUTES = 6.0
"""How long Lambda keeps an idle environment, unless told otherwise: undocumented; five minutes and more are seen."""
LIFETIME_HOURS = 2.0
"""How long Lambda keeps any environment, however busy: undocumented, about two hours are observed."""


def is_worth_it(added: float, avoided: float, price: float = PRICE_OF_A_COLD_START) -> bool:
    """Whether `added` US dollars are no more than what the `avoided` cold starts cost at `price` each."""
    return avoided > 0 and added <= avoided * price * (1 + 1e-9)  # sums of cents are not exact
