"""Bounds what the engine keeps of each invocation: it has a log stream for each, and four metric values, for two weeks.

A load of an hour would fill the memory with them. The oldest go first, as with a retention time. Lines with metrics
stay much longer than the rest: they say what start a request met, and without them all requests would seem warm.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc

MOST_STREAMS = 5_000
"""Log streams of one group: so many invocations can be read back."""
MOST_VALUES = 20_000
"""Values of one metric with its dimensions."""
MOST_METRIC_LINES = 50_000
"""Lines in the embedded metric format of streams that were removed, of one group."""
METRIC_LINES = "metric-lines-of-older-streams"
"""The name of the stream that keeps them."""
_IS_METRIC_LINE = '"CloudWatchMetrics"'
_SPARE = 500
"""So many are removed at once, because removing costs more the more remain."""


def install() -> None:
    """Remove the oldest after each invocation. Raises AttributeError where the engine is not as expected."""
    emit_logs, metric_bucket = lambda_svc._emit_lambda_logs, cloudwatch._metric_bucket
    groups = cloudwatch_logs._log_groups

    def emit_and_bound(function: dict[str, Any], *arguments: Any, **options: Any) -> None:
        emit_logs(function, *arguments, **options)
        if (group := groups.get(_group_of(function))) is not None:
            bound_streams(group["streams"])

    def bounded_bucket(key: tuple[Any, ...]) -> list[Any]:
        values: list[Any] = metric_bucket(key)
        bound_values(values)
        return values

    lambda_svc._emit_lambda_logs = emit_and_bound
    cloudwatch._metric_bucket = bounded_bucket


def _group_of(function: dict[str, Any]) -> str:
    config = function.get("config") or function
    own = (config.get("LoggingConfig") or {}).get("LogGroup")
    return str(own or f"/aws/lambda/{config.get('FunctionName', 'unknown')}")


def bound_streams(streams: dict[str, Any], most: int = MOST_STREAMS) -> None:
    """Remove the streams that were made first, where there are more than `most` and some; METRIC_LINES stays."""
    if len(streams) <= most + _SPARE:
        return
    oldest = [name for name in list(streams) if name != METRIC_LINES][: len(streams) - most]
    removed = [stream for name in oldest if (stream := streams.pop(name, None))]  # another invocation may have
    kept = [event for stream in removed for event in stream["events"] if _IS_METRIC_LINE in event["message"]]
    if kept:
        stream = streams.setdefault(METRIC_LINES, {**removed[0], "events": []})
        cloudwatch_logs._append_log_events(stream, kept)
        bound_values(stream["events"], MOST_METRIC_LINES)


def bound_values(values: list[Any], most: int = MOST_VALUES) -> None:
    """Remove the values that were added first, where there are more than `most` and some."""
    if len(values) > most + _SPARE:
        del values[: len(values) - most]
