"""`npm run cost -- --last`: the plan of a stage that runs here, read from what is deployed and what its users did."""

from __future__ import annotations

import json
import re

import pytest
import requests

from pilotlight_tools.cost.__main__ import main
from pilotlight_tools.latency.running import RunningService, announce
from tests.conftest import CONCURRENCY, Deployed

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("stack")]


def test_what_is_deployed_and_what_was_observed_is_not_asked_for(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    service = deployed.service
    for _ in range(5):
        assert requests.get(deployed.url("/hello"), timeout=60).ok
    service.xray.flush(settle=True)
    running = RunningService(
        service.name, service.stage.name, service.url, service.xray.endpoint_url, engine_url=service.stage.engine.url
    )
    project = service.stage.deploy_tool.folder
    arguments = ["--stage", service.stage.name, "--last", "1h", "--project", str(project)]
    with announce(running, project):
        assert main([*arguments, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert main([*arguments, "--requests-per-month", "2000"]) == 0
        table = " ".join(capsys.readouterr().out.split())
    plan = report["plan"]
    assert (plan["memory_mb"], plan["architecture"], plan["concurrency"]) == (512, "arm64", CONCURRENCY)
    assert (plan["warmer_memory_mb"], plan["observability"]) == (1024, False)
    assert plan["requests_per_month"] >= 5 * 729
    assert 0 < plan["request_ms"] < 10_000
    assert re.match(r"[\d,]+ (traced )?requests.* in 1\.0 h, and so [\d,]+ a month$", report["observed"][0])
    assert "The warmer's schedule is off; it would ping every 5 minutes." in report["assumed"]
    assert "2,000 requests a month" in table
    assert "Assumed: Lambda keeps an idle environment 6 minutes" in table
    assert "Observed: " in table
