"""The monthly price: AWS's own examples, sums computed by hand, and the advice that follows from them."""

import itertools
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight_tools.cost.advice import recommend
from pilotlight_tools.cost.model import ALTERNATIVES, Bill, bill, break_even, requests_that_keep_warm
from pilotlight_tools.cost.plan import (
    MONTH_SECONDS,
    Plan,
    cold_share_beyond,
    cold_share_without_warming,
    share_beyond_busy,
)
from pilotlight_tools.cost.prices import PRICES
from pilotlight_tools.cost.usage import OBSERVING_LINES, Usage

STEADY = Plan(memory_mb=1024, architecture="x86_64", requests_per_month=10_000, request_ms=100, init_ms=400)


def bills(plan: Plan) -> dict[str, Bill]:
    return {name: bill(plan, name) for name in ALTERNATIVES}


def test_the_example_of_the_lambda_price_page() -> None:
    """3 million requests of 120 ms at 1536 MB x86 cost $2.73 with the free tier (AWS Lambda Pricing, example 1)."""
    usage = Usage(requests=3e6, gigabyte_seconds=3e6 * 0.12 * 1.5).less_free_tier()
    assert usage.price(PRICES["x86_64"]) == pytest.approx(2.73, abs=0.005)


def test_the_free_tier_does_not_apply_to_provisioned_concurrency() -> None:
    usage = Usage(requests=5, gigabyte_seconds=5, provisioned_gigabyte_seconds=1, traces=5)
    assert usage.less_free_tier() == replace(usage, traces=0)


def test_no_warming_by_hand_with_its_init_billed() -> None:
    plan = replace(STEADY, cold_share=0.25)
    one = bill(plan, "none")
    assert one.cold_starts == 2500
    assert one.lines["duration"] == pytest.approx((10_000 * 0.1 + 2500 * 0.4) * 0.0000166667)
    assert one.total - one.of_observing == pytest.approx(one.lines["duration"] + 10_000 * 0.2e-6)


def test_the_warmer_by_hand() -> None:
    plan = replace(
        STEADY,
        concurrency=4,
        interval_minutes=5,
        hold_ms=200,
        requests_per_month=0,
        warmer_memory_mb=512,
    )
    ticks = 730 * 12
    recycled = 730 / 2
    function_seconds = ticks * 4 * 0.2 + recycled * 4 * 0.4
    warmer_seconds = ticks * 0.35 + recycled * 0.5
    one = bill(plan, "warmer")
    assert one.usage.requests == ticks * 5
    work = {name: amount for name, amount in one.lines.items() if name not in OBSERVING_LINES}
    assert work == pytest.approx(
        {
            "requests": ticks * 5 * 0.2e-6,
            "duration": (function_seconds * 1.0 + warmer_seconds * 0.5) * 0.0000166667,
            "provisioned": 0,
            "snapstart": 0,
            "schedule": ticks * 1e-6,
        }
    )


def test_a_warmer_later_than_the_idle_expiry_pays_an_init_for_every_ping() -> None:
    in_time, late = (bill(replace(STEADY, interval_minutes=minutes), "warmer") for minutes in (6, 7))
    pings = MONTH_SECONDS / 60 / 7 * STEADY.concurrency
    assert late.usage.gigabyte_seconds > in_time.usage.gigabyte_seconds
    assert late.usage.gigabyte_seconds > pings * 0.4


def test_provisioned_concurrency_by_hand() -> None:
    one = bill(replace(STEADY, concurrency=2, requests_per_month=0, architecture="arm64"), "provisioned")
    assert one.lines["provisioned"] == pytest.approx(2 * MONTH_SECONDS * 0.0000033334)
    assert one.cold_starts == 0


def test_snapstart_pays_for_its_snapshot_and_for_each_restore() -> None:
    one = bill(replace(STEADY, cold_share=0.1), "snapstart")
    assert one.lines["snapstart"] == pytest.approx(MONTH_SECONDS * 0.0000015046 + 1000 * 0.0001397998)


@pytest.mark.parametrize("requests", [100, 10_000, 50_000])
def test_with_short_requests_the_cold_share_is_the_chance_of_no_earlier_request(requests: float) -> None:
    plan = Plan(requests_per_month=requests, request_ms=1e-6, idle_minutes=6, lifetime_hours=1e9)
    assert cold_share_without_warming(plan) == pytest.approx(math.exp(-requests / (730 * 60) * 6))


def test_even_a_busy_environment_is_replaced_because_of_its_age() -> None:
    plan = Plan(requests_per_month=730 * 3600, request_ms=1e-6, lifetime_hours=2)
    assert cold_share_without_warming(plan) == pytest.approx(1 / 7201)


