"""Pilotlight's own handlers under both clients: requests, pings, records, and what they load under the lean one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import EXEC_WRAPPER, Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.pilotlight.runtime.both import WRAPPER, task_folder
from tests.support.events import browser_event

ROUTES = """
import sys
from pilotlight import Routes, entry_point
routes = Routes()
@routes.route("/hello")
def hello(request):
    return {"message": "hello", "path": request.path}
routed = entry_point(routes)
def handler(event, context):
    response = routed(event, context)
    return {"response": response, "modules": sorted(sys.modules)}
"""
WRAPPED = """
import sys
from pilotlight import warmable
@warmable
def wrapped(event, context):
    return {"statusCode": 200, "body": event["path"]}
def handler(event, context):
    return {"response": wrapped(event, context), "modules": sorted(sys.modules)}
"""
HEAVY = {"collections", "enum", "functools", "json", "logging", "re", "socket", "threading", "types", "typing"}


@pytest.mark.parametrize("code", [ROUTES, WRAPPED], ids=["entry_point", "warmable"])
def test_requests_and_pings_are_answered_and_recorded_as_under_the_managed_client(code: str, tmp_path: Path) -> None:
    task_folder(tmp_path, {"function.py": code})
    managed, lean = (_served(tmp_path, variables) for variables in ({}, {EXEC_WRAPPER: WRAPPER}))
    assert lean == managed
    assert managed["starts"] == ["cold", "warm"]


@pytest.mark.parametrize("code", [ROUTES, WRAPPED], ids=["entry_point", "warmable"])
def test_a_cold_request_loads_nothing_heavy_under_the_lean_client(code: str, tmp_path: Path) -> None:
    task_folder(tmp_path, {"function.py": code})
    with Sandbox(
        tmp_path, "function.handler", python=runtime_python(), environment={EXEC_WRAPPER: WRAPPER}
    ) as environment:
        loaded = set(environment.invoke(browser_event("/hello")).payload["modules"])
    assert HEAVY & loaded == set()
    ours = {name for name in loaded if name.startswith("pilotlight.runtime")}
    assert len(ours) == 7, "tests/pilotlight/runtime/test_cold_path.py has their names"


def _served(folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    ping = {"pilotlight": {"version": 1, "ping": "p", "index": 0, "of": 1, "hold_until": time.time()}}
    with XRaySink() as sink:
        environment = {"AWS_XRAY_DAEMON_ADDRESS": sink.address, **variables}
        with Sandbox(folder, "function.handler", python=runtime_python(), environment=environment) as started:
            cold, warm = (started.invoke(browser_event("/hello")).payload["response"] for _ in range(2))
            reply = started.invoke(ping).payload["response"]["pilotlight"]
        records = sink.take(2)
    for response in (cold, warm):
        response.get("headers", {}).pop("X-Request-Id", None)
    return {
        "responses": [cold, warm],
        "reply": sorted(reply),
        "starts": [record["annotations"].get("start") for record in records[:2]],
        "records": [(record["name"], sorted(record["annotations"])) for record in records],
    }
