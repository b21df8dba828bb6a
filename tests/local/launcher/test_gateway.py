"""What the engine tells the front door of each response: the `$context` variables that only API Gateway knows.

Names and meaning are those of "Variables for access logging for API Gateway", the types of errors those of "Gateway
response types for API Gateway".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import requests

from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.front_door import FrontDoor, open_port
from tests.conftest import until
from tests.support.functions import create_function

pytestmark = pytest.mark.slow
STAGE = "test"
ARN = "arn:aws:lambda:us-east-1:000000000000:function"
INVOKES = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
ORDERS = """
import json, os, time

def handler(event, context):
    what = (event["queryStringParameters"] or {}).get("do")
    if what == "raise":
        raise ValueError("raised by the handler")
    if what == "exit":
        os._exit(1)
    if what == "sleep":
        time.sleep(30)
    told = {
        "request": context.aws_request_id,
        "gateway": event["requestContext"]["requestId"],
        "trace": os.environ.get("_X_AMZN_TRACE_ID", ""),
    }
    return {"statusCode": 429 if what == "refuse" else 201, "body": json.dumps(told)}
"""
DENY = """
def handler(event, context):
    return {"principalId": "nobody", "policyDocument": {"Statement": [
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}]}}
"""


@dataclass
class Api:
    """A REST API before `orders`: /orders/{id}; /guarded, which an authorizer denies; /limited, which takes nobody."""

    door: FrontDoor
    engine: Engine
    exchanges: list[Exchange] = field(default_factory=list)

    def get(self, path: str) -> tuple[requests.Response, Exchange]:
        """Return the response, and the exchange that the front door reported of it."""
        before = len(self.exchanges)
        response = requests.get(self.door.url + path, timeout=20)
        until(lambda: len(self.exchanges) > before, what="the exchange")
        return response, self.exchanges[before]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Engine() as engine:
        create_function(engine, "orders", ORDERS, Timeout=2, TracingConfig={"Mode": "Active"})
        create_function(engine, "deny", DENY, Timeout=10, TracingConfig={"Mode": "Active"})
        exchanges: list[Exchange] = []
        host = f"{rest_api(engine)}.execute-api.localhost:{engine.port}"
        with open_port(0) as opened:
            front_door = FrontDoor(
                opened, origin=engine.url, host=host, stage=STAGE, secret=engine.secret, on_exchange=exchanges.append
            )
            with front_door as door:
                yield Api(door, engine, exchanges)


def rest_api(engine: Engine) -> str:
    client: Any = boto3.client("apigateway", **engine.connection)
    api = client.create_rest_api(name="shop")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    authorizer = client.create_authorizer(
        restApiId=api,
        name="deny",
        type="REQUEST",
        authorizerUri=f"{INVOKES}/{ARN}:deny/invocations",
        identitySource="",
        authorizerResultTtlInSeconds=0,
    )["id"]

    def resource(parent: str, part: str, **authorization: str) -> str:
        made = client.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
        method = {"restApiId": api, "resourceId": made, "httpMethod": "GET"}
        client.put_method(**method, **(authorization or {"authorizationType": "NONE"}))
        uri = f"{INVOKES}/{ARN}:orders/invocations"
        client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        return str(made)

    resource(resource(root, "orders"), "{id}")
    resource(root, "limited")
    resource(root, "guarded", authorizationType="CUSTOM", authorizerId=authorizer)
    client.create_deployment(restApiId=api, stageName=STAGE)
    limits = [("rateLimit", "0"), ("burstLimit", "0")]
    client.update_stage(
        restApiId=api,
        stageName=STAGE,
        patchOperations=[
            {"op": "replace", "path": f"/~1limited/GET/throttling/{name}", "value": value} for name, value in limits
        ],
    )
    return str(api)


def test_a_response_has_the_ids_of_the_request_and_the_resource_that_matched(api: Api) -> None:
    response, exchange = api.get("/orders/7?x=1")
    told = response.json()
    context = exchange.context
    assert exchange.request_id == context["integration.requestId"] == told["request"]
    assert context["requestId"] == told["gateway"]
    assert exchange.trace_id is not None
    assert told["trace"].startswith(f"Root={exchange.trace_id};")
    assert context["resourcePath"] == "/orders/{id}"
    assert context["resourceId"]
    assert (context["integrationStatus"], context["integration.status"]) == ("200", "201")
    assert 0 <= int(context["integrationLatency"]) <= round(exchange.milliseconds)
    assert exchange.error_type is None
    assert exchange.response_bytes == len(response.content)
    assert (exchange.protocol, exchange.status) == ("HTTP/1.1", 201)


def test_a_429_of_the_function_is_none_of_api_gateway(api: Api) -> None:
    response, exchange = api.get("/orders/7?do=refuse")
    assert response.status_code == 429
    assert exchange.error_type is None


@pytest.mark.parametrize("what", ["raise", "exit", "sleep"])
def test_a_function_that_fails_is_an_integration_failure_of_an_invocation(api: Api, what: str) -> None:
    """502 and `Internal server error`: "Handling Lambda errors with an API Gateway API" (the engine's body tells more).

    A time-out is no INTEGRATION_TIMEOUT, which is API Gateway's own limit. Lambda's status stays 200.
    """
    response, exchange = api.get(f"/orders/7?do={what}")
    assert response.status_code == 502
    assert exchange.error_type == "INTEGRATION_FAILURE"
    assert exchange.context["error.message"] == "Internal server error"
    assert exchange.context["integrationStatus"] == "200"
    assert "integration.status" not in exchange.context
    assert exchange.request_id
    assert exchange.context["resourcePath"] == "/orders/{id}"


def test_a_limit_of_the_stage_is_throttled_without_an_invocation(api: Api) -> None:
    response, exchange = api.get("/limited")
    assert response.status_code == 429
    assert (exchange.error_type, exchange.context["error.message"]) == ("THROTTLED", "Too Many Requests")
    assert exchange.context["resourcePath"] == "/limited"
    assert exchange.context["requestId"] == response.headers["x-amzn-requestid"]
    assert exchange.request_id is None
    assert exchange.trace_id is not None, "API Gateway has a segment of its own"
    assert exchange.context.keys() & {"integrationLatency", "integrationStatus", "integration.requestId"} == set()


def test_an_authorizers_invocation_is_not_the_integrations(api: Api) -> None:
    response, exchange = api.get("/guarded")
    assert response.status_code == 403
    assert exchange.error_type == "ACCESS_DENIED"
    assert exchange.request_id is None
    assert "integrationLatency" not in exchange.context


def test_what_no_resource_matches_is_a_missing_authentication_token(api: Api) -> None:
    response, exchange = api.get("/nowhere")
    assert response.status_code == 403
    assert exchange.error_type == "MISSING_AUTHENTICATION_TOKEN"
    assert "resourcePath" not in exchange.context


def test_what_lambda_refuses_is_an_integration_failure_too(api: Api) -> None:
    """AWS answers 500 ("Handling Lambda errors with an API Gateway API"); the engine passes Lambda's 429 on."""
    client = boto3.client("lambda", **api.engine.connection)
    client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    try:
        response, exchange = api.get("/orders/7")
    finally:
        client.delete_function_concurrency(FunctionName="orders")
    assert response.status_code == 429
    assert (exchange.error_type, exchange.context["integrationStatus"]) == ("INTEGRATION_FAILURE", "429")
    assert exchange.request_id is None


def test_nobody_else_gets_to_know(api: Api) -> None:
    response, _ = api.get("/orders/7")
    [found] = boto3.client("apigateway", **api.engine.connection).get_rest_apis()["items"]
    direct = requests.get(f"{api.engine.url}/_aws/execute-api/{found['id']}/{STAGE}/orders/7", timeout=20)
    assert direct.status_code == 201
    for each in (response, direct):
        assert not any("pilotlight" in f"{name}: {value}".lower() for name, value in each.headers.items())
