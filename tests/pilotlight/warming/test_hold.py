"""The hold: long enough for the measured spread, longer after a miss, shorter again after full coverage."""

from __future__ import annotations

from pilotlight.ping import LONGEST_HOLD_SECONDS
from pilotlight.warming.hold import LONGEST_SECONDS, SHORTEST_SECONDS, HoldEstimate


def test_a_single_ping_is_not_held() -> None:
    assert HoldEstimate().seconds(1) == 0


def test_the_first_hold_is_a_safe_one_and_grows_with_the_fan_out() -> None:
    hold = HoldEstimate()
    assert 0.2 < hold.seconds(10) < hold.seconds(100) < LONGEST_SECONDS


def test_the_hold_follows_the_worst_spread_of_the_last_ticks() -> None:
    hold = HoldEstimate()
    for spread in (0.1, 0.01, 0.01):
        hold.learn_complete(spread)
    assert hold.seconds(10) == 0.2 + SHORTEST_SECONDS
    for _ in range(5):
        hold.learn_complete(0.01)
    assert hold.seconds(10) == 0.02 + SHORTEST_SECONDS


def test_a_miss_widens_and_full_coverage_narrows_again() -> None:
    hold = HoldEstimate()
    hold.learn_complete(0.1)
    before = hold.seconds(10)
    hold.learn_short(0.01, before)
    assert hold.seconds(10) == 2 * before
    hold.learn_complete(0.1)
    assert hold.seconds(10) == before


def test_a_miss_that_the_spread_explains_is_covered_at_once() -> None:
    hold = HoldEstimate()
    hold.learn_complete(0.01)
    hold.learn_short(0.3, hold.seconds(10))
    assert hold.seconds(10) == 0.6 + SHORTEST_SECONDS


def test_no_hold_is_longer_than_the_functions_own_limit() -> None:
    hold = HoldEstimate()
    for _ in range(20):
        hold.learn_complete(10.0)
        hold.learn_short(0.01, 100.0)
    assert hold.seconds(100) == LONGEST_SECONDS < LONGEST_HOLD_SECONDS


def test_a_clock_that_runs_behind_gives_no_negative_hold() -> None:
    hold = HoldEstimate()
    hold.learn_complete(-3.0)
    hold.learn_lead(-3.0)
    assert hold.seconds(2) >= SHORTEST_SECONDS
    assert hold.lead_seconds == 0
