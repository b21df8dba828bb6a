"""Functions made in an engine by the Lambda API, without a deployment."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import boto3

from pilotlight_tools.local.engine import Engine


def create_function(engine: Engine, name: str, code: str, **settings: Any) -> None:
    """Create a function whose module `code` has a `handler`; with a role that may do nothing."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("index.py", code)
    iam = boto3.client("iam", **engine.connection)
    role = f"of-{name}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    boto3.client("lambda", **engine.connection).create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::000000000000:role/{role}",
        Handler="index.handler",
        Code={"ZipFile": zipped.getvalue()},
        **settings,
    )


def invoke_function(engine: Engine, name: str, event: object) -> Any:
    """Invoke a function, or one of its aliases (`name:alias`), and return its result, or Lambda's error document."""
    response = boto3.client("lambda", **engine.connection).invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(response["Payload"].read())
