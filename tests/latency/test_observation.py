"""The user request observed in one trace: complete, partial, nested, as AWS sends it, and malformed."""

from typing import Any

import pytest

from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.latency.observation import Observation, observe
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.xray.synthetic import synthesise
from tests.support.xray_records import SERVICE, STAGE, RecordMaker

NOW = 1_700_000_000.0


def trace(measured: bool = True, **record: Any) -> tuple[Document, list[Document]]:
    """A record and its complete trace, with 250 ms measured at the front door."""
    made = RecordMaker().request(NOW, **record)
    exchange = Exchange(NOW - 0.2, NOW + 0.05, "GET", "http://h/hello", 200, made["aws"]["request_id"])
    return made, [made, *synthesise(Pair(exchange if measured else None, made), SERVICE, STAGE)]


def seen(documents: list[Document]) -> Observation:
    observation = observe("trace", documents, SERVICE)
    assert observation is not None
    return observation


def test_a_cold_request_is_measured_at_api_gateway_with_its_initialization() -> None:
    _, documents = trace(start="cold", init_ms=180.0, seconds=0.02)
    found = seen(documents)
    assert (found.start, found.measured_by) == ("cold", "API Gateway")
    assert found.response_ms == pytest.approx(250)
    assert found.init_ms == pytest.approx(180)
    assert found.handler_ms == pytest.approx(20)
    assert found.initialization_before_parent
    assert (found.method, found.route, found.status) == ("GET", "/hello", 200)


def test_init_is_lambdas_other_name_for_the_initialization() -> None:
    _, documents = trace(start="cold", init_ms=180.0)
    for document in documents:
        for part in document.get("subsegments", []):
            if part["name"] == "Initialization":
                part |= {"name": "Init", "start_time": NOW + 1, "end_time": NOW + 1.5}
    assert seen(documents).init_ms == pytest.approx(500)


def test_the_records_init_counts_where_lambda_sent_none() -> None:
    _, documents = trace(start="restored", init_ms=33.0)
    assert seen(documents).init_ms == 33.0


@pytest.mark.parametrize("start", ["provisioned", "proactive", "restored"])
def test_only_a_cold_start_takes_its_init_from_x_rays_initialization(start: str) -> None:
    """Lambda initialised the others long before: X-Ray's Initialization may then reach over the time between."""
    _, documents = trace(start="cold", init_ms=180.0)
    for part in (part for document in documents for part in walk(document)):
        if part["name"] == "Initialization":
            part |= {"start_time": NOW - 600, "end_time": NOW}
        if "start" in part.get("annotations", {}):
            part["annotations"]["start"] = start
    assert seen(documents).init_ms == 180.0


def test_a_warm_request_has_no_init_even_though_its_environment_had_one() -> None:
    _, documents = trace(start="warm", init_ms=180.0)
    assert seen(documents).init_ms is None


def test_a_record_inside_lambdas_segment_is_found_there() -> None:
    """X-Ray returns subsegments inside the segment they belong to."""
    record, documents = trace(start="cold", init_ms=180.0)
    documents.remove(record)
    for document in documents:
        if document["origin"] == "AWS::Lambda::Function":
            document["subsegments"].append({key: value for key, value in record.items() if key != "parent_id"})
    found = seen(documents)
    assert found.start == "cold"
    assert found.init_ms == pytest.approx(180)


def test_without_api_gateways_segment_lambdas_is_the_measure() -> None:
    _, documents = trace(measured=False, seconds=0.1)
    found = seen(documents)
    assert found.measured_by == "Lambda"
    assert found.response_ms == pytest.approx(100)


def test_a_cold_start_that_lambda_measures_includes_its_init() -> None:
    _, documents = trace(measured=False, start="cold", init_ms=180.0, seconds=0.02)
    found = seen(documents)
    assert found.measured_by == "Lambda"
    assert found.response_ms == pytest.approx(200)
    assert found.init_ms == pytest.approx(180)
    assert found.handler_ms == pytest.approx(20)


def test_the_status_is_the_functions_where_lambda_measures() -> None:
    """Lambda's own segment has the status of the invocation, 200."""
    _, documents = trace(measured=False, status=404)
    assert [d["http"]["response"]["status"] for d in documents if d.get("origin") == "AWS::Lambda"] == [200]
    assert (seen(documents).status, seen(documents).method) == (404, "GET")


def test_the_function_is_named_by_lambdas_segments_or_by_the_record() -> None:
    record, documents = trace(function="shop-orders")
    assert seen(documents).function == "shop-orders"
    assert seen([record]).function == "shop-orders"
    for document in documents[1:]:
        document["name"] = "shop-invoices"
    assert seen(documents).function == "shop-invoices"


def test_a_stage_of_another_service_is_not_the_measure() -> None:
    """Its function called this one: what the client of that stage waited for is no time of this service."""
    _, documents = trace(measured=False, seconds=0.1)
    other = RecordMaker(seed=2).request(NOW - 0.5, seconds=3.0)
    above = synthesise(
        Pair(Exchange(NOW - 1, NOW + 4, "GET", "http://h/", 200, other["aws"]["request_id"]), other), "other", STAGE
    )
    (invocation,) = [d for d in documents if d.get("origin") == "AWS::Lambda"]
    invocation["parent_id"] = other["id"]
    found = seen([*above, other | {"annotations": {}}, *documents])
    assert found.measured_by == "Lambda"
    assert found.response_ms == pytest.approx(100)


def test_where_a_link_is_missing_the_traces_stage_is_the_measure() -> None:
    _, documents = trace()
    (invocation,) = [d for d in documents if d.get("origin") == "AWS::Lambda"]
    invocation["parent_id"] = "0" * 16
    assert seen(documents).measured_by == "API Gateway"
    assert seen([d for d in documents if d is not invocation]).measured_by == "API Gateway"


@pytest.mark.parametrize(
    ("status", "measured", "unseen"), [(None, False, True), (None, True, True), (500, False, False), (200, True, False)]
)
def test_an_exception_is_unseen_unless_a_status_tells_of_it(status: int | None, measured: bool, unseen: bool) -> None:
    record, documents = trace(measured=measured, status=status)
    assert bool(record.get("fault")) == (status != 200)
    assert seen(documents).raised_unseen is unseen
    for document in documents[1:]:
        if document["origin"] == "AWS::ApiGateway::Stage":
            document["fault"] = True  # as API Gateway's 502 is
            assert not seen(documents).raised_unseen


def test_a_partial_trace_is_not_measured() -> None:
    record, documents = trace()
    assert seen([record]).response_ms is None
    for document in documents[1:]:
        document["in_progress"] = True
        del document["end_time"]
    assert seen(documents).response_ms is None


def test_missing_annotations_make_the_start_unknown() -> None:
    record, documents = trace()
    for key in ("start", "route", "environment", "status"):
        del record["annotations"][key]
    assert seen(documents).start == "unknown"


def test_pings_ticks_and_other_services_are_not_user_requests() -> None:
    for document in RecordMaker().tick(NOW):
        assert observe("trace", [document], SERVICE) is None
    assert observe("trace", trace()[1], "another-service") is None
    assert observe("trace", [], SERVICE) is None
