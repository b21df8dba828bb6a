"""The report from the access log: every request, joined to its start, with the real boto3 and the engine's own logs."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from rich.console import Console

from pilotlight_tools.latency import tables
from pilotlight_tools.latency.access_log import AccessLog
from pilotlight_tools.latency.clients import Clients
from pilotlight_tools.latency.log_events import LogEvents
from pilotlight_tools.latency.make_report import Options, make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import Counted, Report
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.engine import REGION, Engine
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.access_logs import (
    FORMAT,
    FUNCTION,
    OTHER_FUNCTION,
    WARMER,
    Line,
    LoggedStage,
    access_line,
    start_line,
    tick_line,
)
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

pytestmark = pytest.mark.slow

NOW = float(int(time.time()))
HOUR = 3600.0


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


@pytest.fixture
def stage(engine: Engine) -> Iterator[LoggedStage]:
    made = LoggedStage(engine)
    yield made
    made.remove()


@pytest.fixture
def xray() -> Iterator[XRay]:
    with XRay(service=SERVICE, stage=STAGE) as made:
        yield made


class Refusing(Clients):
    """The engine's clients, except that they refuse these operations as AWS does without a permission."""

    def __init__(self, engine: Engine, *operations: str) -> None:
        super().__init__(REGION, engine.url, local=True)
        self._operations = operations

    def _client(self, name: str) -> Any:
        made = super()._client(name)
        made.meta.events.register("before-call", self._refuse)
        return made

    def _refuse(self, model: Any, **_: Any) -> None:
        if model.name in self._operations:
            error = {"Error": {"Code": "AccessDeniedException", "Message": f"not authorized to perform: {model.name}"}}
            raise ClientError(error, model.name)  # type: ignore[arg-type]


def report_of(
    engine: Engine, xray: XRay, *, hours: float = 1, clients: Clients | None = None, **options: Any
) -> Report:
    log = AccessLog(clients or Clients(REGION, engine.url, local=True), SERVICE, STAGE)
    reader = Reader(xray_client(REGION, xray.endpoint_url, local=True), SERVICE, STAGE, access_log=log)
    chosen = Options(**options)
    time_range = TimeRange(NOW - hours * HOUR, NOW)
    return make_report(reader, time_range, stage=STAGE, region=None, most=1000, options=chosen)


def warm(at: float, number: int, **line: Any) -> Line:
    return access_line(at, request_id=f"warm-{number}", **line)


