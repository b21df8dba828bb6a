"""What the engine keeps of invocations is bounded: the newest stay."""

from __future__ import annotations

from typing import Any

from pilotlight_tools.local.launcher.retention import METRIC_LINES, bound_streams, bound_values


def test_the_newest_streams_stay() -> None:
    streams: dict[str, object] = {str(number): {"events": []} for number in range(5_600)}
    bound_streams(streams)
    assert list(streams) == [str(number) for number in range(600, 5_600)]
    bound_streams(streams)
    assert len(streams) == 5_000


def test_the_newest_values_stay() -> None:
    values = list(range(20_400))
    bound_values(values)
    assert len(values) == 20_400, "removing a few at once costs less"
    values += range(20_400, 20_600)
    bound_values(values)
    assert values == list(range(600, 20_600))


def test_lines_with_metrics_outlive_their_streams() -> None:
    """They say which requests met a cold start: without them, older requests would all seem warm."""
    streams: dict[str, Any] = {}
    for number in range(5_600):
        streams[str(number)] = stream(number)
    bound_streams(streams)
    assert list(streams) == [*(str(number) for number in range(600, 5_600)), METRIC_LINES]
    for number in range(5_600, 6_600):
        streams[str(number)] = stream(number)
    bound_streams(streams)
    kept = streams[METRIC_LINES]["events"]
    assert [event["timestamp"] for event in kept] == list(range(0, 1_601, 100))
    assert all('"CloudWatchMetrics"' in event["message"] for event in kept)
    assert len(streams) == 5_000


def stream(number: int) -> dict[str, Any]:
    """A stream as the engine makes one for each invocation; each hundredth met a cold start."""
    messages = ["START RequestId: 1", "REPORT RequestId: 1"]
    if number % 100 == 0:
        messages.insert(1, '{"_aws": {"CloudWatchMetrics": []}, "ColdStart": 1}')
    events = [{"timestamp": number, "message": message, "ingestionTime": 1} for message in messages]
    return {"events": events, "firstEventTimestamp": number, "lastEventTimestamp": number}
