"""The right to read concurrency limits, as the warmer's role has it on AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from pilotlight_tools.local.deployed_stage import DeployedStage


@contextmanager
def readable_limits(stage: DeployedStage) -> Iterator[None]:
    """Let the warmer read the limits until the block ends.

    The engine checks reads of the limit against the right to change it; on AWS the warmer's own rights are enough.
    """
    statement = {"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"}
    client = boto3.client("lambda", **stage.connection)
    role = client.get_function_configuration(FunctionName=stage.functions["warmer"])["Role"].rpartition("/")[2]
    iam = boto3.client("iam", **stage.connection)
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="read-limit", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="read-limit")
