"""The tick's record: first in its trace, complete at its end, and small enough for X-Ray with a hundred pings."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from pilotlight.entry import entry_point
from pilotlight.environment import TICK_ANNOTATIONS
from pilotlight.ping import Ping
from pilotlight.routing import Routes
from pilotlight.tracing import parse_trace_header
from pilotlight.warming.record import TickRecord
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from pilotlight_tools.local.xray.documents import dump, parse
from tests.support.events import MACHINE, TRACE, Context

RESULT: dict[str, Any] = dict.fromkeys(TICK_ANNOTATIONS, 100) | {"coverage": 1.0, "causes": ["much more"]}
REQUEST_ID = "8d6c6e0a-3b3f-4c52-9a4c-0123456789ab"
MOST_ANNOTATIONS = 50
"""Annotations that X-Ray indexes of one trace ("AWS X-Ray segment documents", Annotations)."""
SAFE_BYTES = 100_000
"""What a trace can always hold ("AWS X-Ray endpoints and quotas", Trace document size: 100 KB to 500 KB)."""


@pytest.fixture
def daemon(sink: XRaySink, monkeypatch: pytest.MonkeyPatch) -> XRaySink:
    monkeypatch.setenv("PILOTLIGHT_SERVICE", "customer-notifications-production")
    return sink


def test_the_complete_record_overwrites_the_one_in_progress(daemon: XRaySink) -> None:
    record = TickRecord("api", "request-1")
    record.begin()
    record.end(RESULT)
    begun, complete = daemon.take(5)
    known = {"service": "customer-notifications-production", "kind": "tick", "function": "api"}
    assert (begun["in_progress"], "end_time" in begun, begun["annotations"]) == (True, False, known)
    assert (complete["in_progress"], complete["end_time"] >= complete["start_time"]) == (False, True)
    assert complete["annotations"] == known | {name: RESULT[name] for name in TICK_ANNOTATIONS}
    assert complete["metadata"] == {"pilotlight": {"causes": RESULT["causes"]}}
    for name in ("id", "name", "type", "trace_id", "parent_id", "start_time", "aws"):
        assert begun[name] == complete[name]
    assert (complete["trace_id"], complete["parent_id"]) == parse_trace_header(TRACE)
    assert [parse(dump(document)) for document in (begun, complete)] == [begun, complete]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_X_AMZN_TRACE_ID", ""),
        ("_X_AMZN_TRACE_ID", TRACE.replace("Sampled=1", "Sampled=0")),
        ("AWS_XRAY_DAEMON_ADDRESS", ""),
        ("AWS_XRAY_DAEMON_ADDRESS", "no.such.host.invalid:2000"),
    ],
)
def test_what_cannot_or_must_not_be_sent_is_silent_and_harmless(
    daemon: XRaySink, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    record = TickRecord("api", "request-1")
    record.begin()
    record.end(RESULT)
    assert daemon.take() == []


def test_a_tick_of_a_hundred_cold_pings_stays_within_x_rays_limits(daemon: XRaySink) -> None:
    """X-Ray does not say whether equal values count once; it merges them in trace summaries (TraceSummary)."""
    record = TickRecord("arn:aws:lambda:eu-central-1:123456789012:function:api:live", REQUEST_ID)
    record.begin()
    for index in range(100):
        entry_point(Routes(), machine=MACHINE)(Ping(os.urandom(8).hex(), index, 100, 0.0).event(), Context(REQUEST_ID))
    record.end(RESULT)
    documents = daemon.take(5)
    assert [document["annotations"]["kind"] for document in documents] == ["tick", *["ping"] * 100, "tick"]
    values = {(name, value) for document in documents for name, value in document["annotations"].items()}
    assert len(values) <= 13 < MOST_ANNOTATIONS
    assert {document["trace_id"] for document in documents} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert sum(len(json.dumps(document)) for document in documents) < SAFE_BYTES
