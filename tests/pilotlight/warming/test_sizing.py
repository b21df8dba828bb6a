"""`concurrency: auto`: the next tick is as large as users lately needed, and lost state does no harm."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight.warming.sizing import LONGEST_WAIT, Sizing, Use, next_concurrency

if TYPE_CHECKING:
    from pilotlight.environment import Kind

TICK = 300.0


def reply(served: int = 0, made_by: Kind = "ping", age_seconds: float = 3600.0, pings_before: int = 0) -> Use:
    return {
        "served": served,
        "made_by": made_by,
        "age_ms": age_seconds * 1000,
        "pings_before": pings_before,
    }


class Ticker:
    """Plays the warmer: pings, lets the environments reply, and passes on the replies."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self.minimum, self.maximum, self.now = minimum, maximum, 1e9
        self.concurrency, self.state = next_concurrency((), None, minimum, maximum, self.now)

    def tick(self, busy: int, cold: int = 0) -> int:
        """Users had `busy` of the warm environments busy at once, and `cold` more had to start for them."""
        self.now += TICK
        kept = self.concurrency
        made = [reply(1, "request", 60.0) for _ in range(min(cold, kept))]
        replies = [*made, *(reply(int(number < busy)) for number in range(kept - len(made)))]
        self.concurrency, self.state = next_concurrency(replies, self.state, self.minimum, self.maximum, self.now)
        return self.concurrency


@pytest.mark.parametrize(("minimum", "maximum", "start"), [(0, 5, 1), (1, 5, 1), (3, 10, 3), (4, 4, 4)])
def test_without_state_the_minimum_is_pinged_and_at_least_one(minimum: int, maximum: int, start: int) -> None:
    concurrency, state = next_concurrency((), None, minimum, maximum, 0.0)
    assert concurrency == state.asked == start


