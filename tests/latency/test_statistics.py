"""Percentiles are exact and histograms lose nothing."""

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight_tools.latency.statistics import distribution, histogram, logarithmic_edges

durations = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@given(st.lists(durations, min_size=100, max_size=300))
def test_percentiles_are_those_of_numpys_inverted_cdf(values: list[float]) -> None:
    """Nearest rank is what numpy calls inverted_cdf: an independent implementation agrees on every value."""
    found = distribution(values)
    assert found is not None
    expected = numpy.percentile(values, [50, 90, 95, 99], method="inverted_cdf")
    assert [found.p50, found.p90, found.p95, found.p99] == list(expected)
    assert found.max == max(values)
    assert found.count == len(values)


@pytest.mark.parametrize(
    ("count", "p50", "p90", "p95", "p99"),
    [
        (1, 1, None, None, None),
        (2, 1, None, None, None),
        (9, 5, None, None, None),
        (10, 5, 9, None, None),
        (19, 10, 18, None, None),
        (20, 10, 18, 19, None),
        (99, 50, 90, 95, None),
        (100, 50, 90, 95, 99),
        (200, 100, 180, 190, 198),
    ],
)
def test_percentiles_computed_by_hand_and_none_finer_than_the_values_are_many(
    count: int, p50: int, p90: int | None, p95: int | None, p99: int | None
) -> None:
    found = distribution(range(1, count + 1))
    assert found is not None
    assert (found.p50, found.p90, found.p95, found.p99, found.max) == (p50, p90, p95, p99, count)


@given(st.lists(durations, min_size=1, max_size=50), st.integers(min_value=25, max_value=60))
def test_logarithmic_edges_hold_all_values_in_few_bins(values: list[float], most: int) -> None:
    edges = logarithmic_edges(values, most)
    assert edges == sorted(set(edges))
    assert edges[0] <= max(min(values), 0.001)
    assert max(values) <= edges[-1]


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
