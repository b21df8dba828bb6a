"""The sample events: each gets the response that its name promises, and `sls invoke local` runs them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.local.deploy_tool import DeployTool
from tests.support.events import Context
from tests.support.service import EVENTS, handler

STATUSES = {
    "get-hello": 200,
    "get-hello-nulls": 200,
    "get-item": 200,
    "head-hello": 200,
    "options-preflight": 204,
    "multi-value": 200,
    "post-json": 200,
    "post-text": 200,
    "post-binary": 200,
    "malformed-json": 400,
    "malformed-base64": 400,
    "not-found": 404,
    "method-not-allowed": 405,
}
PEER_REPLIES: dict[str, object] = {
    "ping-lambda-warmer": "warmed",
    "ping-lambda-warmer-py": None,
    "ping-serverless-plugin-warmup": {},
    "ping-scheduled-event": None,
}


def read(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def test_every_event_is_tested() -> None:
    assert {path.stem for path in EVENTS.glob("*")} == {*STATUSES, *PEER_REPLIES, "ping", "tick"}


@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_a_request_gets_the_status_that_its_name_promises(name: str, status: int) -> None:
    assert handler.handler(read(name), Context())["statusCode"] == status


@pytest.mark.parametrize("name", [*STATUSES])
def test_a_request_has_the_shape_of_a_proxy_event(name: str) -> None:
    """The keys of "Input format of a Lambda function for proxy integration", bodies as binaryMediaTypes has them."""
    event = read(name)
    assert event.keys() == read("get-hello").keys()
    assert event["requestContext"].keys() == read("get-hello")["requestContext"].keys()
    assert event["isBase64Encoded"] is (event["body"] is not None)
    assert event["requestContext"]["httpMethod"] == event["httpMethod"]


def test_the_reply_to_a_ping_names_the_ping() -> None:
    sent, reply = read("ping")["pilotlight"], handler.handler(read("ping"), Context())["pilotlight"]
    assert (reply["ping"], reply["index"]) == (sent["ping"], sent["index"])


@pytest.mark.parametrize(("name", "reply"), PEER_REPLIES.items())
def test_a_peers_ping_gets_the_reply_of_that_peer(name: str, reply: object) -> None:
    assert handler.handler(read(name), Context()) == reply


@pytest.mark.slow
def test_invoke_local_prints_the_response_alone_with_any_python(sample_project: Path, tmp_path: Path) -> None:
    """osls starts the function with a command named python3.13, whether this machine has one or not."""
    tool = DeployTool(tmp_path / "service", {}, sample_project)
    done = subprocess.run(
        [str(tool.program), "invoke", "local", "-f", "api", "--path", "events/get-hello.json"],
        cwd=tool.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    response = json.loads(done.stdout)
    assert json.loads(response["body"])["query"] == {"name": "marie", "env": "prod"}