def test_every_request_counts_with_the_start_that_it_met(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    """Twenty warm, three cold, a time-out, a crash, a throttle and an error of API Gateway: none of them traced."""
    lines = [warm(NOW - 1800 + index, index, ms=20 + index) for index in range(20)]
    lines += [access_line(NOW - 900 + index, ms=1000 + index, request_id=f"cold-{index}") for index in range(3)]
    lines += [
        access_line(NOW - 600, ms=10_009, status=502, request_id="timed-out", error="DEFAULT_5XX"),
        access_line(NOW - 590, ms=500, status=502, request_id="crashed", error="DEFAULT_5XX"),
        access_line(NOW - 580, ms=1, status=429, error="THROTTLED"),
        access_line(NOW - 570, ms=2, status=403, error="MISSING_AUTHENTICATION_TOKEN", resource="/"),
        access_line(NOW - 560, ms=30, status=404, request_id="warm-404"),
    ]
    stage.log(lines)
    starts = [start_line(NOW - 899 + index, f"cold-{index}", init_ms=300.0 + index) for index in range(3)]
    stage.log_of(FUNCTION, [*starts, (NOW - 890, "START RequestId: x"), (NOW - 880, '{"request_id": "of a logger"}')])
    stage.log_of(WARMER, [tick_line(NOW - 1700, cold=2), tick_line(NOW - 700, unique=3)])
    report = report_of(engine, xray)

    assert (report.source, report.requests, report.measured, report.traced) == ("access log", 28, 28, 0)
    assert {name: start.count for name, start in report.starts.items()} == {"cold": 3, "warm": 21, "no record": 4}
    assert report.cold_start_rate == 3 / 24
    cold, without = report.starts["cold"], report.starts["no record"]
    assert cold.init is not None
    assert (cold.init.count, cold.init.p50, cold.init.max) == (3, 301, 302)
    assert (without.faults, without.errors, without.throttles) == (2, 2, 1)
    assert without.response is not None
    assert (without.response.p50, without.response.max) == (2, 10_009)
    assert report.every is not None
    assert report.every.max == 10_009, "what hurts most is in the figures"
    assert [(slow.response_ms, slow.start, slow.trace_id) for slow in report.slowest[:2]] == [
        (10_009, "no record", None),
        (1002, "cold", None),
    ]
    assert sum(map(sum, report.histogram.counts.values())) == 28
    assert sum(point.requests for point in report.timeline) == 28
    assert [sum(getattr(point, name) for point in report.timeline) for name in ("cold", "without_record")] == [3, 4]
    assert [sum(getattr(point, name) for point in report.timeline) for name in ("errors", "faults")] == [3, 2]
    assert [point.coverage for point in report.timeline if point.ticks] == [1.0, 0.75]
    assert (report.pings.ticks, report.pings.cold_pings, report.pings.coverage_mean) == (2, 2, 0.875)
    assert sum(map(sum, report.heatmap.counts)) == 28
    assert sum(map(sum, report.heatmap.cold)) == 3
    assert len(report.heatmap.counts) == len(report.timeline)
    assert {len(column) for column in report.heatmap.counts} == {len(report.heatmap.edges) - 1}
    assert any("of all 28 requests in API Gateway's access log" in note for note in report.notes)


def test_routes_and_functions(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    """A greedy resource stands for the routes that traced records have; the API says which function a method calls."""
    records = RecordMaker()
    traced = [records.request(NOW - 60 + index, route=route) for index, route in enumerate(("/items/{id}", "/items"))]
    send(xray.daemon_address, map(datagram, traced))
    xray.flush(settle=True)
    greedy = {"resource": "/{proxy+}"}
    stage.log(
        [
            *(warm(NOW - 100 + index, index, path=f"/{STAGE}/items/{index}", ms=10, **greedy) for index in range(3)),
            warm(NOW - 90, 10, path=f"/{STAGE}/items", method="POST", **greedy),
            warm(NOW - 80, 11, path=f"/{STAGE}/nowhere/at/all", status=404, **greedy),
            warm(NOW - 70, 12, resource="/orders", method="POST", ms=40),
            access_line(NOW - 65, request_id="cold-1", resource="/orders", method="POST", ms=900),
            access_line(
                NOW - 60, resource="/orders", method="POST", ms=29_000, status=504, error="INTEGRATION_TIMEOUT"
            ),
        ]
    )
    stage.log_of(OTHER_FUNCTION, [start_line(NOW - 64, "cold-1", function=OTHER_FUNCTION)])
    report = report_of(engine, xray)
    assert {group.name: group.requests for group in report.routes} == {
        "GET /items/{id}": 3,
        "POST /orders": 3,
        "POST /items": 1,
        "GET /{proxy+}": 1,
    }
    orders = next(group for group in report.functions if group.name == OTHER_FUNCTION)
    assert (orders.requests, orders.cold, orders.without_record, orders.errors, orders.faults) == (3, 1, 1, 0, 1)
    assert orders.response is not None
    assert (orders.response.p50, orders.response.max) == (900, 29_000)
    assert {group.name for group in report.functions} == {FUNCTION, OTHER_FUNCTION}

    for selection in (Selection(route="POST /orders"), Selection(route="/orders"), Selection(function="orders")):
        selected = report_of(engine, xray, selection=selection)
        assert (selected.requests, selected.selection) == (3, str(selection))
        assert [group.name for group in selected.routes] == ["POST /orders"]
    text = shown(report)
    assert "Response time in ms by route, of all requests (access log)" in text
    assert "Response time in ms by function, of all requests (access log)" in text


def test_a_request_with_an_error_has_a_record_where_a_start_line_or_x_ray_says_so(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    """A wrapped handler that raised is a 502 of API Gateway's, though its record is there."""
    traced = RecordMaker().request(NOW - 60, status=None)
    request_id = traced["aws"]["request_id"]
    xray.measured(Exchange(NOW - 60, NOW - 59.9, "GET", "http://h/hello", 502, request_id))
    send(xray.daemon_address, [datagram(traced)])
    xray.flush(settle=True)
    failed: dict[str, Any] = {"status": 502, "error": "DEFAULT_5XX"}
    stage.log(
        [
            access_line(NOW - 60, request_id=request_id, trace_id=traced["trace_id"], **failed),
            access_line(NOW - 50, request_id="cold-raised", **failed),
            access_line(NOW - 40, request_id="warm-raised", trace_id="1-00000000-000000000000000000000001", **failed),
        ]
    )
    stage.log_of(FUNCTION, [start_line(NOW - 50, "cold-raised")])
    report = report_of(engine, xray)
    assert {name: (start.count, start.faults) for name, start in report.starts.items()} == {
        "cold": (1, 1),
        "warm": (1, 1),
        "no record": (1, 1),
    }
    assert not [note for note in report.notes if "did not return" in note], "who is not sampled is not missed"
    assert {slow.trace_id for slow in report.slowest} == {traced["trace_id"], None}


def test_a_time_out_that_x_ray_sampled_is_shown_with_its_trace(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    """The trace has API Gateway's segment, and no record of ours."""
    xray.measured(Exchange(NOW - 60, NOW - 50, "GET", "http://h/hello", 504, None))
    xray.flush(settle=True)
    reader = Reader(xray_client(REGION, xray.endpoint_url, local=True), SERVICE, STAGE)
    [summary] = reader.summaries(TimeRange(NOW - HOUR, NOW))
    failed: dict[str, Any] = {"status": 504, "error": "INTEGRATION_TIMEOUT", "ms": 10_000}
    stage.log([access_line(NOW - 60, request_id="timed-out", trace_id=summary["Id"], **failed)])
    [slow] = report_of(engine, xray).slowest
    assert (slow.start, slow.trace_id, slow.init_ms) == ("no record", summary["Id"], None)


@pytest.mark.parametrize("times", [1, 2])
def test_throttled_calls_are_repeated(stage: LoggedStage, engine: Engine, times: int) -> None:
    """FilterLogEvents admits a few calls a second."""
    stage.log([warm(NOW - 60, 1)])
    clients = Clients(REGION, engine.url, local=True)
    throttled: list[object] = []

    def throttle(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if len(throttled) == times:
            return None
        throttled.append(request)
        body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        return AWSResponse(request.url, 400, HTTPHeaders(), _Raw(body))

    events: Any = clients.logs.meta.events
    events.register("before-send.cloudwatch-logs.FilterLogEvents", throttle)
    found: list[int] = []
    LogEvents(clients.logs).read(stage.group, TimeRange(NOW - 300, NOW), "", lambda events: found.append(len(events)))
    assert (found, len(throttled)) == ([1], times)


class _Raw(io.BytesIO):
    """A response's body as urllib3 has it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def test_a_burst_is_reported_at_its_true_rate_and_not_at_the_traced_one(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    """Ten at once, cold, every ten minutes, beside a warm request every five seconds; X-Ray has 1 a second and 5 %."""
    lines, starts, records, sent = [], [], RecordMaker(), []
    number = 0
    for second in range(0, 3600, 5):
        at = NOW - HOUR + second
        burst = second % 600 == 0
        for index in range(10 if burst else 0):
            number += 1
            lines.append(access_line(at, ms=900, request_id=f"cold-{number}"))
            starts.append(start_line(at + 0.9, f"cold-{number}"))
            # The reservoir takes the first of a second; of the rest, one in twenty is taken.
            if index == 0 or number % 20 == 0:
                sent.append((at, "cold", 0.9))
        number += 1
        lines.append(access_line(at + 2.5, ms=20, request_id=f"warm-{number}"))
        sent.append((at + 2.5, "warm", 0.02))
    stage.log(lines)
    stage.log_of(FUNCTION, starts)
    for at, start, seconds in sent:
        made = records.request(at, start=start, seconds=seconds / 2, init_ms=200.0 if start == "cold" else None)
        xray.measured(Exchange(at, at + seconds, "GET", "http://h/hello", 200, made["aws"]["request_id"]))
        send(xray.daemon_address, [datagram(made)])
    xray.flush(settle=True)
    report = report_of(engine, xray)
    assert report.source == "access log"
    assert f"{report.cold_start_rate:.3f}" == "0.077"
    stage.set_log({"format": "$context.status"})
    traced = report_of(engine, xray)
    assert traced.source == "traces"
    assert f"{traced.cold_start_rate:.3f}" == "0.012"


def test_the_log_of_an_http_api_is_found_too(engine: Engine, xray: XRay) -> None:
    """Its routes have keys, and its stage is `$default`; another API's lines in the same group are not its own."""
    gateway: Any = boto3.client("apigatewayv2", **engine.connection)
    api = gateway.create_api(Name=SERVICE, ProtocolType="HTTP")["ApiId"]
    gateway.create_api(Name="another", ProtocolType="HTTP")
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:{OTHER_FUNCTION}"
    integration = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn)
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api, RouteKey="GET /orders/{id}", Target=target)
    group = "/aws/http-api/shop"
    settings = {
        "DestinationArn": f"arn:aws:logs:{REGION}:000000000000:log-group:{group}",
        "Format": FORMAT.replace("$context.resourcePath", "$context.routeKey").replace(
            "$context.requestId", "$context.apiId"
        ),
    }
    gateway.create_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)
    made = LoggedStage(engine, service="unrelated")
    try:
        line: dict[str, Any] = {"method": "GET", "resource": "GET /orders/{id}", "path": "/orders/7"}
        own = [access_line(NOW - 60, request_id="a", **line), access_line(NOW - 50, request_id="b", **line)]
        lines = [(at, message.replace("gateway-id", api)) for at, message in own]
        made.log([*lines, access_line(NOW - 40, request_id="c", **line)], group)
        made.log_of(OTHER_FUNCTION, [start_line(NOW - 59, "a", function=OTHER_FUNCTION)])
        report = report_of(engine, xray)
    finally:
        made.remove()
        gateway.delete_api(ApiId=api)
    assert {name: start.count for name, start in report.starts.items()} == {"cold": 1, "warm": 1}
    assert [(group.name, group.requests) for group in report.routes] == [("GET /orders/{id}", 2)]
    assert [group.name for group in report.functions] == [OTHER_FUNCTION]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"destinationArn": ""}, "has no access log"),
        ({"destinationArn": "arn:aws:firehose:us-east-1:1:deliverystream/amazon-apigateway-x"}, "CloudWatch Logs"),
        ({"format": "$context.identity.sourceIp $context.status"}, "its format is not a JSON object"),
        (
            {"format": FORMAT.replace("$context.integration.requestId", "$context.requestId")},
            "its format lacks $context.integration.requestId.",
        ),
        ({"format": FORMAT.replace("$context.error.responseType", "x")}, "lacks $context.error.responseType"),
    ],
)
def test_a_log_that_cannot_be_joined_says_why_and_traces_count_instead(
    stage: LoggedStage, engine: Engine, xray: XRay, settings: dict[str, str], why: str
) -> None:
    send(xray.daemon_address, [datagram(RecordMaker().request(NOW - 60))])
    xray.flush(settle=True)
    stage.set_log(settings)
    report = report_of(engine, xray)
    assert (report.source, report.requests) == ("traces", 1)
    assert why in report.notes[0]


