"""The report in a terminal: the verdict first, and counts and shares in the histogram."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pilotlight_tools.latency.figures_as_text import figure, milliseconds
from pilotlight_tools.latency.histogram_table import histogram_table
from pilotlight_tools.latency.report import Group
from pilotlight_tools.latency.request_tables import group_table
from pilotlight_tools.latency.statistics import Histogram, distribution


def printed(table: object, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_histogram_says_counts_and_shares_of_each_start_type() -> None:
    text = printed(histogram_table(Histogram([10.0, 20.0, 40.0], {"warm": [900, 100], "cold": [0, 5]})))
    rows = [line.split() for line in text.splitlines()]
    assert any("warm (1,000)" in line and "cold (5)" in line for line in text.splitlines())
    assert any(row[:8] == ["10.0", "ms", "to", "20.0", "ms", "900", "90.0", "%"] for row in rows)
    [last] = [row for row in rows if row[:5] == ["20.0", "ms", "to", "40.0", "ms"]]
    assert last[5:8] == ["100", "10.0", "%"]
    assert [each for each in last[8:] if not set(each) & set("█▏▎▍▌▋▊▉")] == ["5", "100.0", "%"]


def test_routes_are_those_with_the_most_requests_and_more_are_named_as_left_out() -> None:
    one = Group("GET /0", 1, 0, 0, 0, 0, distribution([5.0]))
    groups = [replace(one, name=f"GET /{index}", requests=100 - index) for index in range(30)]
    text = printed(group_table("route", groups, "access log"))
    assert "of all requests (access log) (the 20 with the most requests; --json has more)" in " ".join(text.split())
    assert "GET /19 " in text
    assert "GET /20 " not in text


@pytest.mark.parametrize("name", ["GET /\N{RIGHT-TO-LEFT OVERRIDE}x", "GET /[red]x", "GET /\x1b[31mx"])
def test_a_route_that_somebody_made_up_does_not_control_the_terminal(name: str) -> None:
    text = printed(group_table("route", [Group(name, 1, 0, 0, 0, 0, None)], "traces"))
    assert "\x1b" not in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert "GET /" in text


def test_a_figure_that_there_is_not_is_a_dash() -> None:
    assert (figure(None), figure(1234.5), figure(12.34), figure(1.234)) == ("-", "1,234", "12.3", "1.23")
    assert (milliseconds(9999), milliseconds(12_345)) == ("9,999 ms", "12.3 s")
