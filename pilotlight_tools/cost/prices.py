"""The single dated table of AWS prices, which everything in this project uses.

Region us-east-1, US dollars, without free tiers (they belong to the whole account; see `FREE_TIER`), first volume
tier. AWS pages: "AWS Lambda Pricing" (functions, provisioned concurrency, SnapStart), "AWS X-Ray pricing",
"Amazon CloudWatch pricing", "Amazon EventBridge pricing". To use other prices, change them here, together with the
date.
"""

from dataclasses import dataclass

PRICES_CHECKED = "2026-11-22"
"""When the figures below were last compared with what AWS publishes."""

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in US dollars of one architecture."""

    request: float
    """One Lambda invocation, whether of a user, a ping or a schedule."""
    gigabyte_second: float
    """Duration on demand. Since 2025-08-01 the INIT phase is billed too (AWS Compute Blog, "AWS Lambda standardizes
    billing for INIT Phase")."""
    provisioned_gigabyte_second: float
    """Provisioned concurrency, for as long as it is configured, used or not."""
    provisioned_running_gigabyte_second: float
    """Duration on provisioned concurrency, in place of `gigabyte_second`."""
    snapstart_cached_gigabyte_second: float
    """SnapStart's snapshot, for as long as the version exists, at least three hours (not for Java)."""
    snapstart_restored_gigabyte: float
    """One restored environment, for each GB of its memory (not for Java)."""
    trace: float
    """One X-Ray trace recorded."""
    trace_read: float
    """One X-Ray trace retrieved or scanned, as by a report."""
    metric: float
    """One custom metric for a month: a name with one set of dimensions."""
    alarm_metric: float
    """One metric of an alarm of standard resolution, for a month."""
    dashboard: float
    """One dashboard for a month."""
    log_gigabyte: float
    """One GB of logs taken in. Keeping them for two weeks adds a few per cent, which are left out."""
    schedule: float
    """One firing of a schedule. EventBridge Scheduler's price; AWS publishes none for a scheduled rule, so this
    may be too high, by less than a cent a month."""


_SHARED = {
    "request": 0.20 / 1e6,
    "snapstart_cached_gigabyte_second": 0.0000015046,
    "snapstart_restored_gigabyte": 0.0001397998,
    "trace": 5.00 / 1e6,
    "trace_read": 0.50 / 1e6,
    "metric": 0.30,
    "alarm_metric": 0.10,
    "dashboard": 3.00,
    "log_gigabyte": 0.50,
    "schedule": 1.00 / 1e6,
}

PRICES = {
    "arm64": Prices(
        gigabyte_second=0.0000133334,
        provisioned_gigabyte_second=0.0000033334,
        provisioned_running_gigabyte_second=0.0000077778,
        **_SHARED,
    ),
    "x86_64": Prices(
        gigabyte_second=0.0000166667,
        provisioned_gigabyte_second=0.0000041667,
        provisioned_running_gigabyte_second=0.0000097222,
        **_SHARED,
    ),
}
"""By the names that Lambda and serverless.yml use for an architecture."""


@dataclass(frozen=True, slots=True)
class FreeTier:
    """What an account has free each month. Lambda's part does not apply to functions with provisioned concurrency.

    A free dashboard has at most 50 metrics ("Amazon CloudWatch pricing"): that of one target has 20.
    """

    requests: float = 1_000_000
    gigabyte_seconds: float = 400_000
    traces: float = 100_000
    traces_read: float = 1_000_000
    metrics: float = 10
    alarm_metrics: float = 10
    dashboards: float = 3
    log_gigabytes: float = 5
    schedules: float = 14_000_000


FREE_TIER = FreeTier()
