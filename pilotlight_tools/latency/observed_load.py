"""What a report says of a stage's users, as the cost of the stage is computed from it."""

from __future__ import annotations

from pilotlight_tools.cost.deployed_plan import Observed
from pilotlight_tools.latency.reading import ACCESS_LOG
from pilotlight_tools.latency.report import Report


def observed_in(report: Report) -> Observed:
    """Return it: of all requests where the access log or CloudWatch counted them, else of the traced ones."""
    counted, cold, warm = report.counted, report.starts.get("cold"), report.starts.get("warm")
    cold_starts = cold.count if cold else 0
    return Observed(
        seconds=report.time_range.end - report.time_range.start,
        requests=counted.requests if counted else report.requests,
        is_complete=report.source == ACCESS_LOG or counted is not None,
        cold=counted.starts.get("cold", 0) if counted else cold_starts,
        cold_without_pings=report.verdict.cold_without_pings,
        request_ms=warm.response.p50 if warm and warm.response else None,
        init_ms=cold.init.p50 if cold and cold.init else None,
        by_function={each.name: each.requests for each in report.functions},
    )