@pytest.mark.parametrize(("minimum", "maximum"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_limits_are_refused(minimum: int, maximum: int) -> None:
    with pytest.raises(ValueError, match="0 <= minimum <= maximum"):
        next_concurrency((), None, minimum, maximum, 0.0)


def test_users_cold_starts_make_the_next_tick_larger_by_as_many() -> None:
    ticker = Ticker(1, 10)
    assert ticker.tick(busy=1) == 1
    assert ticker.tick(busy=0, cold=1) == 2  # one was kept, and was not enough
    assert ticker.tick(busy=1, cold=1) == 2  # this tick counts what came before its second ping
    assert ticker.tick(busy=1, cold=1) == 3


def test_an_environment_made_long_ago_is_not_a_new_cold_start() -> None:
    ticker = Ticker(1, 10)
    ticker.tick(busy=1)
    ticker.now += TICK
    old = reply(served=9, made_by="request", age_seconds=10 * TICK)
    assert next_concurrency([old], ticker.state, 1, 10, ticker.now)[0] == 1


def test_a_rank_needed_once_is_kept_for_a_while_and_then_let_go() -> None:
    ticker = Ticker(1, 10)
    ticker.tick(busy=1)
    assert ticker.tick(busy=0, cold=1) == 2
    kept = list(itertools.takewhile(lambda concurrency: concurrency == 2, (ticker.tick(busy=1) for _ in range(200))))
    assert len(kept) == 31  # with the tick that met it: 32
    assert ticker.concurrency == 1


def test_a_rank_needed_now_and_then_is_kept_for_good() -> None:
    ticker = Ticker(1, 10)
    ticker.tick(busy=1)
    ticker.tick(busy=0, cold=1)
    sizes = {ticker.tick(busy=2 if number % 20 == 0 else 1) for number in range(400)}
    assert sizes == {2}


def test_an_idle_function_with_minimum_0_is_pinged_less_and_less_often_but_never_forgotten() -> None:
    ticker = Ticker(0, 10)
    asked = [ticker.tick(busy=0) for _ in range(200)]
    looks = [number for number, concurrency in enumerate(asked) if concurrency]
    gaps = [after - before for before, after in itertools.pairwise(looks)]
    assert set(asked) == {0, 1}
    assert gaps[-5:] == [LONGEST_WAIT + 1] * 5
    assert sorted(gaps) == gaps


def test_a_ping_that_finds_use_warms_again_from_the_next_tick_on() -> None:
    ticker = Ticker(0, 10)
    while ticker.concurrency:
        ticker.tick(busy=0)
    while not ticker.concurrency:
        ticker.tick(busy=0)
    assert [ticker.tick(busy=1) for _ in range(10)] == [1] * 10


def test_with_a_minimum_an_idle_function_stays_at_it() -> None:
    ticker = Ticker(2, 10)
    assert {ticker.tick(busy=0) for _ in range(300)} == {2}


def test_lost_state_is_found_again_in_what_the_environments_remember() -> None:
    _, state = next_concurrency((), None, 1, 10, 0.0)
    assert next_concurrency([reply(served=3, pings_before=6)], state, 1, 10, 1.0)[0] == 6
    assert next_concurrency([reply(served=3, pings_before=6)], state, 1, 4, 1.0)[0] == 4
    assert next_concurrency([reply(served=3)], state, 1, 10, 1.0)[0] == 1


def test_state_lost_again_and_again_does_not_keep_an_unneeded_rank_for_ever() -> None:
    kept = 6
    for _ in range(5):
        ticker = Ticker(1, 10)
        ticker.now += 1
        ticker.concurrency, ticker.state = next_concurrency(
            [reply(served=1, pings_before=kept)], ticker.state, 1, 10, ticker.now
        )
        for _ in range(20):
            kept = ticker.tick(busy=1)
    assert kept == 1


def test_a_tick_without_replies_is_repeated_and_changes_no_share() -> None:
    ticker = Ticker(1, 10)
    ticker.tick(busy=1)
    ticker.tick(busy=0, cold=1)
    before = ticker.state
    concurrency, state = next_concurrency((), before, 1, 10, ticker.now + TICK)
    assert (concurrency, state.shares, state.at) == (2, before.shares, before.at)


def test_limits_that_changed_between_ticks_hold_at_once() -> None:
    ticker = Ticker(1, 10)
    for _ in range(5):
        ticker.tick(busy=1, cold=1)
    many = ticker.concurrency
    assert many > 2
    assert next_concurrency((), ticker.state, 1, 2, ticker.now)[0] == 2
    assert next_concurrency([reply(1)] * many, ticker.state, 7, 8, ticker.now)[0] == 7


REPLIES = st.lists(
    st.fixed_dictionaries(
        {
            "served": st.integers(0, 10**6),
            "made_by": st.sampled_from(["ping", "request", None]),
            "age_ms": st.floats(0, 1e9),
            "pings_before": st.integers(0, 1000) | st.none(),
        }
    ),
    max_size=12,
)


@given(st.integers(0, 5), st.integers(1, 20), st.lists(REPLIES, max_size=30))
def test_whatever_the_replies_the_size_is_within_its_limits_and_never_stays_at_zero(
    least: int, more: int, ticks: list[list[Use]]
) -> None:
    minimum, maximum, now = least, least + more, 0.0
    concurrency, state = next_concurrency((), None, minimum, maximum, now)
    silent = 0
    for replies in ticks:
        now += TICK
        concurrency, state = next_concurrency(replies[:concurrency], state, minimum, maximum, now)
        assert minimum <= concurrency <= maximum
        assert isinstance(state, Sizing)
        assert state.shares is None or len(state.shares) <= maximum
        silent = 0 if concurrency else silent + 1
        assert silent <= LONGEST_WAIT


def test_after_lost_state_the_environments_pinged_at_once_count_as_kept() -> None:
    _, state = next_concurrency((), None, 1, 10, 0.0)
    concurrency, state = next_concurrency([reply(pings_before=4)], state, 1, 10, 1.0)
    assert concurrency == 4
    replies = [reply(1, "request", 60.0), *[reply(1) for _ in range(3)]]
    assert next_concurrency(replies, state, 1, 10, 1.0 + TICK)[0] == 5
