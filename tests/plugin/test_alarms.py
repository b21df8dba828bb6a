"""The alarms of a service: they fit the rate of its ticks, and stay inside CloudWatch's limits and its free tier."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.support.project import PROJECT

WEEK_SECONDS, DAY_SECONDS = 604_800, 86_400


def alarms(rate: str | None, targets: int = 1, *, observability: bool = True) -> dict[str, Any]:
    """The alarms' properties by logical id, for a warmer with this schedule (None: disabled)."""
    script = f"""
        const {{ alarms }} = require({json.dumps(str(PROJECT / "plugin" / "resources" / "alarms.cjs"))});
        const {{ gapSeconds }} = require({json.dumps(str(PROJECT / "plugin" / "schedule.cjs"))});
        const rate = {json.dumps(rate)};
        const ticks = rate ? {{ expressions: [rate], gapSeconds: gapSeconds(rate) }} : null;
        const observability = {json.dumps(observability)};
        const settings = {{ observability, alarmTopic: '', metricsNamespace: 'Pilotlight' }};
        const warmer = {{ name: 'shop-prod-warmer', ticks }};
        const service = {{ label: 'shop-prod', stage: 'prod', api: 'shop', settings, warmer }};
        const target = (_, n) => ({{ id: `Api${{n}}`, name: `shop-prod-api${{n}}` }});
        const targets = Array.from({{ length: {targets} }}, target);
        console.log(JSON.stringify(alarms(service, targets)));
    """
    printed = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    return {name: each["Properties"] for name, each in json.loads(printed).items()}


@pytest.mark.parametrize(
    ("rate", "gap"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(30 minutes)", 1800),
        ("rate(3 hours)", 10_800),
        ("rate(1 day)", DAY_SECONDS),
    ],
)
def test_two_bad_ticks_of_three_are_an_alarm_at_any_rate(rate: str, gap: int) -> None:
    """A period holds a tick, or more of them: 2 of 3 periods of five minutes never have two ticks of a half hour."""
    found = alarms(rate)
    for name in ("Api0IncompleteCoverage", "WarmerErrors"):
        assert found[name]["Period"] >= gap
        assert (found[name]["EvaluationPeriods"], found[name]["DatapointsToAlarm"]) == (3, 2)


@pytest.mark.parametrize(
    "rate", ["rate(1 minute)", "rate(5 minutes)", "rate(90 minutes)", "rate(1 day)", "rate(3 days)"]
)
def test_ticks_that_stop_are_an_alarm(rate: str) -> None:
    """Missing data is what breaches, since a function that is not invoked has none."""
    alarm = alarms(rate)["TicksStopped"]
    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Invocations", "breaching")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "shop-prod-warmer"}]
    number = int(rate.partition("(")[2].split()[0])
    gap = number * (60 if "minute" in rate else DAY_SECONDS)
    watched = alarm["Period"] * alarm["DatapointsToAlarm"]
    assert watched > gap, "one tick in the watched time is enough to keep it quiet"


@pytest.mark.parametrize("rate", [None, "cron(0/5 7-19 ? * MON-FRI *)", "rate(8 days)"])
def test_where_no_rate_is_known_no_alarm_waits_for_ticks(rate: str | None) -> None:
    """The warmer is off, or may pause as its cron expression says, or ticks more rarely than an alarm can look back."""
    assert "TicksStopped" not in alarms(rate)


@pytest.mark.parametrize("rate", ["rate(1 minute)", "rate(59 minutes)", "rate(1 day)", "rate(6 days)", "rate(30 days)"])
def test_no_alarm_looks_back_further_than_cloudwatch_allows(rate: str) -> None:
    """ "PutMetricAlarm": a day for periods shorter than an hour, else a week; periods are whole minutes."""
    for alarm in alarms(rate).values():
        period = alarm.get("Period", 300)
        assert period % 60 == 0
        assert period * alarm["EvaluationPeriods"] <= (DAY_SECONDS if period < 3600 else WEEK_SECONDS)


def test_throttled_pings_are_not_throttled_users() -> None:
    users, *parts = alarms("rate(5 minutes)")["Api0Throttles"]["Metrics"]
    assert users["Expression"] == "throttles - FILL(pings, 0)"
    metrics = {part["Id"]: part["MetricStat"]["Metric"] for part in parts}
    assert (metrics["throttles"]["Namespace"], metrics["pings"]["Namespace"]) == ("AWS/Lambda", "Pilotlight")


def test_the_free_tier_holds_the_alarms_of_one_target() -> None:
    """Ten alarm metrics are free, and each metric of an expression is one ("Amazon CloudWatch pricing")."""
    found = alarms("rate(5 minutes)")
    assert sum(sum("MetricStat" in part for part in alarm.get("Metrics", [])) or 1 for alarm in found.values()) <= 10


def test_each_target_has_its_own_alarms() -> None:
    names = {alarm["AlarmName"] for alarm in alarms("rate(5 minutes)", targets=2).values()}
    assert {f"shop-prod-api{n}-{kind}" for n in (0, 1) for kind in ("incomplete-coverage", "throttles")} < names


def test_without_observability_there_is_no_alarm() -> None:
    assert alarms("rate(5 minutes)", observability=False) == {}
