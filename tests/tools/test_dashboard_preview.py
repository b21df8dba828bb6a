"""The preview's figures come of one simulated afternoon, so that no two of its graphs contradict each other."""

from __future__ import annotations

import pytest

from pilotlight_tools.dashboard_preview.history import CONCURRENCY, PERIOD_SECONDS, PERIODS, Invocation, simulate
from pilotlight_tools.dashboard_preview.series import Values, expression_values, metric_values, most_at_once, shown

FUNCTION = "shop-prod-api"
API = ("AWS/ApiGateway", "{}", "ApiName", "shop", "Stage", "prod")
OF_LAMBDA = ("AWS/Lambda", "{}", "FunctionName", FUNCTION)
OWN = ("Pilotlight", "{}", "Service", "shop-prod", "Function", FUNCTION)


def values(kind: tuple[str, ...], name: str, stat: str = "Sum") -> list[float]:
    """A metric's values, 0 where it has none."""
    found = metric_values([*(part.format(name) for part in kind), {"stat": stat}], "Sum", [FUNCTION])
    assert len(found) == PERIODS
    return [value or 0.0 for value in found]


def traced(group: str) -> list[float]:
    return values(("AWS/X-Ray", "{}", "GroupName", f"shop-prod-{group}"), "ApproximateTraceCount")


def test_no_more_requests_are_cold_than_there_are() -> None:
    cold, requests = values(OWN, "ColdStart"), values(API, "Count")
    assert 0 < sum(cold) < sum(requests)
    assert all(some <= all_ for some, all_ in zip(cold, requests, strict=True))


def test_what_a_tick_holds_is_at_work_at_once() -> None:
    """The picture once showed six at work beside ten held."""
    held, at_once = values(OWN, "EnvironmentsWarm", "Maximum"), values(OF_LAMBDA, "ConcurrentExecutions", "Maximum")
    assert all(some <= most for some, most in zip(held, at_once, strict=True))
    assert max(held) == CONCURRENCY < max(at_once)


def test_coverage_is_what_the_ticks_proved() -> None:
    coverage, held, incomplete = (values(OWN, name) for name in ("Coverage", "EnvironmentsWarm", "IncompleteTick"))
    assert coverage == [100 * each / CONCURRENCY for each in held]
    assert [each > 0 for each in incomplete] == [each < 100 for each in coverage]
    assert min(coverage) < 100
    failed = values(OWN, "PingFailures")
    assert [CONCURRENCY - each for each in held] == failed


def test_a_release_leaves_nothing_warm_until_users_and_the_next_tick_make_it() -> None:
    release = PERIODS // 2
    made = values(OWN, "ColdPings")[release] + values(OWN, "ColdStart")[release]
    assert made >= CONCURRENCY


def test_percentiles_are_ordered_and_the_gateway_only_adds() -> None:
    p50, p95, p99 = (values(API, "Latency", stat) for stat in ("p50", "p95", "p99"))
    assert all(low < middle < high for low, middle, high in zip(p50, p95, p99, strict=True))
    assert all(inner < outer for inner, outer in zip(values(API, "IntegrationLatency", "p50"), p50, strict=True))


def test_errors_and_the_sample_are_part_of_the_requests() -> None:
    requests, sample, cold = values(API, "Count"), traced("requests"), traced("cold")
    errors = [one + other for one, other in zip(values(API, "4XXError"), values(API, "5XXError"), strict=True)]
    assert all(some < all_ for some, all_ in zip(errors, requests, strict=True))
    assert all(one <= some < all_ for one, some, all_ in zip(cold, sample, requests, strict=True))
    assert sum(cold) < sum(values(OWN, "ColdStart"))


def test_the_shown_init_is_that_of_the_cold_requests() -> None:
    query = f"SOURCE '/aws/lambda/{FUNCTION}' | stats pct(init_ms, 50) as p50, max(init_ms) as longest by bin(5m)"
    (_, p50, _), (_, longest, _) = shown({"query": query}, [FUNCTION])
    cold = values(OWN, "ColdStart")
    for middle, most, count in zip(p50, longest, cold, strict=True):
        assert (middle is None) == (most is None) == (count == 0)
        assert middle is None or most is None or middle <= most


def test_an_afternoon_repeats_itself_and_differs_between_functions() -> None:
    assert simulate("one") == simulate("one") != simulate("two")


def test_the_most_at_once_counts_overlaps_and_no_neighbours() -> None:
    made = [Invocation(at, "request", 0, 2.0) for at in (0.0, 1.0, 3.0, PERIOD_SECONDS + 1.0)]
    assert most_at_once(made)[:3] == [2, 1, 0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("100 * (FILL(a, 0) + FILL(b, 0)) / c", [150.0, 50.0]), ("a - b", [1.0, None]), ("a / z", [None, None])],
)
def test_metric_math(expression: str, expected: list[float | None]) -> None:
    """A period without a value has no result, except where FILL gives one; there is none of a division by zero."""
    padding: Values = [None] * (PERIODS - 2)
    by_id: dict[str, Values] = {"a": [2.0, 1.0], "b": [1.0, None], "c": [2.0, 2.0], "z": [0.0, 0.0]}
    assert expression_values(expression, {name: each + padding for name, each in by_id.items()})[:2] == expected


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "a ** 2", "'a'"])
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="not understood here"):
        expression_values(expression, {"a": [1.0] * PERIODS})
