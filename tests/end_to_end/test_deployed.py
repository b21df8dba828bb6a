"""End to end: a service deployed by sls, called over HTTP, warmed by its own warmer, restricted by IAM."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

import pilotlight
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.history import History
from pilotlight_tools.local.service import Service
from tests.conftest import CONCURRENCY, Deployed, until
from tests.support.service import NAME

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("stack")]

SEED = b'{"message": "Hello from Lambda", "method": "GET", "path": "/hello", "query": {"env": "prod", "name": "marie"}}'
PING = {"pilotlight": {"version": 1, "ping": "0123456789abcdef", "index": 0, "of": 1, "hold_until": 4_000_000_000.0}}


def at_once(count: int, url: str) -> list[requests.Response]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: requests.get(url, timeout=60), range(count)))


def annotations_of(deployed: Deployed, response: requests.Response) -> dict[str, Any]:
    deployed.service.xray.flush()
    record = deployed.history.record_of(response.headers["X-Request-Id"])
    assert record is not None, "the request left no record"
    annotations: dict[str, Any] = record["annotations"]
    return annotations


@pytest.fixture(scope="module", autouse=True)
def tick_of_schedule(sample_project: Path) -> Iterator[Future[list[Document]]]:
    """The ticks of another service whose schedule stays on. This takes a minute, while the other tests run."""
    history = History()
    enough = threading.Event()

    def wait() -> list[Document]:
        parameters = {"concurrency": 2, "rate": "rate(1 minute)"}
        with Service(project=sample_project, parameters=parameters, on_pair=history.add):
            while not history.records("tick") and not enough.wait(0.1):
                pass
        return history.records("tick")

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(wait)
        enough.set()


# Flow 1: request in, response out


def test_hello_responds_exactly_as_the_seed(deployed: Deployed) -> None:
    response = requests.get(deployed.url("/hello?name=marie&env=prod"), timeout=60)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.content == SEED


def test_posted_json_comes_back_parsed(deployed: Deployed) -> None:
    response = requests.post(deployed.url("/hello"), json={"name": "marie", "one": [1, None]}, timeout=60)
    assert response.json() == {
        "message": "Hello from Lambda",
        "method": "POST",
        "path": "/hello",
        "query": {},
        "body": {"name": "marie", "one": [1, None]},
    }


def test_invalid_json_is_a_400(deployed: Deployed) -> None:
    response = requests.post(
        deployed.url("/hello"), data=b"{oops", headers={"Content-Type": "application/json"}, timeout=60
    )
    assert response.status_code == 400
    assert response.json()["error"] == "bad request"


def test_binary_body_arrives_byte_for_byte(deployed: Deployed) -> None:
    body = bytes(range(256))
    response = requests.post(
        deployed.url("/hello"), data=body, headers={"Content-Type": "application/octet-stream"}, timeout=60
    )
    assert bytes.fromhex(response.json()["body"]) == body


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/items/a%20b", "a b"),
        ("/items/caf%C3%A9", "caf\u00e9"),
        ("/items/a%2Fb", "a/b"),
        ("/items/100%25", "100%"),
        ("/items/100%2525", "100%25"),
        ("/items/a+b@c", "a+b@c"),
    ],
)
def test_path_parameter_is_decoded_once(deployed: Deployed, path: str, identity: str) -> None:
    """API Gateway passes the path on as the client encoded it, and so does the engine; `%2F` stays in its segment."""
    with socket.create_connection(("127.0.0.1", deployed.service.front_door.port), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert (head.split()[1], json.loads(body)) == (b"200", {"id": identity})


def test_a_function_url_is_answered_in_its_own_shape(deployed: Deployed) -> None:
    """As Lambda invokes the function for a function URL or an HTTP API: payload 2.0."""
    http = {"method": "GET", "path": "/hello", "sourceIp": "203.0.113.7"}
    event = {
        "version": "2.0",
        "rawPath": "/hello",
        "rawQueryString": "name=marie",
        "headers": {},
        "requestContext": {"stage": "$default", "http": http},
    }
    invoked = invoke(deployed, event)
    response = json.loads(invoked["Payload"].read())
    assert (response["statusCode"], json.loads(response["body"])["query"]) == (200, {"name": "marie"})
    assert "multiValueHeaders" not in response


def test_a_message_of_a_queue_fails_the_invocation_and_is_named(deployed: Deployed) -> None:
    """Lambda then keeps the message, and the function's log says what came."""
    invoked = invoke(deployed, {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]})
    assert invoked["FunctionError"]
    assert "got an SQS message" in invoked["Payload"].read().decode()
    until(lambda: "got an SQS message" in log_of(deployed, "api"), what="the message in the function's log")


