"""The local X-Ray's UDP port: what the SDK sends arrives whole and in order, and nothing that arrives can stop it."""

import json
import threading
from typing import Any

import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.segment import Segment

from pilotlight_tools.local.xray import XRay
from pilotlight_tools.local.xray.daemon import BadDatagramError, body_of
from pilotlight_tools.local.xray.documents import BadDocumentError, parse
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send


def test_documents_of_the_sdk_arrive_with_all_they_carried() -> None:
    """A segment sent by aws-xray-sdk itself is stored under its ids with annotations and subsegment."""
    seen: list[dict[str, Any]] = []
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.add_sink(seen.append)
        recorder = AWSXRayRecorder()
        # A context as outside Lambda, where the SDK makes whole segments.
        recorder.configure(
            daemon_address=xray.daemon_address, sampling=False, plugins=(), context=Context(), streaming_threshold=100
        )
        segment: Segment = recorder.begin_segment("orders")
        segment.put_annotation("colour", "green")
        recorder.begin_subsegment("inside")
        recorder.end_subsegment()
        recorder.end_segment()
        xray.flush()
    (document,) = seen
    assert document["id"] == segment.id
    assert document["annotations"] == {"colour": "green"}
    assert [inner["name"] for inner in document["subsegments"]] == ["inside"]


def test_a_burst_arrives_complete_and_in_order() -> None:
    """Datagrams sent by several threads at once are all stored, and each thread's keep their order."""
    records = RecordMaker()
    documents = [records.request(1_700_000_000 + index) for index in range(800)]
    seen: list[str] = []
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.add_sink(lambda document: seen.append(document["id"]))
        parts = [documents[part::4] for part in range(4)]
        threads = [
            threading.Thread(target=send, args=(xray.daemon_address, [datagram(d) for d in part])) for part in parts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        xray.flush()
        counts = xray.counts()
    assert counts["lost"] == 0
    assert counts["datagrams"] == counts["documents"] == 800
    for part in parts:
        ids = {document["id"] for document in part}
        assert [identity for identity in seen if identity in ids] == [document["id"] for document in part]


def test_bad_datagrams_are_counted_by_reason_and_stop_nothing() -> None:
    """Whatever the port gets, the good record after it is stored, and each reason is told."""
    good = RecordMaker().request(1_700_000_000)
    bad = [b"junk", b"", b'{"format": "json", "version": 2}\n{}', b'{"format": "json", "version": 1}\n[1]', b"\xff\n{}"]
    bad.append(datagram(good | {"trace_id": "1-2-3"}))
    with XRay(service=SERVICE, stage=STAGE) as xray:
        send(xray.daemon_address, [*bad, datagram(good)])
        xray.flush()
        counts = xray.counts()
    assert counts["documents"] == 1
    assert sum(counts["rejected"].values()) == len(bad)
    assert counts["rejected"]["trace_id is not 1-<8 hex>-<24 hex>"] == 1


def test_a_failing_sink_stops_neither_the_store_nor_the_other_sinks() -> None:
    seen: list[dict[str, Any]] = []
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.add_sink(lambda document: document["no such key"])
        xray.add_sink(seen.append)
        send(xray.daemon_address, [datagram(RecordMaker().request(1_700_000_000))])
        xray.flush()
        assert xray.counts()["sink_failures"] == 1
        assert xray.counts()["documents"] == len(seen) == 1


def test_nothing_is_left_after_stop() -> None:
    """Threads have ended, the port is free again, and the store's file is gone."""
    before = threading.active_count()
    xray = XRay(service=SERVICE, stage=STAGE).start()
    path, port = xray._store.path, xray.port
    assert path.exists()
    xray.stop()
    assert threading.active_count() == before
    assert not path.parent.exists()
    with XRay(service=SERVICE, stage=STAGE, port=port):
        pass


def test_a_taken_port_is_an_error() -> None:
    with XRay(service=SERVICE, stage=STAGE) as first, pytest.raises(OSError, match=r"[Aa]ddress"):
        XRay(service=SERVICE, stage=STAGE, port=first.port).start()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "xyz"}, "id is not"),
        ({"name": ""}, "name"),
        ({"start_time": "now"}, "start_time"),
        ({"start_time": True}, "start_time"),
        ({"start_time": float("nan")}, "start_time"),
        ({"end_time": None}, "end_time"),
        ({"end_time": 1.0}, "before start_time"),
        ({"parent_id": None}, "parent_id"),
        ({"annotations": {"key": ["list"]}}, "annotation"),
        ({"annotations": []}, "annotations"),
        ({"subsegments": {}}, "subsegments"),
    ],
)
def test_documents_x_ray_would_not_take_are_named(change: dict[str, object], reason: str) -> None:
    with pytest.raises(BadDocumentError, match=reason):
        parse(json.dumps(RecordMaker().request(1_700_000_000) | change))


def test_a_segment_in_progress_needs_no_end() -> None:
    document = RecordMaker().request(1_700_000_000) | {"in_progress": True}
    del document["end_time"]
    assert parse(json.dumps(document)) == document


def test_the_header_line_is_required() -> None:
    with pytest.raises(BadDatagramError, match="line break"):
        body_of(b'{"format": "json", "version": 1}')
