"""The report from end to end, with real datagrams and real boto3: every figure matches what was sent."""

import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from pilotlight_tools.cost.deployed_plan import Observed
from pilotlight_tools.latency import tables
from pilotlight_tools.latency.make_report import Options, make_report
from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import Coverage, Report
from pilotlight_tools.latency.survey import Survey
from pilotlight_tools.latency.time_range import TimeRange, duration_seconds
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay
from tests.support.xray_records import SERVICE, STAGE, RecordMaker, datagram, send

END = 1_700_050_000.0
HOUR = 3600.0


def direct(xray: XRay, records: RecordMaker, at: float, seconds: float, **record: Any) -> None:
    """Send a request that took `seconds` in Lambda, and did not come by API Gateway."""
    send(xray.daemon_address, [datagram(records.request(at, seconds=seconds, **record))])


def request(xray: XRay, records: RecordMaker, at: float, seconds: float, status: int = 200, **record: Any) -> None:
    """Send a request that took `seconds` at the front door."""
    made = records.request(at, seconds=seconds / 2, status=status, **record)
    xray.measured(Exchange(at, at + seconds, "GET", "http://h/hello", status, made["aws"]["request_id"]))
    send(xray.daemon_address, [datagram(made)])


def report_of(xray: XRay, *, hours: float = 1, most: int = 1000, **reader: Any) -> Report:
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    time_range = TimeRange(END - hours * HOUR, END)
    return make_report(Reader(client, SERVICE, STAGE, **reader), time_range, stage=STAGE, region=None, most=most)


@pytest.fixture
def xray() -> Iterator[XRay]:
    with XRay(service=SERVICE, stage=STAGE, page_size=25) as made:
        yield made


def test_every_figure_is_what_was_sent(xray: XRay) -> None:
    records = RecordMaker()
    for index in range(40):
        by_ping = index < 30
        environment = f"e{index % 3}"
        seconds = 0.010 + index / 1000
        request(xray, records, END - 1800 + index, seconds, warmed_by_ping=by_ping, environment=environment)
    for index in range(8):
        request(xray, records, END - 900 + index, 1.0 + index, start="cold", init_ms=300.0 + index)
    request(xray, records, END - 600, 0.5, start="proactive", init_ms=500.0)
    request(xray, records, END - 590, 0.2, status=503)
    request(xray, records, END - 580, 0.1, status=404)
    send(xray.daemon_address, map(datagram, records.tick(END - 1700, requested=4, unique=4, cold=2)))
    send(xray.daemon_address, map(datagram, records.tick(END - 700, requested=4, unique=3)))
    xray.measured(Exchange(END - 500, END - 499.9, "GET", "http://h/hello", 429, None))
    xray.flush(settle=True)
    report = report_of(xray)

    assert {name: start.count for name, start in report.starts.items()} == {
        "cold": 8,
        "warm": 42,
        "proactive": 1,
        "no record": 1,
    }
    assert (report.source, report.requests, report.measured) == ("traces", 52, 52)
    assert report.cold_start_rate == 8 / 51
    warm, cold = report.starts["warm"], report.starts["cold"]
    assert warm.response is not None
    assert cold.response is not None
    assert cold.init is not None
    assert warm.response.p50 == pytest.approx(30)
    assert warm.response.max == pytest.approx(200)
    assert (warm.errors, warm.faults, cold.faults) == (1, 1, 0)
    assert [cold.response.p50, cold.response.max] == pytest.approx([4000, 8000])
    assert (cold.response.p90, cold.response.p99) == (None, None), "finer than eight values are"
    assert (report.starts["no record"].errors, report.starts["no record"].throttles) == (1, 1)
    assert [cold.init.p50, cold.init.max] == pytest.approx([303, 307])
    assert report.every is not None
    assert report.every.max == pytest.approx(8000)
    assert (report.pings.requests, report.pings.environments) == (30, 3)
    assert (report.pings.ticks, report.pings.cold_pings) == (2, 2)
    assert (report.pings.coverage_mean, report.pings.coverage_lowest) == (0.875, 0.75)
    assert sum(point.requests for point in report.timeline) == 52
    assert sum(point.without_record for point in report.timeline) == 1
    assert (sum(point.errors for point in report.timeline), sum(point.faults for point in report.timeline)) == (2, 1)
    assert sum(point.cold for point in report.timeline) == 8
    assert [point.coverage for point in report.timeline if point.coverage is not None] == [1.0, 0.75]
    assert [slow.response_ms for slow in report.slowest[:3]] == [pytest.approx(ms) for ms in (8000, 7000, 6000)]
    assert sum(map(sum, report.histogram.counts.values())) == 52
    assert any("1 request that left no record (1 throttled)" in note for note in report.notes)
    assert any("1 of these met a limit of the stage" in note for note in report.notes)
    assert report.engine is not None
    assert report.engine.p50 == pytest.approx(15), "half of the time is the function's own"
    assert any("the local engine itself took 15.0 ms at the median" in note for note in report.notes)


