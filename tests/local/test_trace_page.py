"""A trace as a waterfall: each segment below its parent, its time to scale."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight_tools.local.trace_page import spans_of, trace_page


def document(identity: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    ended = {} if end is None else {"end_time": end}
    return {"name": f"segment {identity}", "id": identity, "start_time": start, **ended, **more}


STAGE = document("1", 100.0, 101.0)
FUNCTION = document("2", 100.25, 101.0, parent_id="1", subsegments=[document("3", 100.5, 100.75)])
RECORD = document("4", 100.6, 100.7, parent_id="3", type="subsegment", fault=True)


def test_each_segment_stands_below_its_parent_wherever_it_was_sent() -> None:
    """The record is a document of its own, below a subsegment inside another."""
    spans = spans_of([RECORD, FUNCTION, STAGE])
    assert [(span.name, span.depth) for span in spans] == [
        ("segment 1", 0),
        ("segment 2", 1),
        ("segment 3", 2),
        ("segment 4", 3),
    ]
    function = spans[1]
    assert (function.start, function.length, function.milliseconds) == (0.25, 0.75, 750.0)
    assert [span.is_fault for span in spans] == [False, False, False, True]


def test_a_segment_without_its_parent_or_its_end_is_shown() -> None:
    (alone,) = spans_of([document("7", 5.0, None, parent_id="lost", in_progress=True)])
    assert (alone.depth, alone.milliseconds, alone.length) == (0, None, 0.0)
    assert "in progress" in trace_page("1-x", [document("7", 5.0, None)])


@pytest.mark.parametrize("parents", [("1", "1"), ("2", "1"), (None, "2")])
def test_a_circle_of_parents_is_shown_once(parents: tuple[str | None, str]) -> None:
    circle = [document("1", 1.0, 2.0, parent_id=parents[0]), document("2", 1.0, 2.0, parent_id=parents[1])]
    assert sorted(span.name for span in spans_of(circle)) == ["segment 1", "segment 2"]


def test_a_subsegment_with_the_id_of_its_segment_is_shown_once() -> None:
    inner = document("1", 1.2, 1.4)
    assert len(spans_of([document("1", 1.0, 2.0, subsegments=[inner])])) == 2


def test_nothing_in_a_trace_is_markup() -> None:
    page = trace_page("1-<b>", [document("1", 1.0, 2.0) | {"name": "<script>alert(1)</script>"}])
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "default-src 'none'" in page
