"""What a stage costs, read from what `sls deploy` really deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight_tools.cost.configured_plan import plan_fields
from pilotlight_tools.cost.deployed_plan import Observed, cost_of
from pilotlight_tools.cost.deployed_stage import UnknownCostError, read_stage
from pilotlight_tools.local.deployed_stage import DeployedStage
from tests.support.service import NAME

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("deployed_cost")]

OBSERVED = Observed(86400, 10_000, True, 3, 40, 50.0, 300.0)


def test_what_is_read_of_a_deployed_stage_is_what_serverless_yml_says(sample_project: Path) -> None:
    """`prod` has a dashboard and alarms. The engine makes nothing of X-Ray: on AWS the sampling rule is read too."""
    with DeployedStage(project=sample_project, stage="prod") as stage:

        def clients(name: str) -> Any:
            return boto3.client(name, **stage.connection)  # type: ignore[call-overload]

        read = read_stage(clients, f"{NAME}-prod", "prod")
        configured = plan_fields(stage.configuration)
        [plan] = cost_of(read, OBSERVED).plans
        same = ("memory_mb", "architecture", "concurrency", "interval_minutes", "warmer_memory_mb", "observability")
        assert {name: getattr(plan, name) for name in same} == {name: configured[name] for name in same}
        assert plan.requests_per_month == pytest.approx(10_000 * 730 / 24)
        stage.stop_schedule()
        assert read_stage(clients, f"{NAME}-prod", "prod").interval_minutes is None
        with pytest.raises(UnknownCostError, match=f"{NAME}-nothing"):
            read_stage(clients, f"{NAME}-nothing", "nothing")