def test_pings_never_mix_with_users_latencies(xray: XRay) -> None:
    """A time range with only ticks has no user request, however long its pings took."""
    send(xray.daemon_address, map(datagram, RecordMaker().tick(END - 60, cold=3)))
    xray.flush(settle=True)
    report = report_of(xray)
    assert report.requests == 0
    assert report.starts == {}
    assert report.pings.ticks == 1


def test_pings_without_their_tick_do_not_count_as_requests_without_a_record(xray: XRay) -> None:
    *pings, _ = RecordMaker().tick(END - 60)
    send(xray.daemon_address, map(datagram, pings))
    xray.flush(settle=True)
    report = report_of(xray)
    assert (report.requests, report.starts, report.pings.ticks) == (0, {}, 0)


def test_each_target_counts_with_its_own_numbers(xray: XRay) -> None:
    """Two ticks of one invocation share a trace, whose summary mixes their values."""
    first, second = {"requested": 4, "unique": 4, "cold": 4}, {"requested": 4, "unique": 2, "cold": 1}
    send(xray.daemon_address, map(datagram, RecordMaker().tick_of_two(END - 60, first, second)))
    xray.flush(settle=True)
    report = report_of(xray)
    assert (report.pings.ticks, report.pings.cold_pings) == (2, 5)
    assert (report.pings.coverage_mean, report.pings.coverage_lowest) == (0.75, 0.5)
    assert [point.coverage for point in report.timeline] == [0.5]
    assert report.notes == []


def test_ticks_beyond_the_sample_are_noted(xray: XRay) -> None:
    records = RecordMaker()
    for index in range(6):
        send(xray.daemon_address, map(datagram, records.tick(END - 600 + 60 * index)))
    xray.flush(settle=True)
    report, every = report_of(xray, most=4), report_of(xray, most=6)
    assert (report.pings.ticks, every.pings.ticks) == (4, 6)
    assert any("a sample of 4 of the warmer's 6 invocations" in note for note in report.notes)
    assert every.notes == []
    assert report.pings == report_of(xray, most=4).pings


def test_a_tick_without_a_result_is_noted_and_is_no_coverage_of_zero(xray: XRay) -> None:
    records = RecordMaker()
    *_, begun = records.tick(END - 60)
    del begun["end_time"], begun["annotations"]["coverage"]
    under_way = records.tick(time.time() - 5)[-1]
    del under_way["end_time"]
    send(xray.daemon_address, (datagram(each | {"in_progress": True}) for each in (begun, under_way)))
    xray.flush(settle=True)
    report = report_of(xray)
    assert (report.pings.ticks, report.pings.coverage_lowest) == (0, None)
    assert any(note.startswith("1 tick left no result in X-Ray") for note in report.notes)
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    now = TimeRange(time.time() - 600, time.time() + 1)
    assert make_report(Reader(client, SERVICE, STAGE), now, stage=STAGE, region=None, most=9).notes == []


def test_another_service_is_not_read(xray: XRay) -> None:
    made = RecordMaker().request(END - 60)
    made["annotations"]["service"] = "another"
    send(xray.daemon_address, [datagram(made)])
    xray.flush(settle=True)
    assert report_of(xray).requests == 0