def test_unknown_path_is_a_404_with_cors_headers_and_a_request_id(deployed: Deployed) -> None:
    response = requests.get(deployed.url("/nowhere"), timeout=60)
    assert response.status_code == 404
    assert response.json()["error"] == "not found"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Request-Id"]


def test_root_path_reaches_the_function(deployed: Deployed) -> None:
    response = requests.get(deployed.url("/"), timeout=60)
    assert (response.status_code, response.json()["error"]) == (404, "not found")


def test_wrong_method_is_a_405_that_says_which_are_allowed(deployed: Deployed) -> None:
    response = requests.delete(deployed.url("/items/1"), timeout=60)
    assert response.status_code == 405
    assert {"GET", "HEAD", "OPTIONS"} <= {method.strip() for method in response.headers["Allow"].split(",")}


def test_head_is_get_without_the_body(deployed: Deployed) -> None:
    response = requests.head(deployed.url("/items/1"), timeout=60)
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["Content-Type"] == "application/json"


def test_preflight_gets_a_response(deployed: Deployed) -> None:
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    response = requests.options(deployed.url("/items/1"), headers=headers, timeout=60)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in response.headers["Access-Control-Allow-Methods"]


def test_request_that_copies_a_ping_is_handled_as_a_request(deployed: Deployed) -> None:
    ping = json.dumps(PING)
    pings = len(deployed.history.records("ping"))
    response = requests.post(
        deployed.url("/hello"), params={"pilotlight": ping}, json=PING, headers={"pilotlight": ping}, timeout=60
    )
    assert response.status_code == 200
    assert response.json()["message"] == "Hello from Lambda"
    assert response.json()["body"] == PING
    assert annotations_of(deployed, response)["kind"] == "request"
    assert len(deployed.history.records("ping")) == pings


def test_each_request_leaves_one_record_that_says_what_it_was(deployed: Deployed) -> None:
    response = requests.get(deployed.url("/items/7"), timeout=60)
    annotations = annotations_of(deployed, response)
    assert annotations["service"] == deployed.service.name
    assert (annotations["route"], annotations["status"]) == ("/items/{id}", 200)
    same = [
        record
        for record in deployed.history.records("request")
        if record["aws"]["request_id"] == response.headers["X-Request-Id"]
    ]
    assert len(same) == 1


def test_the_paths_of_the_api_are_known_with_their_methods(deployed: Deployed) -> None:
    methods = deployed.service.stage.methods()
    assert methods["/{proxy+}"] == {"ANY"}
    assert all(methods.values()), "a path without a method is left out"


# Flow 2: tick in, coverage out


def test_first_request_is_cold_and_the_next_in_its_environment_warm(deployed: Deployed) -> None:
    deployed.service.stage.end_environments("api")
    first, second = (
        annotations_of(deployed, requests.get(deployed.url("/hello"), timeout=60)) for _ in ("first", "second")
    )
    assert (first["start"], first["cold_start"]) == ("cold", True)
    assert (second["start"], second["cold_start"]) == ("warm", False)
    assert first["environment"] == second["environment"]


def test_as_many_requests_at_once_as_the_tick_warmed_meet_no_cold_start(deployed: Deployed) -> None:
    deployed.service.stage.end_environments("api")
    tick = deployed.service.stage.tick()
    assert (tick["requested"], tick["unique"], tick["cold"]) == (CONCURRENCY, CONCURRENCY, CONCURRENCY)
    assert (tick["failed"], tick["throttled"], tick["coverage"]) == (0, 0, 1.0)
    responses = at_once(CONCURRENCY, deployed.url("/hello"))
    assert [response.status_code for response in responses] == [200] * CONCURRENCY
    met = [annotations_of(deployed, response) for response in responses]
    assert [each["start"] for each in met] == ["warm"] * CONCURRENCY
    assert all(each["warmed_by_ping"] for each in met)


def test_requests_beyond_the_warmed_number_do_meet_cold_starts(deployed: Deployed) -> None:
    deployed.service.stage.end_environments("api")
    responses = at_once(3, deployed.url("/hello"))
    assert "cold" in {annotations_of(deployed, response)["start"] for response in responses}


def test_tick_leaves_a_record_of_its_own(deployed: Deployed) -> None:
    before = len(deployed.history.records("tick"))
    deployed.service.stage.tick()
    deployed.service.xray.flush()
    [tick] = deployed.history.records("tick")[before:]
    assert tick["annotations"]["requested"] == CONCURRENCY
    assert tick["annotations"]["coverage"] == 1.0


