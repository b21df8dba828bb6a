"""Whether avoiding cold starts is worth its price: one rule, for the cost model, the report and the page."""

from __future__ import annotations

PRICE_OF_A_COLD_START = 0.05
"""US dollars that a cold start of a user is taken to cost, unless told otherwise: a choice, not a measurement."""


def is_worth_it(added: float, avoided: float, price: float = PRICE_OF_A_COLD_START) -> bool:
    """Whether `added` US dollars are no more than what the `avoided` cold starts cost at `price` each."""
    return avoided > 0 and added <= avoided * price