def test_times_are_of_all_listed_traces_and_few_are_read_in_detail(xray: XRay) -> None:
    """A summary has the response time; two reports read the same traces."""
    records = RecordMaker()
    for index in range(300):
        request(xray, records, END - 1800 + index, 0.02)
    for index in range(6):
        request(xray, records, END - 1000 + index, 1.0, start="cold", init_ms=500.0)
    xray.flush(settle=True)
    first, second = report_of(xray, most=50), report_of(xray, most=50)
    assert (first.requests, first.traced, first.measured) == (306, 306, 306)
    assert first.sampled <= 60, "fifty warm ones, and the slowest"
    assert first.starts["cold"].response is not None
    assert first.starts["cold"].response.count == 6
    assert first.starts["cold"].init is not None
    assert first.starts["cold"].init.count == 6
    assert first.every is not None
    assert first.every.p95 == pytest.approx(20)
    assert [slow.init_ms for slow in first.slowest[:6]] == [pytest.approx(500)] * 6
    assert first.slowest == second.slowest


def test_time_ranges_beyond_six_hours_are_read_in_chunks_and_counted_once(xray: XRay) -> None:
    """Traces exactly on the borders between chunks come twice from X-Ray, and count once."""
    records = RecordMaker()
    moments = [END - hours * HOUR + offset for hours in (1, 6, 7, 12, 13, 18) for offset in (-0.5, 0, 0.5)]
    for at in moments:
        request(xray, records, at, 0.02)
    xray.flush(settle=True)
    report = report_of(xray, hours=20)
    assert report.requests == report.measured == len(moments)


@pytest.mark.slow
def test_throttled_calls_are_repeated_and_reported() -> None:
    turns = itertools.count()
    with XRay(service=SERVICE, stage=STAGE, admit=lambda _: next(turns) not in {1, 3}) as xray:
        records = RecordMaker()
        for index in range(10):
            request(xray, records, END - 60 + index, 0.02)
        xray.flush(settle=True)
        report = report_of(xray)
    assert report.measured == 10
    assert "X-Ray throttled 2 calls, repeated until all succeeded." in report.notes


