"""Handlers that are not of our routes, on the engine: the front door and the report tell which invocation responded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import requests

from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.report import NO_RECORD, Report
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.front_door import FrontDoor, open_port
from pilotlight_tools.local.xray import XRay
from tests.support.functions import create_function, invoke_function
from tests.support.project import PROJECT

pytestmark = pytest.mark.slow
LABEL, STAGE = "shop-test", "test"
WRAPPED = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from pilotlight import warmable

@warmable
def handler(event, context):
    if event.get("path") == "/raise":
        raise ValueError("raised by the handler")
    return {{"statusCode": 200, "body": context.aws_request_id}}
"""
POST = {"version": "2.0", "rawPath": "/mail", "requestContext": {"http": {"method": "POST", "path": "/mail"}}}


@dataclass
class Shop:
    """An engine with two wrapped functions, `orders` behind a REST API and `mail` without one, and its X-Ray."""

    engine: Engine
    xray: XRay
    door: FrontDoor
    exchanges: list[Exchange] = field(default_factory=list)

    def report(self) -> Report:
        self.xray.flush(settle=True)
        reader = Reader(xray_client("us-east-1", self.xray.endpoint_url, local=True), LABEL, STAGE)
        return make_report(reader, TimeRange(time.time() - 600, time.time() + 1), stage=STAGE, region=None, most=100)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    exchanges: list[Exchange] = []

    def exchanged(exchange: Exchange) -> None:
        exchanges.append(exchange)
        xray.measured(exchange)

    with XRay(service=LABEL, stage=STAGE) as xray, Engine(daemon_address=xray.daemon_address) as engine:
        for name in ("orders", "mail"):
            variables = {"PILOTLIGHT_SERVICE": LABEL}
            tracing = {"Mode": "Active"}
            create_function(
                engine, name, WRAPPED, Timeout=30, Environment={"Variables": variables}, TracingConfig=tracing
            )
        host = f"{rest_api_of(engine, 'orders')}.execute-api.localhost:{engine.port}"
        with open_port(0) as opened:
            front_door = FrontDoor(
                opened, origin=engine.url, host=host, stage=STAGE, secret=engine.secret, on_exchange=exchanged
            )
            with front_door as door:
                yield Shop(engine, xray, door, exchanges)


def rest_api_of(engine: Engine, function: str) -> str:
    """Create a REST API that passes every request on to the function, and return its id."""
    client: Any = boto3.client("apigateway", **engine.connection)
    api = client.create_rest_api(name="shop")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    resource = client.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
    client.put_method(**method, authorizationType="NONE")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api, stageName=STAGE)
    return str(api)


def test_the_front_door_knows_the_invocation_that_responded_and_its_client_does_not(shop: Shop) -> None:
    response = requests.get(f"{shop.door.url}/orders", timeout=20)
    assert response.status_code == 200
    assert shop.exchanges[-1].request_id == response.text
    assert [name for name in response.headers if name.lower().startswith("x-pilotlight")] == []


def test_an_invocation_that_raised_is_known_too(shop: Shop) -> None:
    assert requests.get(f"{shop.door.url}/raise", timeout=20).status_code == 502
    assert shop.exchanges[-1].request_id


def test_every_request_counts_once_with_what_became_of_it(shop: Shop) -> None:
    before = shop.report()
    requests.get(f"{shop.door.url}/orders", timeout=20)
    requests.get(f"{shop.door.url}/raise", timeout=20)
    invoke_function(shop.engine, "mail", POST)
    invoke_function(shop.engine, "mail", {"Records": [{"eventSource": "aws:sqs"}]})  # no HTTP: no record
    report = shop.report()
    assert report.requests == before.requests + 3
    assert NO_RECORD not in report.starts
    assert sum(start.faults for start in report.starts.values()) == sum(s.faults for s in before.starts.values()) + 1
    assert {slow.measured_by for slow in report.slowest if slow.request == "GET /{proxy+}"} == {"API Gateway"}


def test_a_function_that_is_not_behind_the_front_door_is_measured_by_lambda(shop: Shop) -> None:
    requests.get(f"{shop.door.url}/orders", timeout=20)
    invoke_function(shop.engine, "mail", POST)
    report = shop.report()
    assert {slow.measured_by for slow in report.slowest if slow.request.startswith("POST")} == {"Lambda"}
    assert any(note.startswith("Times of mail are Lambda's") for note in report.notes)


def test_a_request_to_the_engine_itself_gets_no_header_of_ours(shop: Shop) -> None:
    [api] = boto3.client("apigateway", **shop.engine.connection).get_rest_apis()["items"]
    response = requests.get(f"{shop.engine.url}/_aws/execute-api/{api['id']}/{STAGE}/orders", timeout=20)
    assert response.status_code == 200
    assert json.dumps(dict(response.headers)).lower().count("pilotlight") == 0