def test_where_the_log_is_off_cloudwatch_counts_all_requests(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    """Of 200 requests 20 were cold; X-Ray has one of each."""
    cloudwatch = boto3.client("cloudwatch", **engine.connection)
    of_api = [{"Name": "ApiName", "Value": SERVICE}, {"Name": "Stage", "Value": STAGE}]
    of_function = [{"Name": "Service", "Value": SERVICE}, {"Name": "Function", "Value": FUNCTION}]
    for minutes, requests, cold in ((50, 120, 15), (20, 80, 5)):
        at = datetime.fromtimestamp(NOW - 60 * minutes, UTC)
        values = (("AWS/ApiGateway", of_api, "Count", requests), ("AWS/ApiGateway", of_api, "4XXError", 3))
        for namespace, dimensions, name, value in (*values, ("Pilotlight", of_function, "ColdStart", cold)):
            data = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value, "Unit": "Count"}
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])  # type: ignore[list-item]
    records = RecordMaker()
    traced = [records.request(NOW - 60), records.request(NOW - 50, start="cold", init_ms=200.0)]
    send(xray.daemon_address, map(datagram, traced))
    xray.flush(settle=True)
    stage.set_log({"destinationArn": ""})
    report = report_of(engine, xray)
    assert (report.source, report.requests) == ("traces", 2)
    assert report.counted == Counted(200, {"cold": 20}, errors=6, faults=0, cold_start_rate=0.1)
    assert report.cold_start_rate == 0.1
    assert (report.verdict.requests, report.verdict.waited) == (200, 20)
    counted = {point.requests: (point.cold, point.errors) for point in report.timeline if point.requests}
    assert counted == {120: (15, 3), 80: (5, 3)}
    assert "has no access log" in report.notes[0]
    assert "count all 200 requests, 20 of them cold" in report.notes[1]
    assert "Cold-start rate 10.00 % of all 200 requests (CloudWatch metrics)" in shown(report)
    refused = report_of(engine, xray, clients=Refusing(engine, "GetMetricData"))
    assert "these credentials may not call cloudwatch:GetMetricData" in refused.notes[1]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("GetRestApis", "apigateway:GET"),
        ("GetStage", "apigateway:GET"),
        ("FilterLogEvents", "logs:FilterLogEvents"),
    ],
)
def test_a_missing_permission_is_named_and_traces_count_instead(
    stage: LoggedStage, engine: Engine, xray: XRay, operation: str, action: str
) -> None:
    stage.log([warm(NOW - 60, 1)])
    stage.log_of(FUNCTION, [])
    report = report_of(engine, xray, clients=Refusing(engine, operation))
    assert report.source == "traces"
    assert f"these credentials may not call {action}" in report.notes[0]


