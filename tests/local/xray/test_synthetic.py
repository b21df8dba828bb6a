"""AWS's own segments, made from measurements: connected, labelled, and never made twice or from thin air."""

from collections.abc import Callable

import pytest

from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.local.xray import Measurement, XRay, is_synthetic
from pilotlight_tools.local.xray.documents import dump, parse
from pilotlight_tools.local.xray.joiner import Joiner
from pilotlight_tools.local.xray.synthetic import synthesise
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

NOW = 1_700_000_000.0


def measurement(request_id: str | None, status: int = 200) -> Measurement:
    return Measurement(NOW - 0.3, NOW + 0.1, "GET", "http://localhost/test/hello", status, request_id)


def by_origin(made: list[Document]) -> dict[str, Document]:
    return {document["origin"]: document for document in made}


def test_a_request_is_one_chain_from_api_gateway_to_our_record() -> None:
    record = RecordMaker().request(NOW, start="cold", init_ms=200.0)
    made = synthesise(measurement(record["aws"]["request_id"]), record, SERVICE, STAGE)
    segments = by_origin(made)
    gateway, invoked = segments["AWS::ApiGateway::Stage"], segments["AWS::Lambda"]
    executed = segments["AWS::Lambda::Function"]
    assert {document["trace_id"] for document in made} == {record["trace_id"]}
    assert "parent_id" not in gateway
    assert invoked["parent_id"] == gateway["subsegments"][0]["id"]
    assert executed["parent_id"] == invoked["id"]
    assert record["parent_id"] == executed["id"]
    assert gateway["name"] == f"{SERVICE}/{STAGE}"
    assert (gateway["start_time"], gateway["end_time"]) == (NOW - 0.3, NOW + 0.1)
    (initialization,) = executed["subsegments"]
    assert initialization["name"] == "Initialization"
    assert initialization["end_time"] - initialization["start_time"] == pytest.approx(0.2)
    assert initialization["start_time"] < executed["start_time"]


def test_every_made_segment_is_valid_labelled_and_free_of_annotations() -> None:
    record = RecordMaker().request(NOW, start="cold", init_ms=200.0)
    for document in synthesise(measurement("a"), record, SERVICE, STAGE):
        assert parse(dump(document)) == document
        assert is_synthetic(document)
        assert not any("annotations" in part for part in walk(document))
    assert not is_synthetic(record)


@pytest.mark.parametrize("start", ["warm", "proactive", "provisioned", "restored"])
def test_only_cold_starts_show_an_initialization(start: str) -> None:
    """What was initialised ahead is no part of this request, even where the record tells how long it took."""
    record = RecordMaker().request(NOW, start=start, init_ms=200.0)
    made = synthesise(None, record, SERVICE, STAGE)
    assert by_origin(made)["AWS::Lambda::Function"]["subsegments"] == []


@pytest.mark.parametrize(
    ("status", "flags"),
    [(200, set()), (404, {"error"}), (429, {"error", "throttle"}), (502, {"fault"})],
)
def test_without_a_record_only_api_gateway_answers(status: int, flags: set[str]) -> None:
    (gateway,) = synthesise(measurement(None, status), None, SERVICE, STAGE)
    assert gateway["origin"] == "AWS::ApiGateway::Stage"
    assert {flag for flag in ("error", "throttle", "fault") if gateway.get(flag)} == flags


def test_a_ping_in_a_trace_of_its_own_is_one_chain() -> None:
    (ping, _) = RecordMaker().tick(NOW, requested=1, unique=1, cold=1)
    invoked, executed = synthesise(None, ping, SERVICE, STAGE)
    assert "parent_id" not in invoked
    assert executed["parent_id"] == invoked["id"]
    assert ping["parent_id"] == executed["id"]
    assert [part["name"] for part in executed["subsegments"]] == ["Initialization"]


def test_pings_that_share_a_parent_keep_segments_of_their_own() -> None:
    """Where the tick's header reaches every ping unchanged, none may take another's place, and all stay one tree."""
    made: list[Document] = []
    joiner = Joiner(SERVICE, STAGE, made.extend)
    records = RecordMaker().tick(NOW, requested=3, unique=3, cold=1)
    for record in records:
        joiner.recorded(record)
    assert len({document["id"] for document in made}) == len(made) == 8
    (root,) = [document for document in made if "parent_id" not in document]
    known = {document["id"] for document in made}
    assert all(document["parent_id"] in known for document in [*made, *records] if document is not root)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("measured_first", [True, False])
def test_either_side_may_come_first(measured_first: bool) -> None:
    made: list[list[Document]] = []
    joiner = Joiner(SERVICE, STAGE, made.append)
    record = RecordMaker().request(NOW)
    steps: list[Callable[[], None]] = [
        lambda: joiner.measured(measurement(record["aws"]["request_id"])),
        lambda: joiner.recorded(record),
    ]
    for step in steps if measured_first else reversed(steps):
        step()
    joiner.expire(0)
    assert [len(each) for each in made] == [3]


def test_each_side_waits_for_the_other_and_then_goes_alone() -> None:
    made: list[list[Document]] = []
    clock = Clock()
    joiner = Joiner(SERVICE, STAGE, made.append, clock=clock)
    joiner.measured(measurement("nobody answers", 502))
    joiner.recorded(RecordMaker().request(NOW))
    clock.now = 2.9
    joiner.expire(3.0)
    assert made == []
    clock.now = 3.0
    joiner.expire(3.0)
    joiner.expire(3.0)
    assert [[document["origin"] for document in each] for each in made] == [
        ["AWS::ApiGateway::Stage"],
        ["AWS::Lambda", "AWS::Lambda::Function"],
    ]


def test_documents_that_are_no_records_of_ours_make_nothing() -> None:
    made: list[list[Document]] = []
    joiner = Joiner(SERVICE, STAGE, made.append)
    joiner.recorded({"name": "orders", "id": "1" * 16, "trace_id": RecordMaker().trace_id(NOW), "start_time": NOW})
    joiner.expire(0)
    assert made == []


def test_a_repeated_measurement_replaces_its_segments() -> None:
    """Ids come from the request id, so that a segment made again takes its own place."""
    record = RecordMaker().request(NOW)
    with XRay(service=SERVICE, stage=STAGE) as xray:
        for _ in range(2):
            send(xray.daemon_address, [datagram(record)])
            xray.flush()
            xray.measured(measurement(record["aws"]["request_id"]))
        xray.flush(settle=True)
        assert len(xray._store.bodies(record["trace_id"])) == 4
