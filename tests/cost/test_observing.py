"""What it costs to see: X-Ray by reservoir and rate, metrics, alarms, the dashboard, logs. Expected figures by hand."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import pytest

from pilotlight.metrics import START_METRICS, TICK_METRICS
from pilotlight_tools.configuration import read_configuration
from pilotlight_tools.cost.advice import recommend
from pilotlight_tools.cost.model import bill
from pilotlight_tools.cost.observing import observing
from pilotlight_tools.cost.plan import Plan, traces_recorded
from pilotlight_tools.cost.stage import price_of_further_stage, stage_bills
from pilotlight_tools.cost.usage import OBSERVING_LINES
from pilotlight_tools.cost.worth import is_worth_it
from tests.support.project import PROJECT

STAGE = Plan(concurrency=10, requests_per_month=50_000, warmer_memory_mb=1024)
"""Of `prod` in serverless.yml, which a test compares."""


@pytest.mark.parametrize(
    ("requests", "traces"),
    [(100_000, 98_215), (1_000_000, 840_155), (2_628_000, 1_709_552), (0, 0)],
)
def test_traces_are_one_of_each_second_and_a_share_of_the_rest(requests: float, traces: float) -> None:
    """With n = requests / 2,628,000 seconds: 1 - e^-n of each second, and 5 % of what is beyond."""
    assert traces_recorded(Plan(requests_per_month=requests)) == pytest.approx(traces, abs=10)


@pytest.mark.parametrize(("reservoir", "sampling", "share"), [(0, 0, 0), (0, 0.2, 0.2), (0, 1, 1), (100, 0, 1)])
def test_a_rule_without_a_reservoir_or_with_a_large_one(reservoir: int, sampling: float, share: float) -> None:
    plan = Plan(requests_per_month=2_628_000, traced_per_second=reservoir, sampling=sampling)
    assert traces_recorded(plan) == pytest.approx(2_628_000 * share)


def test_a_reservoir_of_two_by_hand() -> None:
    """At one request a second: P(n >= 1) + P(n >= 2) = (1 - 1/e) + (1 - 2/e)."""
    plan = Plan(requests_per_month=2_628_000, traced_per_second=2, sampling=0)
    assert traces_recorded(plan) == pytest.approx(2_628_000 * 0.8963617, rel=1e-6)


def test_a_month_of_the_readmes_stage_by_hand() -> None:
    """50,000 requests: 49,551 traces of them and 8,760 of ticks; 8 metrics, 6 alarm metrics, a dashboard."""
    lines = bill(STAGE, "warmer").lines
    assert lines["traces"] == pytest.approx((49_551 + 8_760) * 5e-6, rel=1e-3)
    assert lines["metrics"] == pytest.approx(8 * 0.30)
    assert lines["alarms"] == pytest.approx(6 * 0.10)
    assert lines["dashboard"] == pytest.approx(3.00)
    logged = 50_000 * (360 + 600) + 8_760 * (1_400 + 10 * 360)
    assert lines["logs"] == pytest.approx(logged / 1e9 * 0.50)
    in_six_hours = (49_551 + 8_760) * 6 / 730
    assert lines["reports"] == pytest.approx(30 * 2 * in_six_hours * 0.5e-6, rel=1e-3)


def test_the_first_stage_is_free_and_a_later_one_pays_for_what_the_first_used() -> None:
    """Ten metrics and ten alarm metrics are free, and three dashboards: the second stage pays six and two."""
    first, second = (price_of_further_stage(bill(STAGE, "warmer"), STAGE.architecture, number) for number in (1, 2))
    assert first == 0
    assert 6 * 0.30 + 2 * 0.10 <= second < 6 * 0.30 + 2 * 0.10 + 0.30


def test_the_fourth_stage_has_no_free_dashboard() -> None:
    third, fourth = (price_of_further_stage(bill(STAGE, "warmer"), STAGE.architecture, number) for number in (3, 4))
    assert fourth - third == pytest.approx(3.00, abs=0.01)


def test_without_observability_only_metrics_traces_and_logs_are_left() -> None:
    lines = bill(replace(STAGE, observability=False), "warmer").lines
    assert (lines["alarms"], lines["dashboard"]) == (0, 0)
    assert min(lines["metrics"], lines["traces"], lines["logs"]) > 0


def test_each_method_of_the_api_with_metrics_has_five() -> None:
    more = bill(replace(STAGE, api_methods_measured=3), "none").lines["metrics"]
    assert more - bill(STAGE, "none").lines["metrics"] == pytest.approx(3 * 5 * 0.30)


def test_the_number_of_metrics_is_that_of_the_deployed_code() -> None:
    """A start metric for cold and proactive starts; coverage and incomplete ticks beside the tick's counts."""
    of_a_tick = len(TICK_METRICS) + 2
    assert observing(STAGE, "warmer").metrics - observing(STAGE, "none").metrics == of_a_tick
    assert observing(STAGE, "none").metrics == len(START_METRICS.keys() & {"cold", "proactive"})
    assert observing(STAGE, "snapstart").metrics == observing(STAGE, "none").metrics + 1