@pytest.mark.parametrize("operation", ["GetResources", "GetApis", "DescribeLogGroups"])
def test_what_is_only_useful_is_left_out_where_it_is_not_permitted(
    stage: LoggedStage, engine: Engine, xray: XRay, operation: str
) -> None:
    stage.log([warm(NOW - 60, 1), access_line(NOW - 50, request_id="cold")])
    stage.log_of(FUNCTION, [start_line(NOW - 49, "cold")])
    report = report_of(engine, xray, clients=Refusing(engine, operation))
    assert {name: start.count for name, start in report.starts.items()} == {"cold": 1, "warm": 1}


def test_without_x_ray_the_log_still_counts(stage: LoggedStage, engine: Engine) -> None:
    stage.log([warm(NOW - 60, 1)])
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetTraceSummaries")

    def refuse(**_: Any) -> None:
        raise refused

    client = xray_client(REGION, "http://127.0.0.1:9", local=True)
    client.meta.events.register("before-call.xray", refuse)
    log = AccessLog(Clients(REGION, engine.url, local=True), SERVICE, STAGE)
    reader = Reader(client, SERVICE, STAGE, access_log=log)
    report = make_report(reader, TimeRange(NOW - HOUR, NOW), stage=STAGE, region=None, most=10)
    assert report.requests == 1
    assert (
        "No single request was read in detail: these credentials may not call xray:GetTraceSummaries." in report.notes
    )


