"""What `cost --last` takes from a report."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pilotlight_tools.cost.deployed_plan import Observed
from pilotlight_tools.latency.observed_load import observed_in
from pilotlight_tools.latency.report import Counted, Group, Report, StartType
from pilotlight_tools.latency.statistics import distribution
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.latency.verdict import Facts, judge

TIMES = {"cold": [900.0, 1000.0, 1100.0], "warm": [20.0, 30.0, 40.0]}
INITS = [300.0, 400.0, 500.0]


def report(**changed: Any) -> Report:
    starts = {
        name: StartType(len(times), 0, 0, 0, distribution(times), distribution(INITS) if name == "cold" else None)
        for name, times in TIMES.items()
    }
    made = {
        "source": "access log",
        "time_range": TimeRange(1000.0, 4600.0),
        "requests": 6,
        "starts": starts,
        "functions": [Group("shop-prod-api", 6, 3, 0, 0, 0, None)],
        "verdict": judge(Facts(6, True, 3600.0, TIMES["cold"], 30.0, 5, 3, None)),
    }
    others = dict.fromkeys(each.name for each in dataclasses.fields(Report))
    return Report(**{**others, **made, **changed})


def test_requests_medians_and_cold_starts_with_and_without_pings_are_the_reports() -> None:
    assert observed_in(report()) == Observed(
        seconds=3600.0,
        requests=6,
        is_complete=True,
        cold=3,
        cold_without_pings=5,
        request_ms=30.0,
        init_ms=400.0,
        by_function={"shop-prod-api": 6},
    )


@pytest.mark.parametrize("missing", ["cold", "warm"])
def test_what_did_not_occur_is_not_known(missing: str) -> None:
    starts = {name: start for name, start in report().starts.items() if name != missing}
    found = observed_in(report(starts=starts))
    assert (found.init_ms is None, found.request_ms is None) == (missing == "cold", missing == "warm")


def test_where_cloudwatch_counted_all_requests_its_counts_are_taken() -> None:
    found = observed_in(report(source="traces", counted=Counted(60, {"cold": 12}, 0, 0, 0.2)))
    assert (found.requests, found.cold, found.is_complete) == (60, 12, True)


def test_traces_are_not_all_requests() -> None:
    assert not observed_in(report(source="traces")).is_complete
