"""What a month of seeing costs: traces, reports, metrics, alarms, the dashboard, logs."""

from __future__ import annotations

from pilotlight_tools.cost.plan import MONTH_SECONDS, Plan, ticks_per_month, traces_recorded
from pilotlight_tools.cost.usage import Usage

_START_METRICS = {"none": 2, "warmer": 2, "provisioned": 3, "snapstart": 3}
"""Of pilotlight/metrics.py, one for each start type that occurs: cold, proactive, and that of the alternative."""
_TICK_METRICS = 6
"""Of pilotlight/metrics.py, for each target: what a tick did, its coverage, whether it was complete."""
_METRICS_OF_A_METHOD = 5
"""Count, 4XXError, 5XXError, Latency, IntegrationLatency ("Amazon API Gateway dimensions and metrics")."""
_ALARM_METRICS = 1
"""Of plugin/resources/alarms.cjs: server errors."""
_ALARM_METRICS_OF_THE_WARMER = 2
"""Its errors, and ticks that stop."""
_ALARM_METRICS_OF_A_TARGET = 3
"""Coverage, and throttles, which take two."""

_REPORT_SECONDS = 6 * 3600
_MOST_DOCUMENTS = 2_000
"""Of `npm run latency`: what it reads unless told otherwise, and how many traces in detail. Reading logs is free."""

_INVOCATION_LOG_BYTES = 360
"""START, END, and REPORT with a trace id ("Log and monitor Python Lambda functions" shows them)."""
_ACCESS_LOG_BYTES = 600
"""A line of infra/access-log.cjs with a short path and a browser's User-Agent."""
_TICK_LOG_BYTES = 1_400
"""The warmer's own invocation, its result and its metrics, for one target."""


def observing(plan: Plan, alternative: str, targets: int = 1) -> Usage:
    """The usage of X-Ray and CloudWatch by a stage. `alternative` is one of `cost.model.ALTERNATIVES`.

    Of a stage with several `targets` the plan has the sums of their requests and of their concurrency.
    """
    ticks = ticks_per_month(plan) if alternative == "warmer" else 0.0
    is_traced = plan.traced_per_second or plan.sampling
    traces = traces_recorded(plan) + (ticks if is_traced else 0)
    logged = plan.requests_per_month * (_INVOCATION_LOG_BYTES + _ACCESS_LOG_BYTES)
    logged += ticks * (targets * _TICK_LOG_BYTES + plan.concurrency * _INVOCATION_LOG_BYTES)
    return Usage(
        traces=traces,
        traces_read=_traces_read(plan, traces),
        metrics=targets * (_START_METRICS[alternative] + (_TICK_METRICS if ticks else 0))
        + plan.api_methods_measured * _METRICS_OF_A_METHOD,
        alarm_metrics=_alarm_metrics(targets if ticks else 0) if plan.observability else 0,
        dashboards=1 if plan.observability else 0,
        log_gigabytes=logged / 1e9,
    )


def _alarm_metrics(targets: int) -> int:
    """`targets` is how many the warmer has, 0 without a warmer."""
    of_warmer = _ALARM_METRICS_OF_THE_WARMER + targets * _ALARM_METRICS_OF_A_TARGET if targets else 0
    return _ALARM_METRICS + of_warmer


def _traces_read(plan: Plan, traces: float) -> float:
    """Each report scans the traces of its time range, and retrieves some of them."""
    in_range = traces * _REPORT_SECONDS / MONTH_SECONDS
    return plan.reports_per_month * (in_range + min(in_range, _MOST_DOCUMENTS))
