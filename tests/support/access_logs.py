"""A stage with an access log in an engine, and the lines that API Gateway and functions log, for tests of reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import boto3

from pilotlight.metrics import START_METRICS
from pilotlight_tools.local.engine import REGION, Engine
from tests.support.xray_records import SERVICE, STAGE

FORMAT = json.dumps(
    {
        "id": "$context.requestId",
        "trace": "$context.xrayTraceId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "resource": "$context.resourcePath",
        "path": "$context.path",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "lambda": {"latency": "$context.integrationLatency", "id": "$context.integration.requestId"},
        "errorType": "$context.error.responseType",
    }
)
"""Keys of its own, one nested: any service's format must do."""
FUNCTION = f"{SERVICE}-api"
OTHER_FUNCTION = f"{SERVICE}-orders"
WARMER = f"{SERVICE}-warmer"
_ACCOUNT = "000000000000"
_BATCH = 5000

Line = tuple[float, str]
"""A log event: epoch seconds, and its message."""


def access_line(
    at: float,
    *,
    ms: float = 20,
    status: int = 200,
    request_id: str = "-",
    error: str = "-",
    method: str = "GET",
    resource: str = "/hello",
    path: str = "",
    trace_id: str = "-",
) -> Line:
    """One request as API Gateway logs it in FORMAT: what it does not know is `-`."""
    line = {
        "id": "gateway-id",
        "trace": trace_id,
        "time": str(round(at * 1000)),
        "method": method,
        "resource": resource,
        "path": path or f"/{STAGE}{resource}",
        "status": str(status),
        "latency": str(round(ms)),
        "lambda": {"latency": str(round(ms * 0.9)) if request_id != "-" else "-", "id": request_id},
        "errorType": error,
    }
    return at + ms / 1000, json.dumps(line)


def start_line(
    at: float, request_id: str, start: str = "cold", init_ms: float | None = 200.0, function: str = FUNCTION
) -> Line:
    """What `pilotlight.metrics.emit_start` logs; a test holds the one to the other."""
    return at, json.dumps(
        {
            "_aws": {
                "Timestamp": int(at * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Pilotlight",
                        "Dimensions": [["Service", "Function"]],
                        "Metrics": [{"Name": START_METRICS[start], "Unit": "Count"}],
                    }
                ],
            },
            "Service": SERVICE,
            "Function": function,
            "request_id": request_id,
            "init_ms": init_ms,
            START_METRICS[start]: 1,
        }
    )


def tick_line(at: float, *, requested: int = 4, unique: int = 4, cold: int = 0, function: str = FUNCTION) -> Line:
    """What `pilotlight.metrics.emit_tick` logs of a tick."""
    return at, json.dumps(
        {
            "_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": []},
            "Service": SERVICE,
            "Function": function,
            "EnvironmentsWarm": float(unique),
            "ColdPings": float(cold),
            "PingFailures": 0.0,
            "PingThrottles": float(requested - unique),
            "Coverage": 100.0 * unique / requested,
            "IncompleteTick": 0.0 if unique == requested else 1.0,
        }
    )


class LoggedStage:
    """A REST API of the service in `engine`, whose stage logs to `group` in `text`."""

    def __init__(self, engine: Engine, *, text: str = FORMAT, service: str = SERVICE, stage: str = STAGE) -> None:
        self.engine = engine
        self.group = f"/aws/api-gateway/{service}"
        self._logs = boto3.client("logs", **engine.connection)
        self._gateway: Any = boto3.client("apigateway", **engine.connection)
        self.api = self._gateway.create_rest_api(name=service)["id"]
        root = self._gateway.get_resources(restApiId=self.api)["items"][0]["id"]
        self._resource(root, "hello", "GET", f"{service}-api")
        self._resource(root, "{proxy+}", "ANY", f"{service}-api")
        self._resource(root, "orders", "POST", f"{service}-orders")
        deployment = self._gateway.create_deployment(restApiId=self.api)["id"]
        self._gateway.create_stage(restApiId=self.api, stageName=stage, deploymentId=deployment)
        settings = {"destinationArn": f"arn:aws:logs:{REGION}:{_ACCOUNT}:log-group:{self.group}", "format": text}
        self.set_log(settings, stage)

    def set_log(self, settings: Mapping[str, str], stage: str = STAGE) -> None:
        """Change the stage's `accessLogSettings`."""
        operations = [
            {"op": "replace", "path": f"/accessLogSettings/{key}", "value": value} for key, value in settings.items()
        ]
        self._gateway.update_stage(restApiId=self.api, stageName=stage, patchOperations=operations)

    def log(self, lines: Iterable[Line], group: str | None = None) -> None:
        """Put these lines into the stage's group, or into another."""
        name = group or self.group
        ordered = sorted(lines)
        for operation, parameters in (("log_group", {}), ("log_stream", {"logStreamName": "stream"})):
            try:
                getattr(self._logs, f"create_{operation}")(logGroupName=name, **parameters)
            except self._logs.exceptions.ResourceAlreadyExistsException:
                continue
        for start in range(0, len(ordered), _BATCH):
            events = [
                {"timestamp": round(at * 1000), "message": message} for at, message in ordered[start : start + _BATCH]
            ]
            self._logs.put_log_events(logGroupName=name, logStreamName="stream", logEvents=events)  # type: ignore[arg-type]

    def log_of(self, function: str, lines: Iterable[Line]) -> None:
        """Put these lines into a function's group."""
        self.log(lines, f"/aws/lambda/{function}")

    def remove(self) -> None:
        """Delete the API and all log groups."""
        self._gateway.delete_rest_api(restApiId=self.api)
        for page in self._logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                self._logs.delete_log_group(logGroupName=group["logGroupName"])

    def _resource(self, root: str, part: str, method: str, function: str) -> None:
        resource = self._gateway.create_resource(restApiId=self.api, parentId=root, pathPart=part)["id"]
        self._gateway.put_method(restApiId=self.api, resourceId=resource, httpMethod=method, authorizationType="NONE")
        arn = f"arn:aws:lambda:{REGION}:{_ACCOUNT}:function:{function}"
        self._gateway.put_integration(
            restApiId=self.api,
            resourceId=resource,
            httpMethod=method,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
        )
