"""The verdict: its figures and its sentence, against what was written by hand in verdict_expected.py."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight_tools.cost.model import Bill
from pilotlight_tools.cost.stage import MonthlyCost
from pilotlight_tools.cost.usage import Usage
from pilotlight_tools.cost.worth import is_worth_it
from pilotlight_tools.latency.report import Verdict
from pilotlight_tools.latency.verdict import Facts, judge
from pilotlight_tools.latency.verdict_sentence import dollars, duration
from tests.latency.verdict_expected import (
    ALTERNATIVES,
    COLD_STARTS,
    EXPECTED,
    PRICES,
    TENTH_OF_A_MONTH,
    WARM_MEDIAN_MS,
)

BILLS = {name: Bill(name, Usage(), {"requests": price}, COLD_STARTS[name]) for name, price in PRICES.items()}


def judged(facts: dict[str, Any]) -> Verdict:
    given = dict(facts)
    cost = MonthlyCost(BILLS, has_warmer=given.pop("has_warmer", True))
    usual = {"is_complete": True, "seconds": TENTH_OF_A_MONTH, "warm_median_ms": WARM_MEDIAN_MS, "cost": cost}
    return judge(Facts(**{**usual, **given}))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_figures_are_those_computed_on_paper(name: str) -> None:
    facts, figures, _ = EXPECTED[name]
    verdict = judged(facts)
    for key, figure in figures.items():
        expected = pytest.approx(figure, rel=1e-4) if isinstance(figure, float) else figure
        assert getattr(verdict, key) == expected, key


@pytest.mark.parametrize("name", EXPECTED)
def test_the_sentence_says_it(name: str) -> None:
    facts, _, sentence = EXPECTED[name]
    assert judged(facts).sentence == sentence


def test_the_alternatives_stand_beside_it() -> None:
    facts, _, _ = EXPECTED["worth it"]
    found = [(a.name, a.price, a.added, a.cold_starts, a.is_worth_it) for a in judged(facts).alternatives]
    assert found == ALTERNATIVES


def test_of_so_few_requests_that_nothing_follows_nothing_follows_beside_it_either() -> None:
    facts, _, _ = EXPECTED["few requests"]
    assert {each.is_worth_it for each in judged(facts).alternatives} == {None}


def test_the_choices_are_inputs_and_are_said() -> None:
    facts, _, _ = EXPECTED["worth it"]
    verdict = judged({**facts, "price_of_a_cold_start": 0.001, "idle_minutes": 10.0})
    assert (verdict.price_of_a_cold_start, verdict.assumed_idle_minutes) == (0.001, 10.0)
    assert verdict.is_worth_it is False
    assert [each.is_worth_it for each in verdict.alternatives] == [None, False, False, None]


@pytest.mark.parametrize("spared", [1, 3, 4, 5, 50])
@pytest.mark.parametrize("price_of_a_cold_start", [0.05, 0.04, 0.004])
def test_the_sentence_and_the_figure_agree_and_are_by_the_one_rule(spared: int, price_of_a_cold_start: float) -> None:
    facts = {"requests": 1000, "waited_ms": [], "cold": 0, "cold_without_pings": spared}
    verdict = judged({**facts, "price_of_a_cold_start": price_of_a_cold_start})
    assert verdict.is_worth_it == is_worth_it(0.20, spared, price_of_a_cold_start)
    assert ("is not worth" in verdict.sentence) is (verdict.is_worth_it is False)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (2.478, "$2.48"),
        (0.01, "$0.01"),
        (0.004, "$0.0040"),
        (1e-6, "less than $0.0001"),
        (1e4, "$10,000.00"),
    ],
)
def test_money_is_said_in_cents_or_in_parts_of_one(amount: float, text: str) -> None:
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.4, "0 ms"), (999, "999 ms"), (1800, "1.8 s"), (52_000, "52 s"), (150_000, "2.5 min"), (18_000_000, "5.0 h")],
)
def test_waiting_is_said_in_the_unit_that_people_would_use(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text
