"""Requests as columns: what goes in comes out, and a million of them are small."""

import math
import sys

import pytest

from pilotlight_tools.latency.columns import NOT_MEASURED, Columns, Names, Request

TRACE_ID = "1-65540000-0123456789abcdef01234567"


def request(ms: float = 20.0, *, start: str = "warm", status: int = 200, trace_id: str | None = TRACE_ID) -> Request:
    return Request(1_700_000_000.25, ms, start, status, "GET /a", "shop-api", trace_id=trace_id)


def test_a_request_comes_out_as_it_went_in() -> None:
    columns = Columns()
    columns.add(request())
    index = columns.add(request(12.345, start="cold", status=503, trace_id=None))
    assert (columns.at[index], columns.response_ms[index]) == (1_700_000_000.25, 12.345)
    assert (columns.starts[index], columns.routes[index], columns.functions[index]) == ("cold", "GET /a", "shop-api")
    assert (columns.trace_id(0), columns.trace_id(index)) == (TRACE_ID, None)
    assert (columns.status[index], columns.is_fault[index], columns.is_error(index)) == (503, 1, False)
    assert math.isnan(columns.in_lambda_ms[index])


@pytest.mark.parametrize("trace_id", ["", "1-2-3", "x" * 35, "1-6554000z-0123456789abcdef01234567"])
def test_a_trace_id_that_is_none_is_none(trace_id: str) -> None:
    columns = Columns()
    columns.add(request(trace_id=trace_id))
    assert columns.trace_id(0) is None


def test_the_slowest_are_of_those_that_are_measured() -> None:
    columns = Columns()
    for ms in (5.0, NOT_MEASURED, 9.0, 7.0, 9.0):
        columns.add(request(ms))
    assert columns.slowest(3) == [2, 4, 3]
    assert sorted(columns.times(range(len(columns)))) == [5.0, 7.0, 9.0, 9.0]


def test_names_beyond_what_a_column_holds_are_others() -> None:
    names = Names("B")
    for number in range(300):
        names.add(str(number))
    groups = names.groups()
    assert len(groups) == 255
    assert len(groups["(others)"]) == 300 - 254
    assert names[7] == "7"


def test_a_request_takes_less_than_fifty_bytes() -> None:
    columns = Columns()
    for _ in range(10_000):
        columns.add(request())
    parts = (columns.at, columns.response_ms, columns.in_lambda_ms, columns.status, columns.is_fault)
    names = (columns.starts, columns.routes, columns.functions)
    total = sum(map(sys.getsizeof, (*parts, *(each._codes for each in names), columns._trace_ids)))
    assert total < 10_000 * 50
