"""A known history, and every record of it compared with what the engine really did, environment by environment.

The independent witness is the operating system. Each execution environment is a process of the engine's; the routes
added here return their process id, and the processes that live before a request show whether it could have been warm.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from pilotlight.environment import PROACTIVE_AFTER_SECONDS
from pilotlight_tools.local.history import History
from pilotlight_tools.local.service import Service
from tests.conftest import until
from tests.support.processes import children_of, environment_of, is_alive

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("truth")]

WARMED = 3
ROUTES = """

import os
import time

from pilotlight.proxy import HttpError, Response


@routes.route("/process")
def process(request: Request) -> dict[str, Any]:
    time.sleep(float(request.query.get("seconds", "0")))
    return {"process": os.getpid()}


@routes.route("/refuse")
def refuse(request: Request) -> None:
    raise HttpError(409, str(os.getpid()))


@routes.route("/break")
def break_(request: Request) -> None:
    raise RuntimeError(f"broken in {os.getpid()}")


handler = entry_point(routes)
"""


@dataclass
class Expected:
    """What the record of one request must contain, according to the witness."""

    request_id: str
    start: str
    warmed_by_ping: bool
    process: int | None
    route: str
    status: int


@dataclass
class Witness:
    """Drives the service and notes what really happened."""

    service: Service
    history: History
    expected: list[Expected] = field(default_factory=list)
    made_by_ping: set[int] = field(default_factory=set)

    def environments(self) -> set[int]:
        """The processes that are execution environments of the API now."""
        name = self.service.stage.functions["api"]
        found = set()
        for process in children_of(self.service.stage.engine.process_id or 0):
            if environment_of(process).get("AWS_LAMBDA_FUNCTION_NAME") == name and is_alive(process):
                found.add(process)
        return found

    def send(self, *paths: str) -> list[requests.Response]:
        """Send concurrent requests, and note what the record of each must contain if a function responded."""
        before = self.environments()
        with ThreadPoolExecutor(len(paths)) as pool:
            responses = list(pool.map(lambda path: requests.get(self.service.url + path, timeout=60), paths))
        for path, response in zip(paths, responses, strict=True):
            if "X-Request-Id" in response.headers:
                self._note(path, response, before)
        return responses

    def tick(self) -> dict[str, Any]:
        before = self.environments()
        result = self.service.stage.tick()
        self.made_by_ping |= self.environments() - before
        return result

    def _note(self, path: str, response: requests.Response, before: set[int]) -> None:
        route = path.partition("?")[0]
        process = None
        if route == "/process" and response.status_code == 200:
            process = response.json()["process"]
        elif route == "/refuse":
            process = int(response.json()["detail"])
        elif len(before) == 1:
            (process,) = before  # only this process can have responded, one request at a time
        assert process is not None, "the witness must know which process responded"
        self.expected.append(
            Expected(
                response.headers["X-Request-Id"],
                "warm" if process in before else "cold",
                process in self.made_by_ping,
                process,
                route,
                response.status_code,
            )
        )


@pytest.fixture(scope="module")
def witness(sample_project: Path) -> Iterator[Witness]:
    history = History()
    parameters = {"concurrency": WARMED}
    with Service(project=sample_project, parameters=parameters, warm_seconds=2, on_pair=history.add) as service:
        stage = service.stage
        handler = stage.deploy_tool.folder / "handler.py"
        handler.write_text(handler.read_text() + ROUTES)
        stage.deploy()
        stage.stop_schedule()
        stage.end_environments("api")
        yield Witness(service, history)


def test_every_record_agrees_with_what_the_engine_really_did(witness: Witness) -> None:
    stage = witness.service.stage
    name = stage.functions["api"]
    client = boto3.client("lambda", **stage.connection)
    started = time.time()

    def fresh() -> None:
        stage.end_environments("api")
        until(lambda: not witness.environments(), what="the environments to end")

    # cold by a user, then warm, an error and an exception in the same environment
    witness.send("/process")
    witness.send("/process")
    witness.send("/refuse")
    assert witness.send("/break")[0].status_code == 500
    assert witness.send("/nowhere")[0].status_code == 404

    # cold by ping, warm after ping, and a burst over the number warmed
    fresh()
    assert witness.tick()["cold"] == WARMED
    witness.send(*["/process?seconds=0.5"] * WARMED)
    burst = witness.send(*["/process?seconds=1"] * (WARMED + 2))
    assert {response.status_code for response in burst} == {200}
    assert witness.tick()["cold"] == 0

    # expiry: killed while idle, as Lambda ends environments without notice; and reaped by the engine
    for process in witness.environments():
        os.kill(process, signal.SIGKILL)
    until(lambda: not witness.environments(), what="the environments to be gone")
    witness.send("/process")
    witness.send(*["/process?seconds=1"] * 3)
    until(lambda: len(witness.environments()) <= 1, seconds=60, what="the engine to reap idle environments")
    witness.send(*["/process?seconds=1"] * 2)

    # throttled: a response of Lambda, not of the function, so without a record
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    try:
        throttled = witness.send(*["/process?seconds=1"] * 3)
    finally:
        client.delete_function_concurrency(FunctionName=name)
    refused = [response for response in throttled if "X-Request-Id" not in response.headers]
    assert len(refused) == 2
    assert {response.status_code for response in refused} <= {429, 500, 502}

    witness.service.xray.flush(settle=True)
    check(witness, started)


def test_an_environment_initialised_long_ahead_is_proactive(witness: Witness) -> None:
    client = boto3.client("lambda", **witness.service.stage.connection)
    name = witness.service.stage.functions["api"]
    before = witness.environments()
    # The engine starts a SnapStart version's environment when it is published. With another initialization type, which
    # Lambda would not let a function set, it is for the function an init long before the first invocation.
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name,
        SnapStart={"ApplyOn": "PublishedVersions"},
        Environment={"Variables": {**variables, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}},
    )
    until(lambda: client.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
    version = client.publish_version(FunctionName=name)["Version"]
    made = until(lambda: witness.environments() - before, what="the engine to initialise ahead of need")
    time.sleep(PROACTIVE_AFTER_SECONDS + 1)  # the wait is the point: the first request comes long after the init
    starts = [invoke(witness, client, f"{name}:{version}") for _ in range(2)]
    assert made
    assert starts == ["proactive", "warm"]


def invoke(witness: Witness, client: Any, function: str) -> str:
    event = {"httpMethod": "GET", "path": "/process", "headers": {}, "requestContext": {"path": "/local/process"}}
    result = client.invoke(FunctionName=function, Payload=json.dumps(event))
    response = json.loads(result["Payload"].read())
    witness.service.xray.flush(settle=True)
    record = witness.history.record_of(response["headers"]["X-Request-Id"])
    assert record is not None, "the invocation left no record"
    return str(record["annotations"]["start"])


def check(witness: Witness, started: float) -> None:
    misclassified = []
    identities: dict[int, str] = {}
    for expected in witness.expected:
        record = witness.history.record_of(expected.request_id)
        assert record is not None, f"no record of {expected}"
        found = record["annotations"]
        recorded = (found["start"], found["warmed_by_ping"], found["cold_start"], found["status"])
        truth = (expected.start, expected.warmed_by_ping, expected.start == "cold", expected.status)
        if recorded != truth or found["route"] not in (expected.route, ""):
            misclassified.append((expected, recorded))
        if expected.process is not None:
            assert identities.setdefault(expected.process, found["environment"]) == found["environment"]
    assert misclassified == []
    assert len(set(identities.values())) == len(identities), "two processes gave the same environment id"
    assert len(witness.history.records("request")) == len(witness.expected)
    assert {expected.start for expected in witness.expected} == {"cold", "warm"}
    read_back(witness, started)


def read_back(witness: Witness, started: float) -> None:
    """Check that X-Ray, read through boto3, counts the same."""
    client = boto3.client(
        "xray",
        endpoint_url=witness.service.xray.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pages = client.get_paginator("get_trace_summaries").paginate(
        StartTime=datetime.fromtimestamp(started - 60, UTC),
        EndTime=datetime.fromtimestamp(time.time() + 60, UTC),
        FilterExpression='annotation[kind] = "request" AND annotation[cold_start] = true',
    )
    cold = sum(len(page["TraceSummaries"]) for page in pages)
    assert cold == sum(expected.start == "cold" for expected in witness.expected)
