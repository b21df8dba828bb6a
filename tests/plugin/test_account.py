"""The account's role for API Gateway's logs: read before a deployment, and made only where there is none.

The real deployments are in tests/end_to_end/test_after_deployment.py; here AWS refuses, or has what others made.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("run_account.cjs")
ROLE = "arn:aws:iam::123456789012:role/of-others"
_FOUND = (
    "<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>"
    "<ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
    "</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"
)
_MISSING = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
    "<Message>Stack 'sample-dev' does not exist</Message></Error></ErrorResponse>"
)


class Aws(ThreadingHTTPServer):
    """CloudFormation and API Gateway: `made` are the resources of the stack, `account` is GetAccount's response."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.made: set[str] = set()
        self.account: tuple[int, dict[str, Any]] = (200, {})
        self.asked: list[str] = []

    def resources(self, setting: str = "auto", *, deploying: bool = True) -> tuple[dict[str, Any], list[str]]:
        request = {"setting": setting, "deploying": deploying, "endpoint": f"http://127.0.0.1:{self.server_port}"}
        environment = {"PATH": os.environ["PATH"], "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true"}
        command = ["node", str(SCRIPT), json.dumps(request)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        printed = json.loads(done.stdout)
        return printed["resources"], printed["warnings"]


class _Requests(BaseHTTPRequestHandler):
    server: Aws

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append("stack")
        found = any(f"LogicalResourceId={name}&" in f"{form}&" for name in self.server.made)
        self.respond(200 if found else 400, _FOUND if found else _MISSING, "text/xml")

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, content = self.server.account
        self.respond(status, json.dumps(content), "application/json")

    def respond(self, status: int, body: str, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if status == 403:
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def aws() -> Iterator[Aws]:
    with Aws() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_where_there_is_none_the_stack_makes_it(aws: Aws) -> None:
    resources, warnings = aws.resources()
    assert resources.keys() == {"ApiGatewayAccount", "ApiGatewayAccountRole"}
    assert {each["DeletionPolicy"] for each in resources.values()} == {"Retain"}
    assert "RoleName" not in resources["ApiGatewayAccountRole"]["Properties"]
    assert warnings == []


def test_a_role_of_others_is_left_alone(aws: Aws) -> None:
    aws.account = (200, {"cloudwatchRoleArn": ROLE})
    assert aws.resources() == ({}, [])


def test_a_stack_that_made_it_keeps_it(aws: Aws) -> None:
    """Without the resource, CloudFormation would forget it."""
    aws.made = {"ApiGatewayAccount", "ApiGatewayAccountRole"}
    aws.account = (200, {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/of-the-stack"})
    assert aws.resources()[0].keys() == aws.made


def test_a_stack_that_set_it_to_a_given_role_keeps_that_one(aws: Aws) -> None:
    aws.made = {"ApiGatewayAccount"}
    aws.account = (200, {"cloudwatchRoleArn": ROLE})
    resources, _ = aws.resources()
    assert resources["ApiGatewayAccount"]["Properties"] == {"CloudWatchRoleArn": ROLE}
    assert resources.keys() == aws.made


def test_what_may_not_be_read_is_left_as_it_is_with_a_warning(aws: Aws) -> None:
    aws.account = (403, {"message": "not authorized"})
    resources, (warning,) = aws.resources()
    assert resources == {}
    assert "AccessDeniedException: not authorized" in warning
    assert "apigateway:GET on /account" in warning


@pytest.mark.parametrize(("setting", "deploying"), [("off", True), (ROLE, True), ("auto", False)])
def test_nothing_is_read_where_nothing_needs_it(aws: Aws, setting: str, deploying: bool) -> None:
    """A package is made without credentials."""
    resources, _ = aws.resources(setting, deploying=deploying)
    assert aws.asked == []
    assert bool(resources) == (setting == ROLE)
