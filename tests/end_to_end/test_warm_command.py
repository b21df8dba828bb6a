"""`sls warm`: it prints a tick of the deployed warmer; with --strict-warm incomplete coverage is an error."""

from __future__ import annotations

import json

import boto3
import pytest

from pilotlight_tools.local.deploy_tool import DeployToolError
from tests.conftest import CONCURRENCY, Deployed

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("stack")]


def test_it_prints_what_was_proved(deployed: Deployed) -> None:
    stage = deployed.service.stage
    output = stage.sls("warm", "--param", f"concurrency={CONCURRENCY}")
    assert f"{CONCURRENCY} of {CONCURRENCY} environments of {stage.functions['api']} warm" in output


def test_its_json_is_the_result_of_the_tick(deployed: Deployed) -> None:
    output = deployed.service.stage.sls("warm", "--json")
    result = json.loads(output[output.index("{") : output.rindex("}") + 1])
    assert (result["coverage"], result["unique"]) == (1, CONCURRENCY)


def test_incomplete_coverage_is_a_warning_with_its_cause_or_an_error_if_strict(deployed: Deployed) -> None:
    stage = deployed.service.stage
    client = boto3.client("lambda", **stage.connection)
    stage.end_environments("warmer")
    client.put_function_concurrency(FunctionName=stage.functions["api"], ReservedConcurrentExecutions=4)
    try:
        output = stage.sls("warm")
        with pytest.raises(DeployToolError, match="not warm"):
            stage.sls("warm", "--strict-warm")
    finally:
        client.delete_function_concurrency(FunctionName=stage.functions["api"])
        stage.end_environments("warmer")
    assert f"2 of {CONCURRENCY} environments" in output, "two are left to users"
    assert "the function's reserved concurrency is 4" in output


def test_a_tick_that_waited_too_long_is_skipped(deployed: Deployed) -> None:
    stage = deployed.service.stage
    event = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-01T00:00:00Z"})
    invoked = boto3.client("lambda", **stage.connection).invoke(FunctionName=stage.functions["warmer"], Payload=event)
    result = json.loads(invoked["Payload"].read())
    assert (result["targets"], "ticks are 300 s apart" in result["skipped"]) == ([], True)


def test_a_stage_that_is_not_deployed_is_an_error(deployed: Deployed) -> None:
    with pytest.raises(DeployToolError, match="not deployed"):
        deployed.service.stage.deploy_tool.must_run("warm", "--stage", "dev")