def test_the_number_of_alarm_metrics_is_that_of_the_deployed_stage() -> None:
    script = (
        "const { alarms } = require('./plugin/resources/alarms.cjs');"
        "const made = alarms({ label: 'shop-prod', api: 'shop', stage: 'prod', settings: { observability: true,"
        " metricsNamespace: 'Pilotlight' }, warmer: { name: 'warmer', ticks: { gapSeconds: 300 } } },"
        " [{ id: 'Api', name: 'api' }]);"
        "const count = ({ Properties: p }) => p.Metrics ? p.Metrics.filter((m) => m.MetricStat).length : 1;"
        "console.log(JSON.stringify(Object.values(made).map(count)));"
    )
    done = subprocess.run(["node", "-e", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert observing(STAGE, "warmer").alarm_metrics == sum(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("added", "avoided", "worth"), [(1.0, 20, True), (1.01, 20, False), (0, 0, False), (-1, 5, True), (0.17, 345, True)]
)
def test_one_rule_says_what_is_worth_it(added: float, avoided: float, worth: bool) -> None:
    assert is_worth_it(added, avoided, 0.05) is worth


def test_the_readme_has_these_sums() -> None:
    none, warmer = (bill(STAGE, alternative) for alternative in ("none", "warmer"))
    first, second, third, fourth = (
        price_of_further_stage(warmer, STAGE.architecture, number) for number in range(1, 5)
    )
    page = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    work = warmer.total - warmer.of_observing - (none.total - none.of_observing)
    lines, usage = warmer.lines, warmer.usage
    for said in (
        f"50,000, of which {none.cold_starts:.0f} are cold | ${none.total - none.of_observing:.2f} |",
        f"87,600 pings held 100 ms, 8,760 ticks of its own | ${work:.2f} |",
        f"| custom metrics | {usage.metrics:.0f}: two of starts, six of ticks | ${lines['metrics']:.2f} |",
        f"| alarms | {usage.alarm_metrics:.0f} metrics | ${lines['alarms']:.2f} |",
        f"| dashboard | {usage.dashboards:.0f} | ${lines['dashboard']:.2f} |",
        f"{usage.traces:,.0f} traces: one request a second, 5 % of the others, and each tick with its pings |",
        f"each tick with its pings | ${lines['traces']:.2f} |",
        f"| X-Ray, read | a report of six hours each day | ${lines['reports']:.2f} |",
        f"600 bytes a request included | {usage.log_gigabytes:.2f} GB | ${lines['logs']:.2f} |",
        f"5 for each of 3 methods: ${3 * 5 * 0.30:.2f} | $0.00 |",
        f"| **all of it** | | **${warmer.total:.2f}** |",
        f"after the free tier** | | **${first:.2f}** |",
        f"| the second | | ${second:.2f} |",
        f"| **the third** | | **${third:.2f}** |",
        f"The warmer leaves {warmer.cold_starts:.0f} of these {none.cold_starts:.0f} cold starts.",
        f"It adds ${warmer.total - none.total:.2f} a month at list price, less than a cent for each",
    ):
        assert said in page, said
    rows = (none.total - none.of_observing, work, *(lines[name] for name in OBSERVING_LINES))
    assert sum(rows) == pytest.approx(warmer.total), "the rows are all that there is"
    assert fourth - third == pytest.approx(3.00, abs=0.01)
    assert (warmer.total - none.total) / (none.cold_starts - warmer.cold_starts) < 0.01


def test_the_stage_that_the_readme_prices_is_the_projects_prod() -> None:
    params = read_configuration(PROJECT)["params"]
    prod = {**params["default"], **params["prod"]}
    read = (prod["concurrency"], prod["memory"], prod["warmerMemory"], prod["sampling"], prod["rate"])
    assert read == (STAGE.concurrency, STAGE.memory_mb, STAGE.warmer_memory_mb, STAGE.sampling, "rate(5 minutes)")


@pytest.mark.parametrize("price", [0.05, 0.01, 0.0072, 0.007, 0.001])
def test_the_readmes_own_example_is_advised_by_its_own_rule(price: float) -> None:
    """362 cold starts without warming and 17 with it: what the warmer adds is $0.0072 for each that it avoids."""
    plan = replace(STAGE, price_of_a_cold_start=price)
    bills = stage_bills([plan])
    added = bills["warmer"].total - bills["none"].total
    avoided = bills["none"].cold_starts - bills["warmer"].cold_starts
    assert (round(bills["none"].cold_starts), round(bills["warmer"].cold_starts)) == (362, 17)
    assert is_worth_it(added, avoided, price) is (price > added / avoided)
    assert recommend(plan, bills).startswith("Use the warmer" if price > 0.0072 else "Do not warm")


def test_the_old_example_of_the_readme_is_worth_it() -> None:
    """362 to 17 cold starts for $0.17: 345 of them are worth $17.25 at five cents each."""
    assert is_worth_it(0.17, 362 - 17)


def test_a_line_of_the_access_log_has_as_many_bytes_as_are_priced() -> None:
    """With ids as long as AWS's ("Variables for access logging for API Gateway"), and a browser's User-Agent."""
    script = "console.log(require('./infra/access-log.cjs').format)"
    done = subprocess.run(["node", "-e", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    format_, uuid = done.stdout.strip(), "5f1c6b0e-9d3a-4e27-8a61-0c2b7d4e9f10"
    values = {
        "requestId": uuid,
        "extendedRequestId": "Qx3uHEZmDoEFcwQ=",
        "xrayTraceId": "1-67891233-abcdef012345678912345678",
        "requestTimeEpoch": "1764547200000",
        "identity.sourceIp": "203.0.113.17",
        "identity.userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36",
        "httpMethod": "GET",
        "resourcePath": "/{proxy+}",
        "path": "/prod/hello",
        "protocol": "HTTP/1.1",
        "integration.requestId": uuid,
    }
    line = re.sub(r"\$context\.([\w.]+)", lambda found: values.get(found[1], "200"), format_)
    if "integration.requestId" not in format_:
        line += f'"integrationRequestId":"{uuid}","errorType":"-",'
    logged = observing(replace(STAGE, requests_per_month=1e9), "none").log_gigabytes - 360
    assert logged == pytest.approx(len(line), rel=0.05)
