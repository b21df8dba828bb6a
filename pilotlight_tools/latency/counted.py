"""Counts of all requests by CloudWatch metrics, for a stage whose access log is off: never sampled, but without times.

API Gateway counts a REST API's requests by the dimensions ApiName and Stage ("Amazon API Gateway dimensions and
metrics"); `pilotlight.metrics` counts the starts that are not warm, by Service and Function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pilotlight.metrics import START_METRICS
from pilotlight_tools.latency.report import Counted
from pilotlight_tools.latency.time_range import TimeRange

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

_OF_API = {"requests": "Count", "errors": "4XXError", "faults": "5XXError"}
_SHORTEST_PERIOD_SECONDS = 60
_PER_CALL = 500
"""GetMetricData takes so many queries ("GetMetricData", CloudWatch API reference)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What CloudWatch counted: by the start of each period (epoch seconds), how many of what."""

    period_seconds: int
    bins: Mapping[int, Counter[str]] = field(default_factory=dict)

    def total(self) -> Counted | None:
        """The counts of the whole time range; None where API Gateway counted no request."""
        every = sum(self.bins.values(), Counter[str]())
        if not every["requests"]:
            return None
        starts = {start: every[start] for start in START_METRICS if every[start]}
        return Counted(
            requests=every["requests"],
            starts=starts,
            errors=every["errors"],
            faults=every["faults"],
            cold_start_rate=min(1.0, every["cold"] / every["requests"]),
        )


def read_counts(
    cloudwatch: CloudWatchClient, service: str, apis: Sequence[str], stage: str, time_range: TimeRange
) -> Counts:
    """Read the counts of a stage's REST API and its functions, in periods of the time range's bins or of a minute."""
    period = max(_SHORTEST_PERIOD_SECONDS, time_range.bin_seconds)
    period -= period % _SHORTEST_PERIOD_SECONDS
    queries = [*_of_api(apis, stage), *_of_starts(cloudwatch, service)]
    bins: dict[int, Counter[str]] = {}
    for first in range(0, len(queries), _PER_CALL):
        part = queries[first : first + _PER_CALL]
        asked = [_query(f"m{index}", metric, period) for index, (_, metric) in enumerate(part)]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=asked,  # type: ignore[arg-type]
            StartTime=datetime.fromtimestamp(time_range.start // period * period, UTC),
            EndTime=datetime.fromtimestamp(time_range.end, UTC),
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            what = part[int(result["Id"][1:])][0]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                bins.setdefault(int(at.timestamp()), Counter())[what] += round(value)
    return Counts(period, bins)


_Query = tuple[str, dict[str, Any]]
"""What a metric counts, and the metric."""


def _of_api(apis: Iterable[str], stage: str) -> Iterator[_Query]:
    for api in apis:
        dimensions = [{"Name": "ApiName", "Value": api}, {"Name": "Stage", "Value": stage}]
        for what, name in _OF_API.items():
            yield what, {"Namespace": "AWS/ApiGateway", "MetricName": name, "Dimensions": dimensions}


def _of_starts(cloudwatch: CloudWatchClient, service: str) -> Iterator[_Query]:
    """The metrics of the service's functions, in whatever namespace PILOTLIGHT_METRICS_NAMESPACE puts them."""
    start_of = {metric: start for start, metric in START_METRICS.items()}
    pages = cloudwatch.get_paginator("list_metrics").paginate(Dimensions=[{"Name": "Service", "Value": service}])
    for metric in (metric for page in pages for metric in page["Metrics"]):
        if metric.get("MetricName") in start_of and {each["Name"] for each in metric["Dimensions"]} == {
            "Service",
            "Function",
        }:
            yield start_of[metric["MetricName"]], dict(metric)


def _query(identity: str, metric: dict[str, Any], period: int) -> dict[str, Any]:
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}
