"""`npm run cost -- --last 7d`: the plan of a stage as it is deployed and used, read from AWS and not asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pilotlight_tools.cost.deployed_plan import cost_of
from pilotlight_tools.cost.deployed_stage import UnknownCostError, read_stage
from pilotlight_tools.cost.stage import MonthlyCost
from pilotlight_tools.latency.deployment import Deployment, find_deployment
from pilotlight_tools.latency.listing import MOST_SCANNED
from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.observed_load import observed_in
from pilotlight_tools.latency.open_reader import open_reader
from pilotlight_tools.latency.problems import explained
from pilotlight_tools.latency.report import Report
from pilotlight_tools.latency.stage_costs import clients_of
from pilotlight_tools.latency.time_range import TimeRange, duration_seconds
from pilotlight_tools.terminal import Progress, counting

_QUIET_SECONDS = 2.0
"""A reading that takes no longer shows no progress."""
_MOST = 2000
"""Traces that are read in detail: enough for medians."""


def read_cost(
    stage: str, last: str, project: Path, region: str | None, given: Mapping[str, Any]
) -> tuple[MonthlyCost, str]:
    """Read what is deployed for `stage` and what its users did in the last `last`, such as 7d; return its region too.

    `given` are fields of Plan that the caller chose. Raises Problem where the report cannot be read, UnknownCostError
    where what is deployed cannot be read, ValueError where a given field is impossible.
    """
    deployment = find_deployment(stage, region=region, project=project)
    if deployment.stack is None:
        raise UnknownCostError("only the deploy tool knows the name of the stack (provider.stackName)")
    with explained(deployment.endpoint_url):
        report = _report(deployment, last)
    deployed = read_stage(clients_of(deployment), deployment.stack, stage)
    return cost_of(deployed, observed_in(report), given), deployment.region


def _report(deployment: Deployment, last: str) -> Report:
    end = time.time() + 1
    time_range = TimeRange(end - duration_seconds(last), end)
    with Progress(quiet_seconds=_QUIET_SECONDS) as progress:
        region = None if deployment.endpoint_url else deployment.region
        reader = open_reader(
            deployment,
            most_scanned=None if region is None else MOST_SCANNED,
            progress=partial(counting, progress),
        )
        return make_report(reader, time_range, stage=deployment.stage, region=region, most=_MOST)
