"""The roles of the deployed functions: what is granted is needed, and what is needed is granted.

Each right is taken away, and the right thing fails. The engine enforces the rights to call an AWS service; that a
function may write its log and its traces is Lambda's and the X-Ray daemon's to enforce, so there the AWS page
counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import boto3
import pytest

from tests.conftest import CONCURRENCY, Deployed, until

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("stack")]

BY_AWS = {
    "logs:CreateLogStream": 'AWSLambdaBasicExecutionRole, in "Defining Lambda function permissions"',
    "logs:PutLogEvents": 'AWSLambdaBasicExecutionRole, in "Defining Lambda function permissions"',
    "xray:PutTraceSegments": 'AWSXRayDaemonWriteAccess, in "Visualize Lambda function invocations using AWS X-Ray"',
    "xray:PutTelemetryRecords": 'AWSXRayDaemonWriteAccess, in "Visualize Lambda function invocations using AWS X-Ray"',
}
"""What both roles need that the engine does not enforce, and the page that asks for it."""
OF_WARMER_BY_AWS = {"lambda:GetAccountSettings": "Actions, resources, and condition keys for AWS Lambda"}
"""The engine asks for none."""
OF_WARMER = {"lambda:InvokeFunction", "lambda:GetFunctionConcurrency"}
"""What the engine enforces."""


def test_nothing_is_granted_that_is_not_needed(deployed: Deployed) -> None:
    assert granted(deployed, "api") == BY_AWS.keys()
    assert granted(deployed, "warmer") == {*BY_AWS, *OF_WARMER_BY_AWS, *OF_WARMER}


def test_without_the_right_to_invoke_a_tick_fails_loudly(deployed: Deployed) -> None:
    with taken_away(deployed, "warmer", "lambda:InvokeFunction"):
        tick = deployed.service.stage.tick()
    assert (tick["coverage"], tick["unique"]) == (0.0, 0)
    assert tick["failed"] == tick["invocations"] >= CONCURRENCY
    assert "AccessDenied" in " ".join(tick["targets"][0]["causes"])
    logged = until(lambda: lines(deployed, "warmer", "ERROR"), what="the ERROR line in the warmer's log")
    assert any("AccessDenied" in cause for line in logged for cause in line["causes"])
    assert deployed.service.stage.tick()["coverage"] == 1.0, "with the permission back the tick is complete again"


@pytest.mark.parametrize("may_read", [True, False])
def test_without_the_right_to_read_a_limit_the_tick_goes_on_and_says_so(deployed: Deployed, may_read: bool) -> None:
    stage = deployed.service.stage
    with nullcontext() if may_read else taken_away(deployed, "warmer", "lambda:GetFunctionConcurrency"):
        stage.end_environments("warmer")  # a new one remembers no limits
        before = unreadable(deployed)
        assert stage.tick()["coverage"] == 1.0
        stage.tick()  # its log ends with what the first had to say
    assert (unreadable(deployed) == before) == may_read
    stage.end_environments("warmer")


def test_a_function_may_write_no_log_but_its_own(deployed: Deployed) -> None:
    for function in ("api", "warmer"):
        (statement,) = [each for each in statements(deployed, function) if "logs:PutLogEvents" in each["Action"]]
        group = f"/aws/lambda/{deployed.service.stage.functions[function]}"
        assert [arn.partition(":log-group:")[2] for arn in statement["Resource"]] == [f"{group}:*"]


@contextmanager
def taken_away(deployed: Deployed, function: str, action: str) -> Iterator[None]:
    """A right that the role of `function` lacks for a while."""
    iam = boto3.client("iam", **deployed.service.stage.connection)
    role = role_of(deployed, function)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [
        {**each, "Action": actions}
        for each in document["Statement"]
        if (actions := [other for other in each["Action"] if other != action])
    ]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**document, "Statement": kept}))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def granted(deployed: Deployed, function: str) -> set[str]:
    return {action for statement in statements(deployed, function) for action in statement["Action"]}


def statements(deployed: Deployed, function: str) -> list[dict[str, Any]]:
    iam = boto3.client("iam", **deployed.service.stage.connection)
    role = role_of(deployed, function)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents: list[Any] = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


def role_of(deployed: Deployed, function: str) -> str:
    """The name of the role that `function` runs with."""
    client = boto3.client("lambda", **deployed.service.stage.connection)
    name = deployed.service.stage.functions[function]
    return client.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]


def unreadable(deployed: Deployed) -> int:
    return sum("limits" in text and "could not be read" in text for text in messages(deployed, "warmer"))


def lines(deployed: Deployed, function: str, level: str) -> list[dict[str, Any]]:
    """The JSON lines of a level in the log of `function`."""
    found = [json.loads(text) for text in messages(deployed, function) if text.startswith("{")]
    return [line for line in found if line.get("level") == level]


def messages(deployed: Deployed, function: str) -> list[str]:
    logs = boto3.client("logs", **deployed.service.stage.connection)
    group = f"/aws/lambda/{deployed.service.stage.functions[function]}"
    return [event["message"].strip() for event in logs.filter_log_events(logGroupName=group)["events"]]
