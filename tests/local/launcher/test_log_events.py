"""The engine's CloudWatch Logs with many lines: each can be read, in pages, and their number is bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.launcher.log_events import MOST_IN_A_PAGE, bound_lines

GROUP = "/aws/api-gateway/shop"


def test_the_newest_lines_stay() -> None:
    events = [{"timestamp": number} for number in range(105_000)]
    assert bound_lines(events, 100_000) == []
    events += [{"timestamp": number} for number in range(105_000, 105_010)]
    removed = bound_lines(events, 100_000)
    assert [event["timestamp"] for event in removed] == list(range(5_010))
    assert [event["timestamp"] for event in events] == list(range(5_010, 105_010))


@pytest.fixture(scope="module")
def logs() -> Iterator[Any]:
    with Engine() as engine:
        client = boto3.client("logs", **engine.connection)
        client.create_log_group(logGroupName=GROUP)
        yield client


def stream_of(logs: Any, name: str, times: list[int]) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    for first in range(0, len(times), 9_000):
        part = sorted(times[first : first + 9_000])
        events = [{"timestamp": at, "message": json.dumps({"stream": name, "at": at})} for at in part]
        logs.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=events)


@pytest.mark.slow
def test_more_lines_than_a_page_has_are_read_each_once_and_in_order(logs: Any) -> None:
    now = int(time.time() * 1000)
    # The responses' order is not the requests': every batch has a line that is older than the last of the one before.
    times = [now - 500_000 + 10 * number - 3_000 * (number % 50 == 0) for number in range(2 * MOST_IN_A_PAGE + 1)]
    stream_of(logs, "many", times)
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNames=["many"], startTime=now - 600_000
        )
    )
    assert [len(page["events"]) for page in pages] == [MOST_IN_A_PAGE, MOST_IN_A_PAGE, 1]
    events = [event for page in pages for event in page["events"]]
    assert [event["timestamp"] for event in events] == sorted(times)
    assert len({event["eventId"] for event in events}) == len(times)


@pytest.mark.slow
def test_streams_time_range_pattern_and_limit_select(logs: Any) -> None:
    now = int(time.time() * 1000) - 1_000_000
    stream_of(logs, "left-1", [now, now + 10])
    stream_of(logs, "left-2", [now + 5])
    stream_of(logs, "right", [now + 7])

    def asked(**options: Any) -> list[tuple[str, int]]:
        found = logs.filter_log_events(logGroupName=GROUP, startTime=now, endTime=now + 10, **options)
        return [(event["logStreamName"], event["timestamp"] - now) for event in found["events"]]

    everything = [("left-1", 0), ("left-2", 5), ("right", 7), ("left-1", 10)]
    assert asked() == everything
    assert asked(logStreamNamePrefix="left") == [each for each in everything if each[0] != "right"]
    assert asked(logStreamNames=["right"]) == [("right", 7)]
    assert asked(filterPattern='?"left-2" ?right') == [("left-2", 5), ("right", 7)]
    assert asked(limit=2) == everything[:2]
    got = logs.get_log_events(logGroupName=GROUP, logStreamName="left-1", startFromHead=True)["events"]
    assert [event["timestamp"] - now for event in got] == [0, 10]


@pytest.mark.slow
def test_mistakes_are_errors_as_on_aws(logs: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.filter_log_events(logGroupName="unknown")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.filter_log_events(logGroupName=GROUP, nextToken="foreign")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.put_log_events(logGroupName=GROUP, logStreamName="unknown", logEvents=[{"timestamp": 1, "message": "x"}])