def test_a_month_is_read_from_the_log_and_x_rays_traces_are_not_looked_through(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    """Only the latest six hours are listed, for routes; documents are read of what is shown."""
    stage.log([warm(NOW - 13 * 86400 + index * HOUR, index) for index in range(10)])
    stage.log_of(WARMER, [tick_line(NOW - 12 * 86400)])
    asked: list[dict[str, Any]] = []
    client = xray_client(REGION, xray.endpoint_url, local=True)
    client.meta.events.register(
        "before-parameter-build.xray.GetTraceSummaries", lambda params, **_: asked.append(dict(params))
    )
    log = AccessLog(Clients(REGION, engine.url, local=True), SERVICE, STAGE)
    reader = Reader(client, SERVICE, STAGE, access_log=log)
    report = make_report(reader, TimeRange(NOW - 13.5 * 86400, NOW), stage=STAGE, region=None, most=10)
    assert (report.requests, report.pings.ticks) == (10, 1)
    [query] = asked
    assert query["StartTime"].timestamp() == NOW - 6 * HOUR
    assert query["FilterExpression"].endswith('AND annotation[kind] = "request"')


def test_without_a_log_group_of_the_warmer_ticks_are_x_rays(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    send(xray.daemon_address, map(datagram, RecordMaker().tick(NOW - 600, requested=4, unique=2)))
    xray.flush(settle=True)
    stage.log([warm(NOW - 60, 1)])
    report = report_of(engine, xray)
    assert (report.pings.ticks, report.pings.coverage_lowest) == (1, 0.5)
    assert any("ticks are those that X-Ray has" in note for note in report.notes)


def test_pages_beyond_ten_thousand_lines_lose_nothing(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    stage.log([warm(NOW - 120 + index / 250, index) for index in range(12_345)])
    assert report_of(engine, xray, hours=0.1).requests == 12_345


def test_what_api_gateway_answers_itself_without_an_error_is_no_request_to_a_function(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    stage.log([warm(NOW - 60, 1), access_line(NOW - 50, method="OPTIONS", status=200)])
    report = report_of(engine, xray)
    assert report.requests == 1
    assert any("answered 1 further request without calling a function" in note for note in report.notes)


def test_lines_of_an_older_format_are_unknown_and_lines_of_another_are_none(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    at, message = warm(NOW - 50, 1)
    old = json.loads(message)
    del old["lambda"]
    stage.log([warm(NOW - 60, 2), (at, json.dumps(old)), (NOW - 40, "no JSON"), (NOW - 30, '{"another": 1}')])
    report = report_of(engine, xray)
    assert {name: start.count for name, start in report.starts.items()} == {"warm": 1, "unknown": 1}
    assert any(note.startswith("1 line were logged before the format had") for note in report.notes)
    assert any(note.startswith("2 lines of the access log's group, in no figure here") for note in report.notes)


def test_requests_are_replayed_without_pings_with_what_came_shortly_before(
    stage: LoggedStage, engine: Engine, xray: XRay
) -> None:
    """Six minutes idle: the first of two is no cold start without pings, because one came before the time range."""
    stage.log([warm(NOW - HOUR - 60, 0), warm(NOW - HOUR + 60, 1), warm(NOW - 600, 2)])
    assert report_of(engine, xray).verdict.cold_without_pings == 1
    assert report_of(engine, xray, idle_minutes=60.0).verdict.cold_without_pings == 0


def test_the_command_reads_the_log(stage: LoggedStage, engine: Engine, xray: XRay) -> None:
    stage.log([warm(NOW - 60, 1), access_line(NOW - 50, request_id="cold", ms=900)])
    stage.log_of(FUNCTION, [start_line(NOW - 49, "cold")])
    variables = {"AWS_ENDPOINT_URL": engine.url, "AWS_ENDPOINT_URL_XRAY": xray.endpoint_url, "COLUMNS": "140"}
    name = SERVICE.removesuffix(f"-{STAGE}")
    options = [sys.executable, "-m", "pilotlight_tools.latency", "--stage", STAGE, "--service", name]
    result = subprocess.run(options, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "2 user requests, all of the access log" in result.stdout
    assert "Response time in ms by start type, of all requests (access log)" in result.stdout
    assert "Cold-start rate 50.00 % of all requests" in result.stdout
    assert "API Gateway's responseLatency, as its access log has it." in result.stdout


def test_an_interruption_ends_the_reading_at_once(stage: LoggedStage, engine: Engine) -> None:
    """After the page that is under way, though there are more."""
    stage.log([warm(NOW - 120 + index / 250, index) for index in range(12_000)])
    events, pages = LogEvents(Clients(REGION, engine.url, local=True).logs), []

    def take(found: Sequence[object]) -> None:
        pages.append(len(found))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        events.read(stage.group, TimeRange(NOW - 300, NOW), "", take)
    assert len(pages) == 1


def test_a_group_that_does_not_exist_has_no_events(engine: Engine) -> None:
    found: list[object] = []
    LogEvents(Clients(REGION, engine.url, local=True).logs).read("/none", TimeRange(NOW - 9, NOW), "", found.append)
    assert found == []


def shown(report: Report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    tables.show(report, console)
    return console.export_text()
