"""What a deployment ends with: its addresses, then a tick that proves it; and what it leaves in the account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight_tools.local.deploy_tool import DeployTool
from pilotlight_tools.local.engine import Engine
from tests.support.service import NAME

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("after deployment")]

WARM = f"2 of 2 environments of {NAME}-dev-api warm"
ACCOUNT, ROLE = "ApiGatewayAccount", "ApiGatewayAccountRole"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def sls(engine: Engine, sample_project: Path) -> DeployTool:
    return DeployTool(engine.folder / "service", engine.environment, sample_project)


def deploy(sls: DeployTool, *arguments: str) -> str:
    return sls.must_run(*(arguments or ("deploy",)), "--stage", "dev")


def test_a_deployment_prints_its_addresses_and_then_what_a_tick_proved(sls: DeployTool) -> None:
    output = deploy(sls)
    assert f"Deploying {NAME} to stage dev (us-east-1)" in output
    assert output.index("Service deployed") < output.index("endpoints:") < output.index(WARM)


def test_the_first_stack_of_an_account_makes_its_role_for_logs_and_keeps_it(engine: Engine, sls: DeployTool) -> None:
    """As "Permissions for CloudWatch logging" in the API Gateway Developer Guide asks."""
    made = stack_resources(engine)
    assert {ACCOUNT, ROLE} <= made.keys()
    role = account_role(engine)
    assert role.endswith(f"/{made[ROLE]}")
    change_code(sls)
    deploy(sls)
    assert stack_resources(engine)[ROLE] == made[ROLE]
    assert account_role(engine) == role


def test_no_role_of_the_stack_may_make_or_pass_roles(engine: Engine) -> None:
    iam = boto3.client("iam", **engine.connection)
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert len(roles) == 3
    for role in roles:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            assert not [action for each in document["Statement"] for action in each["Action"] if action[:4] == "iam:"]


def test_a_function_that_is_deployed_alone_is_proved_warm_too(sls: DeployTool) -> None:
    change_code(sls)
    output = deploy(sls, "deploy", "function", "-f", "api")
    assert output.index("Function code deployed") < output.index(WARM)


def test_the_warmer_alone_can_be_deployed_with_its_own_role(engine: Engine, sls: DeployTool) -> None:
    role = function(engine, "warmer")["Role"]
    output = deploy(sls, "deploy", "function", "-f", "warmer", "--force")
    assert WARM in output
    after = function(engine, "warmer")
    assert after["Role"] == role
    assert "PILOTLIGHT_TARGETS" in after["Environment"]["Variables"]


def test_after_a_rollback_there_is_a_tick(sls: DeployTool) -> None:
    listed = deploy(sls, "deploy", "list")
    stamps = [line.split(":", 1)[1].strip() for line in listed.splitlines() if line.strip().startswith("Timestamp:")]
    output = deploy(sls, "rollback", "--timestamp", min(stamps))
    assert WARM in output


def test_the_accounts_role_outlives_the_stack_and_the_next_stack_uses_it(engine: Engine, sls: DeployTool) -> None:
    """The setting is the account's: its other APIs log by it. A second role or a second setting would be too many."""
    role = account_role(engine)
    deploy(sls, "remove")
    assert account_role(engine) == role
    boto3.client("iam", **engine.connection).get_role(RoleName=role.rpartition("/")[2])
    deploy(sls)
    assert not {ACCOUNT, ROLE} & stack_resources(engine).keys()
    assert account_role(engine) == role


def change_code(sls: DeployTool) -> None:
    handler = sls.folder / "handler.py"
    handler.write_text(f"{handler.read_text()}# changed\n")


def stack_resources(engine: Engine) -> dict[str, str]:
    client = boto3.client("cloudformation", **engine.connection)
    found = client.describe_stack_resources(StackName=f"{NAME}-dev")["StackResources"]
    return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}


def account_role(engine: Engine) -> str:
    account = boto3.client("apigateway", **engine.connection).get_account()
    return str(account.get("cloudwatchRoleArn", ""))


def function(engine: Engine, key: str) -> Any:
    return boto3.client("lambda", **engine.connection).get_function_configuration(FunctionName=f"{NAME}-dev-{key}")