class Forgetful:
    """X-Ray's client, except that it leaves some traces unprocessed in the first `times` calls."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_traces(self, *, TraceIds: list[str]) -> Any:  # noqa: N803 (boto3's name)
        if self._times > 0:
            self._times -= 1
            response = self._client.batch_get_traces(TraceIds=TraceIds[1:])
            return response | {"UnprocessedTraceIds": TraceIds[:1]}
        return self._client.batch_get_traces(TraceIds=TraceIds)


@pytest.mark.parametrize(("times", "read"), [(1, 3), (3, 3), (4, 2)])
def test_unprocessed_traces_are_requested_again_and_lost_ones_reported(xray: XRay, times: int, read: int) -> None:
    records = RecordMaker()
    for index in range(3):
        request(xray, records, END - 60 + index, 0.02)
    xray.flush(settle=True)
    waits: list[float] = []
    client = Forgetful(xray_client("us-east-1", xray.endpoint_url, local=True), times)
    reader = Reader(client, SERVICE, STAGE, sleep=waits.append)  # type: ignore[arg-type]
    ids = [summary["Id"] for summary in reader.summaries(TimeRange(END - 600, END))]
    assert len(list(reader.observations(ids))) == read
    assert len(waits) == min(times, 3)
    assert waits == sorted(waits)
    assert reader.unread == 3 - read


def test_a_trace_that_was_not_listed_is_asked_for_once_and_missed_by_nobody(xray: XRay) -> None:
    waits: list[float] = []
    reader = Reader(xray_client("us-east-1", xray.endpoint_url, local=True), SERVICE, STAGE, sleep=waits.append)
    assert list(reader.sampled([f"1-{'0' * 8}-{'0' * 24}"])) == []
    assert (reader.unread, waits) == (0, [])


def on_aws(reader: Reader, hours: float = 1) -> Report:
    """A report as of AWS itself: of a region."""
    time_range = TimeRange(END - hours * HOUR, END)
    return make_report(reader, time_range, stage=STAGE, region="us-east-1", most=10)


def test_traces_are_said_to_be_a_sample_on_aws(xray: XRay) -> None:
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    assert any("X-Ray sampled, not of all" in note for note in on_aws(Reader(client, SERVICE, STAGE)).notes)
    assert not any("X-Ray sampled" in note for note in report_of(xray).notes), "the local X-Ray takes every request"


def test_of_more_than_a_day_x_ray_is_asked_for_the_last_only(xray: XRay) -> None:
    records = RecordMaker()
    for hours in (1, 23, 25, 47):
        direct(xray, records, END - hours * HOUR, 0.02)
    xray.flush(settle=True)
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    asked: list[float] = []
    client.meta.events.register(
        "before-parameter-build.xray.GetTraceSummaries",
        lambda params, **_: asked.append(params["StartTime"].timestamp()),
    )
    report = on_aws(Reader(client, SERVICE, STAGE), hours=48)
    assert report.requests == 2
    assert min(asked) == END - 24 * HOUR
    assert any("Traces are those of the last 24 hours" in note for note in report.notes)
    assert report_of(xray, hours=48).requests == 4, "the local X-Ray charges nothing"


def test_an_account_with_too_many_traces_is_refused_before_it_costs(xray: XRay) -> None:
    """By a probe of ten seconds; X-Ray looks through the traces of every service of the account."""
    records = RecordMaker()
    for index in range(30):
        direct(xray, records, END - 15 + index / 10, 0.02)
    xray.flush(settle=True)
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    with pytest.raises(
        Problem, match=r"would look through about 10,800 traces .* not begun.* access log .* --scan-all"
    ):
        on_aws(Reader(client, SERVICE, STAGE, most_scanned=10_000))
    assert on_aws(Reader(client, SERVICE, STAGE, most_scanned=10_800)).requests == 30
    assert on_aws(Reader(client, SERVICE, STAGE)).requests == 30


def test_what_the_probe_did_not_see_is_stopped(xray: XRay) -> None:
    records = RecordMaker()
    for index in range(60):
        direct(xray, records, END - 1800 + index, 0.02)
    xray.flush(settle=True)
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    with pytest.raises(Problem, match=r"has looked through 50 traces .* was stopped there"):
        on_aws(Reader(client, SERVICE, STAGE, most_scanned=40))


def test_a_transaction_search_that_cannot_be_told_is_said_on_aws(xray: XRay) -> None:
    """AWSXrayReadOnlyAccess does not allow xray:GetTraceSegmentDestination."""
    client = xray_client("us-east-1", xray.endpoint_url, local=True)

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetTraceSegmentDestination")

    client.meta.events.register("before-call.xray.GetTraceSegmentDestination", refuse)
    reader = Reader(client, SERVICE, STAGE)
    assert reader.transaction_search_is_on() is None
    assert any(note.startswith("Whether Transaction Search is on cannot be told") for note in on_aws(reader).notes)


def test_the_cost_is_of_the_load_that_the_report_shows(xray: XRay) -> None:
    direct(xray, RecordMaker(), END - 60, 0.02)
    xray.flush(settle=True)
    loads: list[Observed] = []

    def unknown(observed: Observed, tell: Callable[[str], object]) -> None:
        loads.append(observed)
        tell("these credentials may not look")

    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    time_range, reader = TimeRange(END - HOUR, END), Reader(client, SERVICE, STAGE)
    options = Options(costs=unknown)
    report = make_report(reader, time_range, stage=STAGE, region=None, most=9, options=options)
    assert [(load.requests, load.seconds, load.is_complete) for load in loads] == [(1, HOUR, False)]
    assert "What this stage costs is not known: these credentials may not look." in report.notes


def test_transaction_search_is_reported() -> None:
    with XRay(service=SERVICE, stage=STAGE, destination="CloudWatchLogs") as xray:
        assert any("Transaction Search is on" in note for note in report_of(xray).notes)


def test_partial_traces_and_missing_annotations_are_reported(xray: XRay) -> None:
    records = RecordMaker()
    request(xray, records, END - 60, 0.02)
    xray.flush(settle=True)
    orphan, nameless = records.request(END - 50), records.request(END - 40)
    del nameless["annotations"]["start"]
    send(xray.daemon_address, map(datagram, [orphan, nameless]))
    xray.flush()
    report = report_of(xray)
    assert (report.requests, report.measured) == (3, 1)
    assert report.starts["unknown"].count == 1
    assert report.cold_start_rate == 0
    assert any(note.startswith("2 traces are partial") for note in report.notes)
    assert any("without a start annotation" in note for note in report.notes)


def test_times_of_one_function_are_of_one_segment(xray: XRay) -> None:
    """Where a function's REST API is traced, a request without API Gateway's segment is reported and left out."""
    records = RecordMaker()
    direct(xray, records, END - 50, 9.0, function="shop-api")
    xray.flush(settle=True)
    alone = report_of(xray)
    assert (alone.measured, alone.measured_by) == (1, "Lambda")
    assert [note for note in alone.notes if "no API Gateway stage of theirs is traced" in note]
    request(xray, records, END - 60, 0.02, function="shop-api")
    xray.flush(settle=True)
    mixed = report_of(xray)
    assert (mixed.requests, mixed.measured, mixed.measured_by) == (2, 1, "API Gateway")
    assert mixed.starts["warm"].response is not None
    assert mixed.starts["warm"].response.max == pytest.approx(20)
    assert any("1 trace has no API Gateway segment" in note for note in mixed.notes)
    assert not any("no API Gateway stage" in note for note in mixed.notes)


def test_functions_without_a_rest_api_are_measured_by_lambda_beside_those_with_one(xray: XRay) -> None:
    records = RecordMaker()
    request(xray, records, END - 60, 0.02, function="shop-api")
    direct(xray, records, END - 50, 0.3, function="shop-orders")
    direct(xray, records, END - 40, 0.1, function="shop-orders", start="cold", init_ms=400.0)
    direct(xray, records, END - 30, 0.2, function="shop-mail")
    xray.flush(settle=True)
    report = report_of(xray)
    assert (report.requests, report.measured, report.measured_by) == (4, 4, "API Gateway and Lambda")
    assert report.starts["cold"].response is not None
    assert report.starts["cold"].response.p50 == pytest.approx(500)
    assert report.starts["cold"].init is not None
    assert report.starts["cold"].init.p50 == pytest.approx(400)
    (note,) = [note for note in report.notes if "no API Gateway stage" in note]
    assert note.startswith("Times of shop-mail, shop-orders are Lambda's: no API Gateway stage of theirs is traced.")
    measured_by = {(slow.function, slow.measured_by, round(slow.response_ms)) for slow in report.slowest}
    assert measured_by == {
        ("shop-api", "API Gateway", 20),
        ("shop-orders", "Lambda", 300),
        ("shop-orders", "Lambda", 500),
        ("shop-mail", "Lambda", 200),
    }


def test_errors_are_counted_where_no_api_gateway_tells_of_them(xray: XRay) -> None:
    """An HTTP API's client gets what the function responds, but the trace begins with Lambda's segment: status 200."""
    records = RecordMaker()
    for status in (200, 404, 429, 500, 503):
        direct(xray, records, END - 60, 0.02, status=status)
    xray.flush(settle=True)
    warm = report_of(xray).starts["warm"]
    assert (warm.count, warm.errors, warm.throttles, warm.faults) == (5, 2, 1, 2)


def test_a_handler_that_raises_counts_as_5xx_once(xray: XRay) -> None:
    """Its record has a fault and no status; by a REST API, API Gateway's 502 says it too."""
    records = RecordMaker()
    direct(xray, records, END - 60, 0.02, status=None)
    direct(xray, records, END - 50, 0.02, status=None, start="cold", init_ms=50.0, function="shop-mail")
    by_rest = records.request(END - 40, status=None, function="shop-api")
    xray.measured(Exchange(END - 40, END - 39, "GET", "http://h/hello", 502, by_rest["aws"]["request_id"]))
    send(xray.daemon_address, [datagram(by_rest)])
    xray.flush(settle=True)
    report = report_of(xray)
    assert {start: found.faults for start, found in report.starts.items()} == {"cold": 1, "warm": 2}
    assert report.as_dict()["starts"]["warm"]["faults"] == 2
    console = Console(width=160, record=True, file=io.StringIO())
    tables.show(report, console)
    assert ["all", "3", "0", "3"] in [
        [*line.split()[:2], *line.split()[-2:]] for line in console.export_text().splitlines() if line.strip()
    ]


