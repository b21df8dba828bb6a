"""AWS's own segments, made from measurements: connected, labelled, and never made twice or without a measurement."""

from dataclasses import replace

import pytest

from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.xray import XRay
from pilotlight_tools.local.xray.documents import dump, parse
from pilotlight_tools.local.xray.synthetic import Synthesiser, synthesise
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

NOW = 1_700_000_000.0


def exchange(request_id: str | None, status: int = 200) -> Exchange:
    return Exchange(NOW - 0.3, NOW + 0.1, "GET", "http://localhost/test/hello", status, request_id)


def is_synthetic(document: Document) -> bool:
    """Whether the document says that it was made here, not sent by the SDK or the handler."""
    return bool(document.get("metadata", {}).get("pilotlight", {}).get("synthetic"))


def by_origin(made: list[Document]) -> dict[str, Document]:
    return {document["origin"]: document for document in made}


def test_a_request_is_one_chain_from_api_gateway_to_our_record() -> None:
    record = RecordMaker().request(NOW, start="cold", init_ms=200.0)
    made = synthesise(Pair(exchange(record["aws"]["request_id"]), record), SERVICE, STAGE)
    segments = by_origin(made)
    assert len(made) == len(segments) == 3
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


def test_lambdas_segments_have_the_name_of_the_function() -> None:
    records = RecordMaker()
    named = synthesise(Pair(None, records.request(NOW, function="shop-orders")), SERVICE, STAGE)
    assert {document["name"] for document in named} == {"shop-orders"}
    older = synthesise(Pair(None, records.request(NOW)), SERVICE, STAGE)
    assert {document["name"] for document in older} == {SERVICE}
    *_, tick = records.tick(NOW, function="shop-orders")
    assert {document["name"] for document in synthesise(Pair(None, tick), SERVICE, STAGE)} == {f"{SERVICE}-warmer"}


def test_an_exception_is_a_fault_of_the_functions_segment_alone() -> None:
    made = by_origin(synthesise(Pair(None, RecordMaker().request(NOW, status=None)), SERVICE, STAGE))
    assert made["AWS::Lambda::Function"]["fault"] is True
    assert "fault" not in made["AWS::Lambda"]


def test_every_made_segment_is_valid_labelled_and_free_of_annotations() -> None:
    record = RecordMaker().request(NOW, start="cold", init_ms=200.0)
    for document in synthesise(Pair(exchange("a"), record), SERVICE, STAGE):
        assert parse(dump(document)) == document
        assert is_synthetic(document)
        assert not any("annotations" in part for part in walk(document))
    assert not is_synthetic(record)


@pytest.mark.parametrize("start", ["warm", "proactive", "provisioned", "restored"])
def test_only_cold_starts_show_an_initialization(start: str) -> None:
    """An init ahead of the request is no part of it, even if the record has its duration."""
    record = RecordMaker().request(NOW, start=start, init_ms=200.0)
    made = synthesise(Pair(None, record), SERVICE, STAGE)
    assert by_origin(made)["AWS::Lambda::Function"]["subsegments"] == []


@pytest.mark.parametrize(
    ("status", "flags"),
    [(200, set()), (404, {"error"}), (429, {"error", "throttle"}), (502, {"fault"})],
)
def test_without_a_record_only_api_gateway_has_a_segment(status: int, flags: set[str]) -> None:
    (gateway,) = synthesise(Pair(exchange(None, status), None), SERVICE, STAGE)
    assert gateway["origin"] == "AWS::ApiGateway::Stage"
    assert {flag for flag in ("error", "throttle", "fault") if gateway.get(flag)} == flags


def test_a_request_without_a_record_is_in_the_trace_that_its_line_in_the_access_log_names() -> None:
    measured = replace(exchange("id", 502), context={"xrayTraceId": "1-6553f100-0123456789abcdef01234567"})
    (gateway,) = synthesise(Pair(measured, None), SERVICE, STAGE)
    assert gateway["trace_id"] == measured.trace_id


def test_without_an_exchange_only_lambda_has_segments() -> None:
    made = synthesise(Pair(None, RecordMaker().request(NOW)), SERVICE, STAGE)
    assert [document["origin"] for document in made] == ["AWS::Lambda", "AWS::Lambda::Function"]


def test_a_ping_in_a_trace_of_its_own_is_one_chain() -> None:
    (ping, _) = RecordMaker().tick(NOW, requested=1, unique=1, cold=1)
    invoked, executed = synthesise(Pair(None, ping), SERVICE, STAGE)
    assert "parent_id" not in invoked
    assert executed["parent_id"] == invoked["id"]
    assert ping["parent_id"] == executed["id"]
    assert [part["name"] for part in executed["subsegments"]] == ["Initialization"]


def test_pings_that_share_a_parent_keep_segments_of_their_own() -> None:
    """If every ping gets the tick's header unchanged, no segment replaces another, and all form one tree."""
    made: list[Document] = []
    synthesiser = Synthesiser(SERVICE, STAGE, made.extend)
    records = RecordMaker().tick(NOW, requested=3, unique=3, cold=1)
    for record in records:
        synthesiser(Pair(None, record))
    assert len({document["id"] for document in made}) == len(made) == 8
    (root,) = [document for document in made if "parent_id" not in document]
    known = {document["id"] for document in made}
    assert all(document["parent_id"] in known for document in [*made, *records] if document is not root)


def test_ticks_of_two_targets_are_one_invocation() -> None:
    """Its function segment spans both records, wherever the pings' records stand between them."""
    made: dict[str, Document] = {}
    synthesiser = Synthesiser(SERVICE, STAGE, lambda documents: made.update((each["id"], each) for each in documents))
    *pings, first, _, second = RecordMaker().tick_of_two(NOW, {"unique": 2}, {"unique": 1})
    for record in (*pings, first, second):
        synthesiser(Pair(None, record))
    warmers = [document for document in made.values() if document["name"].endswith("-warmer")]
    assert [document["origin"] for document in warmers] == ["AWS::Lambda", "AWS::Lambda::Function"]
    assert {(each["start_time"], each["end_time"]) for each in warmers} == {(NOW, second["end_time"])}


def test_a_repeated_measurement_replaces_its_segments() -> None:
    """Ids come from the request id, so that a segment made again replaces itself."""
    record = RecordMaker().request(NOW)
    with XRay(service=SERVICE, stage=STAGE) as xray:
        for _ in range(2):
            send(xray.daemon_address, [datagram(record)])
            xray.flush()
            xray.measured(exchange(record["aws"]["request_id"]))
        xray.flush(settle=True)
        assert len(xray._store.bodies(record["trace_id"])) == 4
