"""The local X-Ray's HTTP API, called by real boto3, compared with botocore's own service model and with moto."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto import mock_aws

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

NOW = 1_700_000_000.0
URL = f"http://localhost/{STAGE}/hello"
MODEL = ServiceModel(Loader().load_service_model("xray", "service-2"))
PATIENT = Config(retries={"total_max_attempts": 1})


def client(xray: XRay, config: Config = PATIENT) -> Any:
    return boto3.client(
        "xray",
        endpoint_url=xray.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@pytest.fixture
def filled() -> Iterator[XRay]:
    """An X-Ray with ten requests, every fifth cold, one of them a fault, and a tick with three pings."""
    records = RecordMaker()
    with XRay(service=SERVICE, stage=STAGE, page_size=4) as xray:
        for index in range(10):
            is_cold = index % 5 == 0
            record = records.request(
                NOW + index,
                start="cold" if is_cold else "warm",
                init_ms=120.5 if is_cold else None,
                status=500 if index == 7 else 200,
            )
            url = f"http://localhost/{STAGE}/hello"
            xray.measured(
                Exchange(
                    NOW + index - 0.2,
                    NOW + index + 0.1,
                    "GET",
                    url,
                    500 if index == 7 else 200,
                    record["aws"]["request_id"],
                )
            )
            send(xray.daemon_address, [datagram(record)])
        send(xray.daemon_address, map(datagram, records.tick(NOW + 20, requested=4, unique=3, cold=1)))
        xray.flush(settle=True)
        yield xray


def summaries(xray: XRay, expression: str | None = None, **more: Any) -> list[dict[str, Any]]:
    pages = client(xray).get_paginator("get_trace_summaries")
    question = (
        {"StartTime": NOW - 60, "EndTime": NOW + 60} | more | ({"FilterExpression": expression} if expression else {})
    )
    return [summary for page in pages.paginate(**question) for summary in page["TraceSummaries"]]


def test_pages_bring_every_trace_once_latest_first(filled: XRay) -> None:
    found = summaries(filled)
    starts = [summary["StartTime"] for summary in found]
    assert len(found) == len({summary["Id"] for summary in found}) == 11
    assert starts == sorted(starts, reverse=True)


def test_pages_count_scanned_traces_not_matches(filled: XRay) -> None:
    """As in X-Ray, a page may be empty and still not be the last."""
    page = client(filled).get_trace_summaries(StartTime=NOW - 60, EndTime=NOW + 60, FilterExpression="throttle")
    assert page["TraceSummaries"] == []
    assert page["NextToken"]
    assert page["TracesProcessedCount"] == 4


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('annotation[cold_start] = true AND annotation[kind] = "request"', 2),
        ('annotation[kind] = "request" AND !annotation[cold_start] = true', 8),
        ('annotation[kind] = "tick"', 1),
        ("annotation[init_ms] > 120", 2),
        ("annotation[coverage] < 1", 1),
        ("fault", 1),
        (f'service("{SERVICE}/{STAGE}")', 10),
        ("responsetime > 0.25 AND responsetime < 0.35", 10),
        ('group.name = "cold"', 2),
    ],
)
def test_filters_over_real_traces(filled: XRay, expression: str, expected: int) -> None:
    client(filled).create_group(GroupName="cold", FilterExpression="annotation[cold_start] = true")
    assert len(summaries(filled, expression)) == expected


@pytest.mark.parametrize(("kind", "offset"), [("TraceId", -0.2), ("Service", 0.1)])
def test_time_range_types_look_at_start_and_end(filled: XRay, kind: str, offset: float) -> None:
    """The time range includes its ends, and the type selects the time that counts."""
    at = NOW + 9 + offset
    assert (
        len(
            summaries(
                filled, f'service("{SERVICE}/{STAGE}")', StartTime=at - 0.01, EndTime=at + 0.01, TimeRangeType=kind
            )
        )
        == 1
    )
    assert summaries(filled, StartTime=at + 0.02, EndTime=at + 0.03, TimeRangeType=kind) == []


def test_event_time_is_the_time_of_arrival(filled: XRay) -> None:
    now = datetime.now().timestamp()
    found = summaries(filled, TimeRangeType="Event", StartTime=now - 600, EndTime=now + 600)
    assert len(found) == 11
    assert all("MatchedEventTime" in summary for summary in found)


def test_response_time_is_the_roots_and_duration_the_whole_traces(filled: XRay) -> None:
    late = RecordMaker(2).request(NOW + 30, seconds=2.0)
    filled.measured(Exchange(NOW + 29.9, NOW + 30.5, "GET", "http://localhost/", 200, late["aws"]["request_id"]))
    send(filled.daemon_address, [datagram(late)])
    filled.flush(settle=True)
    (summary,) = summaries(filled, "duration > 1")
    assert summary["ResponseTime"] == pytest.approx(0.6)
    assert summary["Duration"] == pytest.approx(2.1)
    assert summary["EntryPoint"]["Type"] == "AWS::ApiGateway::Stage"
    assert summary["Http"] == {"HttpURL": "http://localhost/", "HttpMethod": "GET", "HttpStatus": 200}


def test_only_subsegments_make_a_partial_trace() -> None:
    with XRay(service=SERVICE, stage=STAGE) as xray:
        orphan = RecordMaker().request(NOW)
        send(xray.daemon_address, [datagram(orphan)])
        xray.flush()
        (summary,) = summaries(xray)
    assert summary["IsPartial"]
    assert "ResponseTime" not in summary


def test_a_segment_whose_parent_is_missing_is_not_the_root() -> None:
    """An earlier segment whose parent is missing does not replace the segment without a parent."""
    records = RecordMaker()
    record = records.request(NOW)
    stray = {"name": "stray", "id": records.identity(), "parent_id": records.identity(), "trace_id": record["trace_id"]}
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.measured(Exchange(NOW, NOW + 0.5, "GET", URL, 200, record["aws"]["request_id"]))
        send(xray.daemon_address, [datagram(record), datagram(stray | {"start_time": NOW - 9, "end_time": NOW - 8})])
        xray.flush(settle=True)
        (summary,) = summaries(xray)
    assert summary["ResponseTime"] == pytest.approx(0.5)
    assert summary["Duration"] == pytest.approx(9.5)


def test_errors_and_throttles_are_flagged() -> None:
    with XRay(service=SERVICE, stage=STAGE) as xray:
        xray.measured(Exchange(NOW, NOW + 0.1, "GET", "http://localhost/", 429, None))
        (summary,) = summaries(xray, "throttle AND error AND !fault")
    assert summary["HasThrottle"]


def test_batch_get_traces_gives_documents_back_as_sent_and_names_the_unknown(filled: XRay) -> None:
    document = RecordMaker(3).request(NOW)
    body = json.dumps(document, indent=1)
    response = client(filled).put_trace_segments(TraceSegmentDocuments=[body, "{}"])
    assert [bad["ErrorCode"] for bad in response["UnprocessedTraceSegments"]] == ["InvalidSegment"]
    unknown = RecordMaker(4).trace_id(NOW)
    response = client(filled).batch_get_traces(TraceIds=[document["trace_id"], unknown])
    assert response["UnprocessedTraceIds"] == [unknown]
    assert {"Id": document["id"], "Document": body} in response["Traces"][0]["Segments"]


def test_moto_gives_the_same_documents_for_the_same_trace(filled: XRay) -> None:
    """BatchGetTraces returns here what moto returns for the same documents, byte for byte."""
    identities = [summary["Id"] for summary in summaries(filled)][:5]
    here = client(filled).batch_get_traces(TraceIds=identities)["Traces"]
    with mock_aws():
        there_client = boto3.client("xray", region_name="us-east-1")
        for trace in here:
            there_client.put_trace_segments(TraceSegmentDocuments=[part["Document"] for part in trace["Segments"]])
        there = there_client.batch_get_traces(TraceIds=identities)["Traces"]
    for mine, theirs in zip(here, there, strict=True):
        assert mine["Id"] == theirs["Id"]
        assert sorted(mine["Segments"], key=lambda part: part["Id"]) == sorted(
            theirs["Segments"], key=lambda part: part["Id"]
        )


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("GetTraceSummaries", {"StartTime": NOW - 60, "EndTime": NOW + 60}),
        ("BatchGetTraces", {"TraceIds": []}),
        ("GetGroups", {}),
        ("GetGroup", {"GroupName": "Default"}),
        ("CreateGroup", {"GroupName": "new", "InsightsConfiguration": {"InsightsEnabled": True}}),
        ("PutTraceSegments", {"TraceSegmentDocuments": ["nonsense"]}),
        ("GetSamplingRules", {}),
        ("GetSamplingTargets", {"SamplingStatisticsDocuments": [
            {"RuleName": "Default", "ClientID": "0" * 24, "Timestamp": NOW, "RequestCount": 1, "SampledCount": 1}
        ]}),
        ("GetTraceSegmentDestination", {}),
        ("GetIndexingRules", {}),
        ("PutTelemetryRecords", {"TelemetryRecords": []}),
    ],
)  # fmt: skip
def test_responses_have_the_shape_of_the_service_model(
    filled: XRay, operation: str, parameters: dict[str, Any]
) -> None:
    """Every key on the wire is a member of the output shape, of its type; nothing is there that boto3 would drop."""
    if operation == "BatchGetTraces":
        parameters = {"TraceIds": [summary["Id"] for summary in summaries(filled)][:5]}
    model = MODEL.operation_model(operation)
    request = urllib.request.Request(
        filled.endpoint_url + model.http["requestUri"], json.dumps(parameters).encode(), method="POST"
    )
    with urllib.request.urlopen(request) as response:
        check_shape(json.load(response), model.output_shape, operation)


def check_shape(value: Any, shape: Any, path: str) -> None:
    assert shape is not None
    if shape.type_name == "structure":
        assert isinstance(value, dict), path
        assert set(value) <= set(shape.members), path
        assert set(shape.required_members) <= set(value), path
        for key, inner in value.items():
            check_shape(inner, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        assert isinstance(value, list), path
        for inner in value:
            check_shape(inner, shape.member, path)
    elif shape.type_name == "map":
        assert isinstance(value, dict), path
        for inner in value.values():
            check_shape(inner, shape.value, path)
    elif shape.type_name == "boolean":
        assert isinstance(value, bool), path
    elif shape.type_name in {"integer", "long"}:
        assert isinstance(value, int), path
        assert not isinstance(value, bool), path
    elif shape.type_name in {"double", "float", "timestamp"}:
        assert isinstance(value, int | float), path
        assert not isinstance(value, bool), path
    else:
        assert isinstance(value, str), path
        assert not shape.enum or value in shape.enum, path


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW - 1}, "EndTime"),
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW + 7 * 3600}, "6 hours"),
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW + 1, "FilterExpression": "nonsense"}, "'nonsense'"),
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW + 1, "NextToken": "made up"}, "NextToken"),
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW + 1, "Sampling": True}, "Sampling"),
        ("get_trace_summaries", {"StartTime": NOW, "EndTime": NOW + 1, "TimeRangeType": "Never"}, "TimeRangeType"),
        ("batch_get_traces", {"TraceIds": ["1-00000000-" + "0" * 24] * 6}, "5 at most"),
        ("create_group", {"GroupName": "Default"}, "already exists"),
        ("create_group", {"GroupName": "new", "FilterExpression": "edge"}, "'edge'"),
        ("get_group", {"GroupName": "nobody"}, "no group 'nobody'"),
        ("delete_group", {"GroupName": "Default"}, "cannot be deleted"),
        ("get_service_graph", {"StartTime": NOW, "EndTime": NOW + 1}, "does not support GetServiceGraph"),
    ],
)
def test_refusals_are_errors_that_name_the_cause(
    filled: XRay, method: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=re.escape(message)) as refusal:
        getattr(client(filled), method)(**parameters)
    assert refusal.value.response["Error"]["Code"] == "InvalidRequestException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_token_is_valid_for_its_own_query_only(filled: XRay) -> None:
    token = client(filled).get_trace_summaries(StartTime=NOW - 60, EndTime=NOW + 60)["NextToken"]
    with pytest.raises(ClientError, match="other parameters"):
        client(filled).get_trace_summaries(StartTime=NOW - 60, EndTime=NOW + 59, NextToken=token)


def test_missing_parameters_and_broken_bodies_are_refused(filled: XRay) -> None:
    for body in (b"{}", b"{", b"[]"):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(urllib.request.Request(filled.endpoint_url + "/TraceSummaries", body, method="POST"))
        assert refusal.value.headers["x-amzn-ErrorType"] == "InvalidRequestException"


@pytest.mark.slow
def test_boto3_recognises_throttling() -> None:
    """`admit` refuses twice; boto3 treats that as throttling and retries."""
    refusals = iter([False, False])
    with XRay(service=SERVICE, stage=STAGE, admit=lambda _: next(refusals, True)) as xray:
        response = client(xray, Config(retries={"total_max_attempts": 4, "mode": "standard"})).get_groups()
        assert response["ResponseMetadata"]["RetryAttempts"] == 2


def test_groups_are_created_and_deleted(filled: XRay) -> None:
    xray = client(filled)
    made = xray.create_group(GroupName="slow", FilterExpression="responsetime > 1")["Group"]
    assert xray.get_group(GroupARN=made["GroupARN"])["Group"]["FilterExpression"] == "responsetime > 1"
    assert [group["GroupName"] for group in xray.get_groups()["Groups"]] == ["Default", "slow"]
    xray.delete_group(GroupName="slow")
    assert [group["GroupName"] for group in xray.get_groups()["Groups"]] == ["Default"]


def test_the_store_stays_within_its_bounds() -> None:
    """With room for a few dozen traces the oldest are removed, the newest stay, and the file stays bounded."""
    records = RecordMaker()
    with XRay(service=SERVICE, stage=STAGE, maximum_bytes=50_000) as xray:
        for batch in range(10):
            made = [records.request(NOW + batch * 60 + index * 0.1) for index in range(200)]
            # Of somebody else: to a record of ours the store adds Lambda's segments, when it has waited long enough.
            made = [{**record, "name": "shop", "annotations": {}} for record in made]
            send(xray.daemon_address, map(datagram, made))
            xray.flush()
        counts = xray.counts()
        kept = summaries(xray, StartTime=NOW - 60, EndTime=NOW + 3600)
        size = xray._store.path.stat().st_size
    assert counts["documents"] == 2000
    assert counts["bytes"] <= 50_000
    assert counts["traces_dropped"] == 2000 - counts["traces"]
    assert kept[0]["StartTime"].timestamp() == pytest.approx(made[-1]["start_time"])
    assert size < 500_000