def test_raised_invocations_beyond_the_sample_are_counted_by_their_share(xray: XRay) -> None:
    records = RecordMaker()
    for index in range(20):
        direct(xray, records, END - 600 + index, 0.02, status=None)
    xray.flush(settle=True)
    report = report_of(xray, most=5)
    assert report.starts["warm"].faults == 20
    assert any("by their share of the sample" in note for note in report.notes)


def test_each_function_that_is_warmed_has_its_own_coverage(xray: XRay) -> None:
    first, second = {"requested": 4, "unique": 4, "cold": 4}, {"requested": 4, "unique": 2, "cold": 1}
    records = RecordMaker()
    send(xray.daemon_address, map(datagram, records.tick_of_two(END - 60, first, second)))
    send(xray.daemon_address, map(datagram, records.tick(END - 30, function="one")))
    xray.flush(settle=True)
    report = report_of(xray)
    assert report.pings.functions == {"one": Coverage(2, 4, 1.0, 1.0), "two": Coverage(1, 1, 0.5, 0.5)}
    console = Console(width=160, record=True, file=io.StringIO())
    tables.show(report, console)
    text = console.export_text()
    assert "  one: 100.0 % on average of 2 ticks, lowest 100.0 %; 4 pings met a cold start." in text
    assert "  two: 50.0 % on average of 1 tick, lowest 50.0 %; 1 ping met a cold start." in text


