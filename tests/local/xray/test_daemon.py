"""The local X-Ray's UDP port: what the SDK sends arrives whole and in order, and nothing that arrives can stop it."""

import json
import threading
import time

import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.segment import Segment

from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.xray import XRay
from pilotlight_tools.local.xray.daemon import BadDatagramError, body_of
from pilotlight_tools.local.xray.documents import BadDocumentError, parse
from pilotlight_tools.local.xray.joiner import PATIENCE_SECONDS
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send


def test_documents_of_the_sdk_arrive_with_all_they_carried() -> None:
    """A segment sent by aws-xray-sdk itself is stored under its ids with annotations and subsegment."""
    with XRay(service=SERVICE, stage=STAGE) as xray:
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
        ((_, body),) = xray._store.bodies(segment.trace_id)
    document = json.loads(body)
    assert document["id"] == segment.id
    assert document["annotations"] == {"colour": "green"}
    assert [inner["name"] for inner in document["subsegments"]] == ["inside"]


def test_a_burst_arrives_complete_and_in_order() -> None:
    """Datagrams sent by several threads at once are all stored, and each thread's keep their order."""
    records = RecordMaker()
    documents = [records.request(1_700_000_000 + index) for index in range(800)]
    seen: list[str] = []
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.subscribe(lambda pair: seen.append((pair.record or {})["id"]))
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
        xray.flush(settle=True)
    assert counts["lost"] == 0
    assert counts["datagrams"] == counts["documents"] == 800
    for part in parts:
        ids = {document["id"] for document in part}
        assert [identity for identity in seen if identity in ids] == [document["id"] for document in part]


def test_bad_datagrams_are_counted_by_reason_and_stop_nothing() -> None:
    """After any bad datagram a good record is still stored, and each reason is counted."""
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


def test_a_failing_subscriber_stops_neither_the_store_nor_the_other_subscribers() -> None:
    seen: list[Pair] = []
    record = RecordMaker().request(1_700_000_000)
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.subscribe(fail)
        xray.subscribe(seen.append)
        send(xray.daemon_address, [datagram(record)])
        xray.flush()
        assert xray.counts()["documents"] == 1
        xray.flush(settle=True)
        assert xray.counts()["subscriber_failures"] == 1
        assert seen == [Pair(None, record)]
        assert xray.counts()["documents"] == 3, "the record, and the two segments that are made of it"


def fail(pair: Pair) -> None:
    raise KeyError(pair)


def test_a_record_without_an_exchange_is_given_even_while_the_port_is_busy() -> None:
    records = RecordMaker()
    seen: list[Pair] = []
    alone = records.request(1_700_000_000)
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.subscribe(seen.append)
        send(xray.daemon_address, [datagram(alone)])
        until = time.monotonic() + PATIENCE_SECONDS + 1
        while time.monotonic() < until and not seen:
            send(xray.daemon_address, [datagram(records.request(1_700_000_000))])
            time.sleep(0.05)
    assert seen[0] == Pair(None, alone)


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
def test_documents_that_x_ray_would_reject_are_errors_with_a_reason(change: dict[str, object], reason: str) -> None:
    with pytest.raises(BadDocumentError, match=reason):
        parse(json.dumps(RecordMaker().request(1_700_000_000) | change))


def test_a_segment_in_progress_needs_no_end() -> None:
    document = RecordMaker().request(1_700_000_000) | {"in_progress": True}
    del document["end_time"]
    assert parse(json.dumps(document)) == document


def test_the_header_line_is_required() -> None:
    with pytest.raises(BadDatagramError, match="line break"):
        body_of(b'{"format": "json", "version": 1}')
