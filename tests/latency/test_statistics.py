"""Percentiles are exact and histograms lose nothing."""

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight_tools.latency.statistics import distribution, histogram, weighted_distribution

durations = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@given(st.lists(durations, min_size=1, max_size=300))
def test_percentiles_are_those_of_numpys_inverted_cdf(values: list[float]) -> None:
    """Nearest rank is what numpy calls inverted_cdf: an independent implementation agrees on every value."""
    found = distribution(values)
    assert found is not None
    expected = numpy.percentile(values, [50, 90, 95, 99], method="inverted_cdf")
    assert [found.p50, found.p90, found.p95, found.p99] == list(expected)
    assert found.max == max(values)
    assert found.count == len(values)


@pytest.mark.parametrize(
    ("count", "p50", "p90", "p99"), [(1, 1, 1, 1), (2, 1, 2, 2), (10, 5, 9, 10), (200, 100, 180, 198)]
)
def test_percentiles_computed_by_hand(count: int, p50: int, p90: int, p99: int) -> None:
    found = distribution(range(1, count + 1))
    assert found is not None
    assert (found.p50, found.p90, found.p99) == (p50, p90, p99)


@given(st.lists(st.tuples(durations, st.integers(min_value=1, max_value=5)), min_size=1, max_size=60))
def test_a_weight_has_the_effect_of_repeating_the_value(weighted: list[tuple[float, int]]) -> None:
    repeated = distribution(value for value, weight in weighted for _ in range(weight))
    found = weighted_distribution([(value, float(weight)) for value, weight in weighted])
    assert found is not None
    assert repeated is not None
    assert (found.p50, found.p90, found.p95, found.p99) == (repeated.p50, repeated.p90, repeated.p95, repeated.p99)


def test_no_values_have_no_distribution() -> None:
    assert distribution([]) is None
    assert histogram({}).edges == []
    assert histogram({"cold": []}).edges == []


@example({"cold": [999999.9999999999]})
@given(st.dictionaries(st.sampled_from(["cold", "warm", "proactive"]), st.lists(durations, min_size=1), min_size=1))
def test_every_value_is_in_exactly_one_bin_that_holds_it(values: dict[str, list[float]]) -> None:
    made = histogram(values)
    assert made.edges == sorted(set(made.edges))
    assert {name: sum(counts) for name, counts in made.counts.items()} == {name: len(v) for name, v in values.items()}
    for value in (value for group in values.values() for value in group):
        assert made.edges[0] <= max(value, 0.001) <= made.edges[-1]