def test_what_a_ticks_record_has_beside_is_ignored(xray: XRay) -> None:
    *_, tick = RecordMaker().tick(END - 60)
    tick["annotations"] |= {"prewarm_ms": 70.5, "a_later_key": "x"}
    send(xray.daemon_address, [datagram(tick)])
    xray.flush(settle=True)
    assert report_of(xray).pings.coverage_mean == 1


@pytest.mark.parametrize("apis", [("other", f"{STAGE}-shop"), ()])
def test_requests_without_a_record_are_found_by_the_names_of_the_api(apis: tuple[str, ...]) -> None:
    with XRay(service=f"{STAGE}-shop" if apis else SERVICE, stage=STAGE) as xray:
        xray.measured(Exchange(END - 500, END - 499.9, "GET", "http://h/hello", 429, None))
        xray.flush(settle=True)
        assert report_of(xray, apis=apis).starts["no record"].throttles == 1


def test_a_second_reading_fetches_only_new_traces(xray: XRay) -> None:
    """With `remember`, complete observations and ticks are kept; new and partial ones are read."""
    asked: list[int] = []
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    client.meta.events.register(
        "before-parameter-build.xray.BatchGetTraces", lambda params, **_: asked.append(len(params["TraceIds"]))
    )
    reader = Reader(client, SERVICE, STAGE, remember=100)
    records = RecordMaker()

    def read() -> Report:
        asked.clear()
        xray.flush(settle=True)
        return make_report(reader, TimeRange(END - 600, END), stage=STAGE, region=None, most=100)

    for index in range(4):
        request(xray, records, END - 60 + index, 0.02)
    send(xray.daemon_address, map(datagram, records.tick(END - 90)))
    assert (read().measured, sum(asked)) == (4, 5)
    assert (read().measured, sum(asked)) == (4, 0)
    request(xray, records, END - 30, 0.02)
    send(xray.daemon_address, map(datagram, records.tick(END - 20)))
    assert ((report := read()).measured, report.pings.ticks, sum(asked)) == (5, 2, 2)
    direct(xray, records, END - 25, 0.02, function="without-a-rest-api")
    assert (read().measured, sum(asked)) == (6, 1)
    assert (read().measured, sum(asked)) == (6, 0)


