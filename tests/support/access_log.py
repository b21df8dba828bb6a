"""The smallest reader of the access log: what each request met, by the log lines of API Gateway and of the functions.

It is the tests' own, and joins as simply as can be: start lines by Lambda's request id, functions by API Gateway's
integrations, records by the history of the running service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3

from pilotlight.metrics import START_METRICS
from pilotlight_tools.local.deployed_stage import DeployedStage
from tests.support.truth import NO_RECORD, Met


def lines_of(stage: DeployedStage) -> list[dict[str, str]]:
    """The lines of the stage's access log, by the keys of infra/access-log.cjs, in the order of the requests."""
    gateway: Any = boto3.client("apigateway", **stage.connection)
    settings = gateway.get_stage(restApiId=stage.api_id, stageName=stage.name)["accessLogSettings"]
    group = settings["destinationArn"].partition(":log-group:")[2]
    return [json.loads(message) for message in _messages(stage, group)]


def starts_of(stage: DeployedStage) -> dict[str, str]:
    """The start type of each request that was not warm, by Lambda's request id: what the functions logged."""
    types = {metric: start for start, metric in START_METRICS.items()}
    found = {}
    for key in ("api", "orders"):
        for message in _messages(stage, f"/aws/lambda/{stage.functions[key]}"):
            line = json.loads(message) if message.startswith('{"_aws"') else {}
            if "request_id" in line:
                (found[line["request_id"]],) = (types[name] for name in line if name in types)
    return found


def met_by(stage: DeployedStage, has_record: Callable[[str], bool]) -> list[tuple[dict[str, str], Met]]:
    """Each line of the access log with what its request met. `has_record` says whether X-Ray has the function's record.

    Where API Gateway responded, there may be a record nevertheless: of a handler that raised.
    """
    starts, functions = starts_of(stage), _functions(stage)
    found = []
    for line in lines_of(stage):
        invocation = line["integrationRequestId"]
        start = starts.get(invocation, "warm")
        if line["errorType"] != "-" and invocation not in starts:
            start = "warm" if invocation != "-" and has_record(invocation) else NO_RECORD
        route = line["resource"]
        found.append((line, Met(route, functions[route], int(line["status"]), start)))
    return found


def _messages(stage: DeployedStage, group: str) -> list[str]:
    pages = boto3.client("logs", **stage.connection).get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def _functions(stage: DeployedStage) -> dict[str, str]:
    """The key of the function behind each resource ("GetResources", Amazon API Gateway API reference)."""
    gateway: Any = boto3.client("apigateway", **stage.connection)
    keys = {f":function:{name}": key for key, name in stage.functions.items()}
    found = {}
    for resource in gateway.get_resources(restApiId=stage.api_id, embed=["methods"], limit=500)["items"]:
        for method in resource.get("resourceMethods", {}).values():
            uri = method["methodIntegration"]["uri"]
            found[resource["path"]] = next(key for name, key in keys.items() if f"{name}/" in uri)
    return found
