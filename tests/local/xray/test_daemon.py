"""The local X-Ray's UDP port: what the SDK sends arrives whole and in order, and nothing that arrives can stop it."""

import json
import threading
import time

import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.segment import Segment

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.console import line_of
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


def nested(depth: int) -> Document:
    part: Document = {"name": "inner", "id": "f" * 16, "start_time": 1.0, "end_time": 2.0}
    for _ in range(depth):
        part = {**part, "subsegments": [part]}
    return part


def test_whatever_a_datagram_holds_the_next_record_is_kept_and_the_loss_is_said() -> None:
    """Each of these once ended the thread that stores records, or the terminal that shows them."""
    records, notices = RecordMaker(), list[str]()
    good = records.request(1_700_000_000)
    header = b'{"format": "json", "version": 1}\n'
    bad = [
        b"[" * 50_000,
        header + b"[" * 50_000,
        header + b'{"a":' * 10_000,
        header + json.dumps(good).encode()[:-1] + b',"metadata":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}",
        datagram(good | {"aws": {"request_id": "\ud800"}}),
        datagram(good | {"parent_id": {"an": "object"}}),
        datagram(good | {"type": "segment", "parent_id": ["a list"]}),
        datagram(good | {"annotations": {"kind": "tick"}}),
        datagram(good | {"annotations": {"any": 10**400}}),
        datagram(good | {"start_time": 1e11, "end_time": 1e11}),
        datagram(good | {"http": {"response": {"status": "ok"}}}),
        datagram(good | {"subsegments": [nested(60)]}),
    ]
    with XRay(service=SERVICE, stage=STAGE, notify=notices.append) as xray:
        lines: list[Pair] = []
        xray.subscribe(show)
        xray.subscribe(lines.append)
        send(xray.daemon_address, [*bad, datagram(good)])
        xray.flush(settle=True)
        counts, losses = xray.counts(), xray.losses()
        client = xray_client("us-east-1", xray.endpoint_url, local=True)
        reader = Reader(client, SERVICE, STAGE)
        report = make_report(reader, TimeRange(1_699_990_000, 1_700_001_000), stage=STAGE, region=None, most=10)
    assert [pair.record for pair in lines] == [good]
    assert counts["subscriber_failures"] == 0
    assert sum(losses.values()) == len(bad)
    assert not [reason for reason in losses if "a fault of this X-Ray" in reason]
    assert all(notice.startswith("X-Ray: refused a record: ") for notice in notices)
    assert len(notices) == len(bad)
    assert report.requests == 1
    [note] = [note for note in report.notes if "lost records" in note]
    assert "nested too deeply" in note


def test_what_a_service_annotates_under_our_names_is_its_own() -> None:
    """`put_annotation("kind", "tick")` in a route's own subsegment is no tick, and spoils no figure."""
    records = RecordMaker()
    ours = records.request(1_700_000_000)
    own = {**ours, "name": "orders", "id": records.identity()}
    own["annotations"] = {"kind": "tick", "start": "first", "status": "fine", "coverage": "all", "service": SERVICE}
    with XRay(service=SERVICE, stage=STAGE) as xray:
        seen: list[Pair] = []
        xray.subscribe(seen.append)
        send(xray.daemon_address, [datagram(own), datagram(ours)])
        xray.flush(settle=True)
        reader = Reader(xray_client("us-east-1", xray.endpoint_url, local=True), SERVICE, STAGE)
        report = make_report(reader, TimeRange(1_699_990_000, 1_700_001_000), stage=STAGE, region=None, most=10)
        assert xray.counts()["documents"] == 4, "both, and the two segments that are made of ours"
    assert [pair.record for pair in seen] == [ours]
    assert {start: found.count for start, found in report.starts.items()} == {"warm": 1}
    assert (report.requests, report.pings.ticks) == (1, 0)


def test_a_full_disk_costs_what_came_meanwhile_and_nothing_else() -> None:
    """SQLite's own error, of a limit on its file instead of a disk; requests are shown, and counted as not kept."""
    records, notices = RecordMaker(), list[str]()
    with XRay(service=SERVICE, stage=STAGE, notify=notices.append) as xray:
        shown: list[Pair] = []
        xray.subscribe(shown.append)
        before = [records.request(1_700_000_000 + index) for index in range(3)]
        send(xray.daemon_address, map(datagram, before))
        xray.flush(settle=True)
        database = xray._store._database
        (pages,) = database.execute("pragma page_count").fetchone()
        database.execute(f"pragma max_page_count = {pages}")
        lost = [records.request(1_700_000_100 + index) for index in range(60)]
        send(xray.daemon_address, map(datagram, lost))
        xray.flush(settle=True)
        while_full = xray.counts()
        database.execute("pragma max_page_count = 1000000")
        after = [records.request(1_700_000_200 + index) for index in range(3)]
        send(xray.daemon_address, map(datagram, after))
        xray.flush(settle=True)
        for document in (*before, *after):
            assert xray._store.bodies(document["trace_id"])
        losses = xray.losses()
        (stored,) = database.execute("select sum(length(body)) from documents").fetchone()
        assert xray.counts()["bytes"] == stored
    assert [pair.record for pair in shown] == [*before, *lost, *after]
    assert while_full["not_kept"]["database or disk is full"] > 0
    assert losses["not kept, database or disk is full"] == while_full["not_kept"]["database or disk is full"]
    assert "X-Ray: records are not kept: database or disk is full" in notices[0]


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


def show(pair: Pair) -> None:
    line_of(pair)


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
        ({"start_time": float("nan")}, "NaN is not a number"),
        ({"start_time": 1e11}, "start_time"),
        ({"start_time": -62135596800}, "start_time"),
        ({"end_time": 10**400}, "digits"),
        ({"parent_id": {}}, "parent_id"),
        ({"type": None, "parent_id": {"a": 1}}, "parent_id"),
        ({"name": "\ud800"}, "surrogate"),
        ({"aws": {"request_id": "\udfff"}}, "surrogate"),
        ({"aws": {"request_id": 7}}, "request_id"),
        ({"annotations": {"key": 10**17}}, "too large"),
        ({"annotations": {"key": 1e300}}, "too large"),
        ({"http": {"response": {"status": "200"}}}, "status"),
        ({"http": {"request": {"url": 7}}}, "url"),
        ({"http": {"request": []}}, "http.request"),
        ({"fault": "yes"}, "fault"),
        ({"subsegments": ["text"]}, "a subsegment is not an object"),
        ({"subsegments": [{"name": "inner", "id": "f" * 16, "start_time": "now"}]}, "start_time"),
        ({"annotations": {"kind": "tick"}}, "requested"),
        ({"annotations": {"kind": "request", "init_ms": "7"}}, "init_ms is not a number"),
        ({"annotations": {"kind": "request", "status": "ok"}}, "status is not an HTTP status"),
        ({"annotations": {"kind": "ping", "start": 7}}, "start is not a text"),
        ({"metadata": {"pilotlight": {"kind": "ping", "causes": 7}}}, "causes is not a list of texts"),
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