def test_a_young_trace_without_api_gateways_segment_is_read_again(xray: XRay) -> None:
    """The segment of API Gateway comes last."""
    records, now = RecordMaker(), time.time()
    made = records.request(now - 5, seconds=1.0)
    send(xray.daemon_address, [datagram(made)])
    xray.flush(settle=True)
    reader = Reader(xray_client("us-east-1", xray.endpoint_url, local=True), SERVICE, STAGE, remember=100)
    (first,) = reader.observations([made["trace_id"]])
    exchange = Exchange(now - 6, now - 3, "GET", "http://h/hello", 200, made["aws"]["request_id"])
    xray.measured(exchange)
    send(xray.daemon_address, [datagram(made)])
    xray.flush(settle=True)
    (second,) = reader.observations([made["trace_id"]])
    assert (first.measured_by, second.measured_by) == ("Lambda", "API Gateway")


def test_the_survey_keeps_no_more_than_it_was_allowed() -> None:
    """However many traces there are, the ids that are kept to be read are bounded by `most` for each purpose."""
    records = RecordMaker()
    survey = Survey(TimeRange(END - HOUR, END), most=20)
    for index in range(2000):
        annotations = {"kind": "request", "start": "cold" if index % 100 == 0 else "warm"}
        survey.add(
            {
                "Id": records.trace_id(END - 1800),
                "Annotations": {
                    key: [{"AnnotationValue": {"StringValue": value}}] for key, value in annotations.items()
                },
            }
        )
    assert len(survey.columns) == 2000
    assert len(survey.kept("unmeasured")) == len(survey.kept("doubtful")) == 20
    assert survey.doubtful == {"warm": 1980, "cold": 20}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21600), ("1.5h", 5400), ("30d", 2592000)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "6 hours", "-1h", "0s", "31d", "1e3s"])
def test_invalid_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|outside what X-Ray keeps"):
        duration_seconds(text)


def test_chunks_cover_the_time_range_without_a_gap() -> None:
    chunks = list(TimeRange(0, 20 * HOUR).chunks())
    assert chunks[0].end == 20 * HOUR
    assert chunks[-1].start == 0
    assert all(later.start == earlier.end for later, earlier in itertools.pairwise(chunks))
    assert all(chunk.end - chunk.start <= 6 * HOUR for chunk in chunks)


def test_a_trace_that_x_ray_does_not_have_is_asked_for_once(xray: XRay) -> None:
    """X-Ray on AWS may list a trace before it returns it; whoever asks for one by its id wants an answer."""
    client = xray_client("us-east-1", xray.endpoint_url, local=True)
    asked: list[object] = []
    client.meta.events.register("before-call.xray", lambda **_: asked.append(1))
    waits: list[float] = []
    assert Reader(client, SERVICE, STAGE, sleep=waits.append).documents(f"1-{'0' * 8}-{'0' * 24}") == []
    assert (len(asked), waits) == (1, [])


def test_a_record_of_another_form_is_in_no_figure_and_is_said(xray: XRay) -> None:
    """X-Ray on AWS keeps what the local one refuses: so does its store, asked directly."""
    records = RecordMaker()
    request(xray, records, END - 60, 0.02)
    xray.flush(settle=True)
    broken = records.request(END - 50)
    broken["annotations"] |= {"status": "fine", "init_ms": "long"}
    xray._store.add([(json.dumps(broken), broken)])
    report = report_of(xray)
    assert report.measured == 1
    assert report.starts["warm"].response is not None
    [note] = [note for note in report.notes if "malformed" in note]
    assert note.startswith("1 malformed record, in no figure here")


@pytest.mark.parametrize(
    "body", ["[" * 50_000, "[]", "{", json.dumps({"name": "pilotlight", "annotations": {"kind": "request"}, "http": 7})]
)
def test_a_document_that_is_none_ends_no_reading(body: str) -> None:
    good = RecordMaker().request(END)

    class Client:
        meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))

        def batch_get_traces(self, **_: Any) -> dict[str, Any]:
            documents = [{"Document": each} for each in (body, json.dumps(good))]
            return {"Traces": [{"Id": "1-2-3", "Segments": documents}]}

    reader = Reader(cast(Any, Client()), SERVICE, STAGE)
    list(reader.ticks(["1-2-3"]))
    [found] = reader.observations(["1-2-3"])
    assert found.route == "/hello"
