"""How long `pilotlight latency` takes for many requests, and its memory: from the access log, and from X-Ray's traces.

The engine's logs and the local X-Ray hold made-up requests; the command runs in a process of its own, as a person
runs it. Aims: 10,000 requests in 3 s, 100,000 in 25 s, 150 MB.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3

from pilotlight.metrics import START_METRICS
from pilotlight_tools.latency.reader import xray_client
from pilotlight_tools.local.engine import REGION, Engine
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.xray import XRay

SOURCES = ("log", "traces")
_SERVICE, _STAGE = "bench", "local"
_NAME = f"{_SERVICE}-{_STAGE}"
_HOURS = 6
_COLD_EACH = 20
_ROUTES = 20
_BATCH = 5000
_DOCUMENTS = 50
"""Of one call of PutTraceSegments ("X-Ray endpoints and quotas")."""
_FIELDS = {
    "time": "$context.requestTimeEpoch",
    "trace": "$context.xrayTraceId",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "path": "$context.path",
    "agent": "$context.identity.userAgent",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "requestId": "$context.integration.requestId",
    "errorType": "$context.error.responseType",
}


_MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Runs a command from a small process: the peak of a new process begins with the memory of the one that started it."""


def run(requests: int, source: str) -> dict[str, object]:
    """Make the requests, run the command, and return seconds and megabytes. Raises RuntimeError where it fails."""
    with ExitStack() as stack:
        engine = stack.enter_context(Engine())
        xray = stack.enter_context(XRay(service=_NAME, stage=_STAGE))
        end = time.time() - 5
        made = _requests(requests, end - _HOURS * 3600 + 60, end)
        if source == "log":
            _fill_log(engine, made)
        else:
            _fill_xray(xray, made)
        found = _measured(engine, xray)
    return {"source": source, "wanted": requests, **found}


def _requests(count: int, begin: float, end: float) -> Iterator[dict[str, Any]]:
    stream = random.Random(1)  # noqa: S311 (not for security)
    for number in range(count):
        cold = number % _COLD_EACH == 0
        at = begin + (end - begin) * number / count
        yield {
            "at": at,
            "seconds": stream.lognormvariate(0, 0.5) * (0.9 if cold else 0.02),
            "start": "cold" if cold else "warm",
            "route": f"/items/{number % _ROUTES}",
            "id": f"request-{number}",
            "trace": f"1-{int(at):08x}-{stream.getrandbits(96):024x}",
        }


def _fill_log(engine: Engine, requests: Iterator[dict[str, Any]]) -> None:
    gateway: Any = boto3.client("apigateway", **engine.connection)
    api = gateway.create_rest_api(name=_NAME)["id"]
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName=_STAGE, deploymentId=deployment)
    group = f"/aws/api-gateway/{_NAME}"
    arn = f"arn:aws:logs:{REGION}:000000000000:log-group:{group}"
    settings = {"destinationArn": arn, "format": json.dumps(_FIELDS)}
    gateway.update_stage(
        restApiId=api,
        stageName=_STAGE,
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{key}", "value": value} for key, value in settings.items()
        ],
    )
    made = list(requests)
    _put(engine, group, [(each["at"] + each["seconds"], _access_line(each)) for each in made])
    starts = [(each["at"] + each["seconds"], _start_line(each)) for each in made if each["start"] != "warm"]
    _put(engine, f"/aws/lambda/{_NAME}-api", starts)


def _access_line(request: dict[str, Any]) -> str:
    milliseconds = str(round(request["seconds"] * 1000))
    values = {
        "time": str(round(request["at"] * 1000)),
        "trace": request["trace"],
        "method": "GET",
        "resource": "/{proxy+}",
        "path": f"/{_STAGE}{request['route']}",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
        "status": "200",
        "latency": milliseconds,
        "integrationLatency": milliseconds,
        "requestId": request["id"],
        "errorType": "-",
    }
    return json.dumps(values)


def _start_line(request: dict[str, Any]) -> str:
    facts = {"Service": _NAME, "Function": f"{_NAME}-api", "request_id": request["id"], "init_ms": 200.0}
    return json.dumps({"_aws": {}, **facts, START_METRICS[request["start"]]: 1})


def _put(engine: Engine, group: str, lines: list[tuple[float, str]]) -> None:
    logs: Any = boto3.client("logs", **engine.connection)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    ordered = sorted(lines)
    for first in range(0, len(ordered), _BATCH):
        events = [{"timestamp": round(at * 1000), "message": text} for at, text in ordered[first : first + _BATCH]]
        logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=events)


def _fill_xray(xray: XRay, requests: Iterator[dict[str, Any]]) -> None:
    client: Any = xray_client(REGION, xray.endpoint_url, local=True)
    documents = []
    for number, request in enumerate(requests):
        end = request["at"] + request["seconds"]
        xray.measured(Exchange(request["at"], end, "GET", f"http://h{request['route']}", 200, request["id"]))
        documents.append(json.dumps(_record(request, number)))
        if len(documents) == _DOCUMENTS:
            client.put_trace_segments(TraceSegmentDocuments=documents)
            documents = []
    if documents:
        client.put_trace_segments(TraceSegmentDocuments=documents)
    xray.flush(settle=True, timeout_seconds=600)


def _record(request: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "name": "pilotlight",
        "id": f"{2 * number + 1:016x}",
        "trace_id": request["trace"],
        "parent_id": f"{2 * number + 2:016x}",
        "type": "subsegment",
        "start_time": request["at"],
        "end_time": request["at"] + request["seconds"] / 2,
        "aws": {"request_id": request["id"]},
        "http": {"request": {"method": "GET", "url": request["route"]}, "response": {"status": 200}},
        "annotations": {
            "service": _NAME,
            "kind": "request",
            "start": request["start"],
            "cold_start": request["start"] == "cold",
            "route": request["route"],
            "status": 200,
            "environment": f"{number % 10:016x}",
            "warmed_by_ping": False,
            "function": f"{_NAME}-api",
            "init_ms": 200.0,
        },
    }


def _measured(engine: Engine, xray: XRay) -> dict[str, object]:
    command = [sys.executable, "-m", "pilotlight_tools.latency", "--stage", _STAGE, "--service", _SERVICE, "--json"]
    variables = {"AWS_ENDPOINT_URL": engine.url, "AWS_ENDPOINT_URL_XRAY": xray.endpoint_url}
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command], env={**os.environ, **variables}, capture_output=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"the command failed: {ended.stderr.decode(errors='replace')}")
    seconds, cpu, peak = ended.stderr.decode().splitlines()[-1].split()
    report = json.loads(ended.stdout)
    return {
        "seconds": round(float(seconds), 2),
        "cpu_seconds": round(float(cpu), 2),
        "peak_mb": round(int(peak) / (1024 * 1024 if sys.platform == "darwin" else 1024), 1),
        "requests": report["requests"],
        "read_from": report["source"],
        "cold_start_rate": report["cold_start_rate"],
    }
