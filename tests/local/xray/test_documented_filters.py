"""The filters and annotations that README.md and docs/reading.md name find the records as they are sent."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from pilotlight.environment import TICK_ANNOTATIONS, Annotation
from pilotlight_tools.latency.reader import xray_client
from pilotlight_tools.local.engine import REGION
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.project import PROJECT
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

NOW = 1_700_000_000.0
READING = (PROJECT / "docs" / "reading.md").read_text(encoding="utf-8")
README = (PROJECT / "README.md").read_text(encoding="utf-8")
FILTERS = re.findall(r"^annotation\[service\].*$", READING, re.MULTILINE)
"""All user requests; the cold ones; those of a route that were slow."""


@pytest.fixture(scope="module")
def xray() -> Iterator[XRay]:
    """Three requests, of which one is cold and one slow, one of another service, and a tick with its pings."""
    records = RecordMaker()
    other = records.request(NOW + 3, start="cold")
    other["annotations"]["service"] = "another"
    requests = [
        (records.request(NOW, start="cold", init_ms=120.5), 0.3),
        (records.request(NOW + 1, seconds=0.6), 0.7),
        (records.request(NOW + 2, route="/items/{id}", seconds=0.6), 0.7),
        (other, 0.9),
    ]
    with XRay(service=SERVICE, stage=STAGE) as started:
        for record, seconds in requests:
            at = record["start_time"]
            url = f"http://localhost/{STAGE}/hello"
            started.measured(Exchange(at, at + seconds, "GET", url, 200, record["aws"]["request_id"]))
            send(started.daemon_address, [datagram(record)])
        send(started.daemon_address, map(datagram, records.tick(NOW + 4, cold=2)))
        started.flush(settle=True)
        yield started


def found(xray: XRay, expression: str) -> list[float]:
    """When each request began that an expression finds, in seconds from NOW."""
    question: dict[str, Any] = {"StartTime": NOW - 60, "EndTime": NOW + 60, "FilterExpression": expression}
    pages = xray_client(REGION, xray.endpoint_url, local=True).get_paginator("get_trace_summaries").paginate(**question)
    return sorted(summary["StartTime"].timestamp() - NOW for page in pages for summary in page["TraceSummaries"])


def groups_of_the_plugin(label: str) -> dict[str, str]:
    """The plugin's filter expression by the name of each group."""
    script = (
        "const { filtersOf, groupNames } = require('./plugin/resources/x-ray.cjs');"
        f"const label = {json.dumps(label)}; const names = groupNames(label); const filters = filtersOf(label);"
        "console.log(JSON.stringify(Object.fromEntries(Object.keys(names).map((of) => [names[of], filters[of]]))));"
    )
    done = subprocess.run(["node", "-e", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    groups: dict[str, str] = json.loads(done.stdout)
    return groups


@pytest.mark.parametrize(("index", "expected"), [(0, [0.0, 1.0, 2.0]), (1, [0.0]), (2, [1.0])])
def test_a_documented_filter_finds_what_the_page_says(xray: XRay, index: int, expected: list[float]) -> None:
    """All user requests of the service and no tick; the cold one; the slow one of the route."""
    assert found(xray, FILTERS[index].replace("pilotlight-prod", SERVICE)) == expected


def test_the_readme_has_the_same_three() -> None:
    assert len(FILTERS) == 3
    assert re.findall(r"^annotation\[service\].*$", README, re.MULTILINE) == FILTERS


def test_the_first_two_are_those_of_groups() -> None:
    groups = groups_of_the_plugin("pilotlight-prod")
    assert [groups["pilotlight-prod-requests"], groups["pilotlight-prod-cold"]] == FILTERS[:2]


def test_the_plugins_groups_hold_in_the_local_x_ray(xray: XRay) -> None:
    """Made there as CloudFormation would make them, and asked for by name."""
    expected = {"requests": [0.0, 1.0, 2.0], "cold": [0.0], "warm": [1.0, 2.0]}
    for name, expression in groups_of_the_plugin(SERVICE).items():
        xray_client(REGION, xray.endpoint_url, local=True).create_group(GroupName=name, FilterExpression=expression)
        assert found(xray, f'group.name = "{name}"') == expected[name.rpartition("-")[2]]


def test_every_annotation_is_documented_and_no_other() -> None:
    table = re.search(r"^\| annotation \|.*\n.*\n((?:\|.*\n)+)", READING, re.MULTILINE)
    assert table
    documented = {name for row in table[1].splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    names = {value for key, value in vars(Annotation).items() if key.isupper()}
    assert documented == names | set(TICK_ANNOTATIONS)


def test_the_queries_of_spans_name_annotations() -> None:
    names = {value for key, value in vars(Annotation).items() if key.isupper()}
    assert set(re.findall(r"attributes\.(\w+)", READING)) <= names
