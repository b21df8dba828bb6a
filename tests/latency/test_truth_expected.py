"""The hand-written expectation of the driven history agrees with itself: its sums are those of its rows."""

from __future__ import annotations

from tests.support.truth import expected, expected_history, sums


def test_the_sums_follow_from_the_rows() -> None:
    found = sums(expected_history().elements())
    assert found == {name: expected()[name] for name in found}
    assert {"requests", "starts", "routes", "functions"} <= expected().keys()