def test_the_deployed_functions_run_one_build(deployed: Deployed) -> None:
    """The API's replies name it, and the warmer counts them by its own."""
    client = boto3.client("lambda", **deployed.service.stage.connection)
    invoked = client.invoke(FunctionName=deployed.service.stage.functions["api"], Payload=json.dumps(PING))
    reply = json.loads(invoked["Payload"].read())["pilotlight"]
    assert re.fullmatch("[0-9a-f]{16}", reply["build"])
    assert reply["version"] == pilotlight.__version__
    (target,) = deployed.service.stage.tick()["targets"]
    assert (target["complete"], target["causes"]) == (True, [])


def test_limited_concurrency_throttles_users_and_pings_alike(deployed: Deployed) -> None:
    stage = deployed.service.stage
    client = boto3.client("lambda", **stage.connection)
    stage.end_environments("warmer")
    assert stage.tick()["coverage"] == 1.0  # the warmer now remembers that there is room
    stage.end_environments("api")  # cold starts are slow, so three concurrent requests overlap
    client.put_function_concurrency(FunctionName=stage.functions["api"], ReservedConcurrentExecutions=2)
    try:
        responses = at_once(6, deployed.url("/hello"))
        tick = stage.tick()
    finally:
        client.delete_function_concurrency(FunctionName=stage.functions["api"])
        stage.end_environments("warmer")
    assert {response.status_code for response in responses} == {200, 429}
    assert tick["throttled"] > 0
    assert tick["unique"] <= 2
    assert tick["coverage"] < 1
    assert "TooManyRequests" in " ".join(tick["targets"][0]["causes"])


# Other deployed stages


@pytest.mark.slow
def test_idle_environments_are_reaped(sample_project: Path) -> None:
    parameters = {"concurrency": 3, "warmer": "false"}
    with DeployedStage(project=sample_project, parameters=parameters, warm_seconds=2) as stage:
        assert stage.rules == [] or not enabled_rules(stage), "the warmer is off: nothing may tick but this test"
        assert stage.tick()["cold"] == 3
        folders = f"ministack-lambda-{stage.functions['api']}-*"
        assert len(list(stage.engine.folder.glob(folders))) == 3
        # The engine checks every 30 s, and always keeps the first environment of a function.
        until(lambda: len(list(stage.engine.folder.glob(folders))) == 1, seconds=60, what="two environments to end")
        tick = stage.tick()
        assert (tick["unique"], tick["cold"]) == (3, 2)


@pytest.mark.slow
def test_prod_stage_works_with_deploy_info_invoke_logs_and_remove(sample_project: Path) -> None:
    with DeployedStage(project=sample_project, stage="prod") as stage:
        assert stage.functions == {"api": f"{NAME}-prod-api", "warmer": f"{NAME}-prod-warmer"}
        assert requests.get(f"{stage.api_url}/hello?name=marie&env=prod", timeout=60).content == SEED
        assert f"{NAME}-prod-warmer" in stage.sls("info")
        tick = json.loads(stage.sls("invoke", "-f", "warmer"))
        assert (tick["requested"], tick["coverage"]) == (10, 1.0)
        assert '"message": "tick"' in stage.sls("logs", "-f", "warmer")
        stage.sls("logs", "-f", "api")
        stage.sls("remove")
        names = [each["FunctionName"] for each in functions(stage)]
        assert not [name for name in names if name.startswith(f"{NAME}-prod")]


@pytest.mark.slow
def test_schedule_fires_by_itself(tick_of_schedule: Future[list[Document]]) -> None:
    [tick, *_] = tick_of_schedule.result(timeout=120)
    assert (tick["annotations"]["requested"], tick["annotations"]["coverage"]) == (2, 1.0)


def functions(stage: DeployedStage) -> list[Any]:
    return list(boto3.client("lambda", **stage.connection).list_functions()["Functions"])


def enabled_rules(stage: DeployedStage) -> list[str]:
    events = boto3.client("events", **stage.connection)
    return [rule for rule in stage.rules if events.describe_rule(Name=rule)["State"] == "ENABLED"]


def invoke(deployed: Deployed, event: object) -> Any:
    client = boto3.client("lambda", **deployed.service.stage.connection)
    return client.invoke(FunctionName=deployed.service.stage.functions["api"], Payload=json.dumps(event))


def log_of(deployed: Deployed, function: str) -> str:
    logs = boto3.client("logs", **deployed.service.stage.connection)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{deployed.service.stage.functions[function]}"
    )
    return "\n".join(event["message"] for page in pages for event in page["events"])
