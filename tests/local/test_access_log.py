"""The local access log: a line for each exchange by the stage's settings, written beside the responses, losses counted.

The fakes imitate "GetStage" (Amazon API Gateway API reference), "CreateLogStream" and "PutLogEvents" (CloudWatch Logs
API reference).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from pilotlight_tools.local.access_log import AccessLog, batches
from pilotlight_tools.local.exchange import Exchange
from tests.conftest import until

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/api-gateway/shop-local"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, said the fake"}}, "Operation")


@dataclass
class FakeGateway:
    """A stage as GetStage describes it: without an access log, there are no `accessLogSettings`."""

    stage: dict[str, Any] = field(
        default_factory=lambda: {
            "stageName": "local",
            "tracingEnabled": True,
            "accessLogSettings": {"destinationArn": ARN, "format": "$context.path $context.status"},
        }
    )

    def get_stage(self, **asked: str) -> Any:
        if asked != {"restApiId": "api", "stageName": "local"}:
            raise refused("NotFoundException")
        return self.stage


@dataclass
class FakeLogs:
    """Log streams by group and name. A name may be given once; events must be in order, and a stream must exist."""

    streams: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    groups: tuple[str, ...] = ("/aws/api-gateway/shop-local", "/other")
    error: str | None = None
    may_go_on: threading.Event = field(default_factory=threading.Event)
    was_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_go_on.set()

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> Any:  # noqa: N803 (boto3's names)
        if logGroupName not in self.groups:
            raise refused("ResourceNotFoundException")
        if (logGroupName, logStreamName) in self.streams:
            raise refused("ResourceAlreadyExistsException")
        self.streams[logGroupName, logStreamName] = []

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: Any) -> Any:  # noqa: N803
        self.was_asked.set()
        assert self.may_go_on.wait(10)
        if self.error is not None:
            raise refused(self.error)
        times = [event["timestamp"] for event in logEvents]
        assert times == sorted(times), "PutLogEvents refuses a batch that is not in order"
        self.streams[logGroupName, logStreamName] += logEvents

    def messages(self, group: str = "/aws/api-gateway/shop-local") -> list[str]:
        return [event["message"] for (found, _), events in self.streams.items() if found == group for event in events]


def exchange(path: str, at: float = 1.0) -> Exchange:
    return Exchange(at, at + 0.1, "GET", f"http://h/{path}", 200, "id")


def test_each_exchange_is_a_line_in_the_stages_own_group_and_format() -> None:
    logs = FakeLogs()
    with AccessLog(FakeGateway(), logs, print) as log:
        log.follow("api", "local", "h")
        log.add(exchange("late", at=2.5))
        log.add(exchange("early", at=1.25))
    assert logs.messages() == ["/local/early 200", "/local/late 200"]
    ((_, stream),) = logs.streams
    assert [event["timestamp"] for event in logs.streams["/aws/api-gateway/shop-local", stream]] == [1250, 2500]


def test_lines_are_written_without_being_asked_for() -> None:
    logs = FakeLogs()
    with AccessLog(FakeGateway(), logs, print, each_seconds=0.01) as log:
        log.follow("api", "local", "h")
        log.add(exchange("a"))
        assert until(logs.messages) == ["/local/a 200"]


def test_adding_waits_for_nothing_that_writes() -> None:
    logs = FakeLogs()
    with AccessLog(FakeGateway(), logs, print, each_seconds=0.01) as log:
        log.follow("api", "local", "h")
        logs.may_go_on.clear()
        for number in range(1_000):
            log.add(exchange(str(number)))
        assert logs.messages() == []
        logs.may_go_on.set()
        log.flush()
        assert len(logs.messages()) == 1_000


def test_a_deployment_may_change_group_and_format_and_switch_it_off() -> None:
    logs, gateway = FakeLogs(), FakeGateway()
    with AccessLog(gateway, logs, print) as log:
        log.add(exchange("before"))
        log.follow("api", "local", "h")
        log.add(exchange("first"))
        log.follow("api", "local", "h")  # the same group: the same stream
        log.add(exchange("second"))
        gateway.stage["accessLogSettings"] = {
            "destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:/other:*",
            "format": "$context.httpMethod",
        }
        log.follow("api", "local", "h")
        log.add(exchange("third"))
        log.flush()
        del gateway.stage["accessLogSettings"]
        log.follow("api", "local", "h")
        log.add(exchange("fourth"))
        log.flush()
    assert logs.messages() == ["/local/first 200", "/local/second 200"]
    assert logs.messages("/other") == ["GET"]


def test_a_stage_without_a_log_group_has_no_lines_and_no_notice() -> None:
    said: list[str] = []
    firehose = "arn:aws:firehose:us-east-1:000000000000:deliverystream/amazon-apigateway-x"
    for settings in (None, {}, {"format": "x"}, {"destinationArn": ARN}, {"destinationArn": firehose, "format": "x"}):
        logs = FakeLogs()
        with AccessLog(FakeGateway({"accessLogSettings": settings}), logs, said.append) as log:
            log.follow("api", "local", "h")
            log.add(exchange("a"))
        assert logs.streams == {}
    assert said == []


def test_what_cannot_be_written_is_counted_and_said() -> None:
    said: list[str] = []
    logs = FakeLogs(error="ServiceUnavailableException")
    with AccessLog(FakeGateway(), logs, said.append) as log:
        log.follow("api", "local", "h")
        for path in "abc":
            log.add(exchange(path))
        log.flush()
        assert log.lost == 3
        logs.error = None
        log.add(exchange("d"))
    assert said == ["access log: 3 lines could not be written"]
    assert logs.messages() == ["/local/d 200"], "it goes on after a failure"


def test_a_group_that_is_not_there_is_said_when_it_is_looked_for() -> None:
    said: list[str] = []
    with AccessLog(FakeGateway(), FakeLogs(groups=()), said.append) as log:
        log.follow("api", "local", "h")
        log.follow("api", "unknown", "h")
    assert [text.partition(":")[0] for text in said] == [
        "stage local has no access log",
        "stage unknown has no access log",
    ]


def test_what_waits_is_bounded() -> None:
    said: list[str] = []
    logs = FakeLogs()
    with AccessLog(FakeGateway(), logs, said.append, each_seconds=0.01, most_waiting=5) as log:
        log.follow("api", "local", "h")
        logs.may_go_on.clear()
        log.add(exchange("first"))
        assert logs.was_asked.wait(10), "the first is being written"
        for number in range(7):
            log.add(exchange(str(number)))
        logs.may_go_on.set()
        log.flush()
    assert logs.messages() == ["/local/first 200", *(f"/local/{number} 200" for number in range(5))]
    assert said == ["access log: 2 lines could not be written"]


def test_batches_are_what_put_log_events_takes() -> None:
    """10,000 events, 1,048,576 bytes with 26 more for each event ("PutLogEvents", CloudWatch Logs API reference)."""
    many = list(batches((number, "é") for number in range(25_000)))
    assert [len(batch) for batch in many] == [10_000, 10_000, 5_000]
    large = list(batches((number, "é" * 100_000) for number in range(12)))
    assert [len(batch) for batch in large] == [5, 5, 2]
    assert all(sum(len(text.encode()) + 26 for _, text in batch) <= 1_048_576 for batch in large)
    assert [line for batch in many for line in batch] == [(number, "é") for number in range(25_000)]
    assert list(batches([])) == []