def test_more_warm_environments_leave_fewer_cold_starts() -> None:
    plan = Plan(requests_per_month=20 * 730 * 60, request_ms=3000)
    shares = [cold_share_beyond(plan, environments) for environments in range(8)]
    assert all(more <= fewer for fewer, more in itertools.pairwise(shares))
    assert shares[7] < shares[3] < shares[0]


def test_erlang_b_matches_a_textbook() -> None:
    """Five erlangs offered to ten servers: 1.84 % are lost."""
    plan = Plan(requests_per_month=MONTH_SECONDS * 5, request_ms=1000)
    assert share_beyond_busy(plan, 10) == pytest.approx(0.0184, abs=5e-5)


def test_break_even_is_where_one_bill_begins_to_be_no_dearer() -> None:
    at = break_even(STEADY, "provisioned", "warmer")
    assert at is not None
    for requests, is_dearer in ((at * 0.99, True), (at * 1.01, False)):
        there = replace(STEADY, requests_per_month=requests)
        assert (bill(there, "provisioned").total > bill(there, "warmer").total) is is_dearer


def test_an_alternative_that_never_pays_has_no_break_even() -> None:
    assert break_even(STEADY, "warmer", "none") is None


def test_users_keep_it_warm_from_where_the_cold_share_falls_below_one_percent() -> None:
    at = requests_that_keep_warm(STEADY)
    assert at is not None
    shares = [cold_share_without_warming(replace(STEADY, requests_per_month=at * by)) for by in (0.99, 1.01)]
    assert shares[0] > 0.01 > shares[1]


@pytest.mark.parametrize(
    ("plan", "advice"),
    [
        (replace(STEADY, init_ms=50), "Do not warm: a cold start costs a user 50 ms"),
        (replace(STEADY, requests_per_month=1e8), "Do not warm: at 100,000,000 requests a month the warmer adds"),
        (replace(STEADY, price_of_a_cold_start=0.0001), "Do not warm: at 10,000 requests a month"),
        (replace(STEADY, price_of_a_cold_start=100, requests_per_month=20), "Use the warmer"),
        (replace(STEADY, requests_per_month=1), "Do not warm: at 1 requests a month"),
        (replace(STEADY, requests_per_month=0), "Do not warm: at 0 requests a month"),
        (STEADY, "Use the warmer"),
        (replace(STEADY, requests_per_month=1e6, cold_share=0.05), "Use the warmer"),
        (replace(STEADY, concurrency=100, hold_ms=2000, init_ms=3000), "Use SnapStart"),
    ],
)
def test_the_advice_fits_the_plan(plan: Plan, advice: str) -> None:
    assert recommend(plan, bills(plan)).startswith(advice)


def test_provisioned_concurrency_is_advised_where_it_is_no_dearer() -> None:
    plan = Plan(concurrency=2, request_ms=2000, requests_per_month=MONTH_SECONDS, cold_share=0.02)
    assert bill(plan, "provisioned").total <= bill(plan, "warmer").total
    assert recommend(plan, bills(plan)).startswith("Use provisioned concurrency: at")


def test_provisioned_concurrency_is_advised_where_no_cold_start_is_acceptable() -> None:
    assert recommend(STEADY, bills(STEADY), no_cold_starts=True).startswith("Use provisioned concurrency of 5")


PLANS = st.builds(
    Plan,
    memory_mb=st.integers(128, 10240),
    architecture=st.sampled_from(sorted(PRICES)),
    concurrency=st.integers(1, 100),
    interval_minutes=st.sampled_from([1.0, 5.0, 10.0, 60.0]),
    hold_ms=st.floats(0, 5000),
    requests_per_month=st.floats(0, 1e9),
    request_ms=st.floats(1, 10_000),
    init_ms=st.floats(0, 10_000),
    cold_share=st.none() | st.floats(0, 1),
)


@given(PLANS, st.booleans(), st.booleans())
def test_any_plan_has_four_bills_and_advice_of_two_sentences(plan: Plan, free_tier: bool, no_cold_starts: bool) -> None:
    made = {name: bill(plan, name, free_tier=free_tier) for name in ALTERNATIVES}
    for one in made.values():
        assert 0 <= one.total < math.inf
        assert 0 <= one.cold_starts <= plan.requests_per_month * (1 + 1e-9)
    advice = recommend(plan, made, no_cold_starts=no_cold_starts)
    assert len(re.findall(r"\.(?=\s|$)", advice)) == 2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("architecture", "riscv", "arm64, x86_64"),
        ("memory_mb", 64, "128 to 10240"),
        ("concurrency", 0, "below 1"),
        ("interval_minutes", 0, "interval_minutes"),
        ("requests_per_month", -1, "requests_per_month"),
        ("cold_share", 1.5, "between 0 and 1"),
        ("init_ms", math.nan, "init_ms"),
    ],
)
def test_an_impossible_plan_is_refused_with_the_name_of_the_value(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(STEADY, **{field: value})  # type: ignore[arg-type]
