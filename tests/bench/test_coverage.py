"""The bench's pool follows Lambda's rules, and the coverage that it reports is what happened in it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.coverage import PoolSettings, pool_of, run
from pilotlight_tools.local.runtime.python import runtime_python

pytestmark = pytest.mark.slow
FUNCTION = """
import os
import time


def handler(event, context):
    if event.get("exit"):
        os._exit(3)
    if event.get("raise"):
        raise ValueError("broken")
    time.sleep(event.get("hold", 0))
    return {"process": os.getpid()}
"""


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[http.client.HTTPConnection]:
    (tmp_path / "function.py").write_text(FUNCTION)
    command = [str(runtime_python()), "-m", "awslambdaric", "function.handler"]
    function = {"command": command, "folder": str(tmp_path), "environment": {}, "memory_mb": 1769}
    with pool_of({"api": function}, PoolSettings(limit=4, landing_ms=0)) as connection:
        yield connection


def invoke(
    pool: http.client.HTTPConnection, event: object, *, function: str = "api", kind: str = ""
) -> tuple[int, Any]:
    """Invoke on a connection of its own; return the HTTP status and the response's content."""
    connection = http.client.HTTPConnection(pool.host, pool.port, timeout=30)
    headers = {"X-Amz-Invocation-Type": kind} if kind else {}
    connection.request("POST", f"/2015-03-31/functions/{function}/invocations", json.dumps(event), headers)
    response = connection.getresponse()
    content = json.loads(response.read() or b"null")
    if response.headers.get("X-Amz-Function-Error"):
        content["function error"] = True
    connection.close()
    return response.status, content


def at_once(count: int, call: Callable[[], tuple[int, Any]]) -> list[tuple[int, Any]]:
    responses: list[tuple[int, Any]] = []
    threads = [threading.Thread(target=lambda: responses.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return responses


def recorded(pool: http.client.HTTPConnection) -> dict[str, Any]:
    pool.request("GET", "/pool/invocations")
    content: dict[str, Any] = json.loads(pool.getresponse().read())
    return content


def test_invocations_at_once_need_as_many_environments_and_one_after_the_other_only_one(
    pool: http.client.HTTPConnection,
) -> None:
    one_by_one = [invoke(pool, {}) for _ in range(3)]
    assert len({content["process"] for _, content in one_by_one}) == 1
    held = at_once(4, lambda: invoke(pool, {"hold": 1.0}))
    assert len({content["process"] for _, content in held}) == 4
    seen = recorded(pool)
    assert (seen["environments"], seen["running"]) == (4, 0)
    assert [each["cold"] for each in seen["invocations"]].count(True) == 4
    assert all(each["billed_ms"] >= 1000 for each in seen["invocations"][-4:])


def test_the_pool_throttles_beyond_its_limit(pool: http.client.HTTPConnection) -> None:
    statuses = sorted(status for status, _ in at_once(6, lambda: invoke(pool, {"hold": 1.5})))
    assert statuses == [200, 200, 200, 200, 429, 429]


def test_an_event_invocation_gets_its_response_before_it_has_run(pool: http.client.HTTPConnection) -> None:
    assert invoke(pool, {"hold": 0.5}, kind="Event") == (202, None)
    assert recorded(pool)["running"] == 1


def test_a_function_error_and_an_unknown_function_are_reported_as_lambda_does(pool: http.client.HTTPConnection) -> None:
    status, content = invoke(pool, {"raise": True})
    assert (status, content["errorMessage"], content["function error"]) == (200, "broken", True)
    assert invoke(pool, {}, function="nothing")[0] == 404
    died = invoke(pool, {"exit": True})[1]
    assert (died["errorType"], "exit status 3" in died["errorMessage"]) == ("Runtime.ExitError", True)
    assert invoke(pool, {})[1].keys() == {"process"}
    qualified = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aapi%3A%24LATEST"
    assert invoke(pool, {}, function=qualified)[0] == 200


def test_pilotlight_reaches_every_environment_it_wants_in_every_tick() -> None:
    result = run(["pilotlight"], [3], ticks=2, settings=PoolSettings(landing_ms=5))
    (row,) = result["coverage"]
    assert row["unique"]["minimum"] == row["unique"]["median"] == 3
    assert row["invocations"]["median"] == 3
    assert row["warmer_billed_ms"]["median"] > 0


def test_a_peers_real_package_runs_on_the_same_pool() -> None:
    result = run(["lambda-warmer-py"], [8], ticks=2, settings=PoolSettings(landing_ms=5))
    (row,) = result["coverage"]
    assert row["invocations"]["median"] == 8
    assert row["unique"]["median"] <= 8
    assert row["billed_ms"]["median"] >= 7 * 75, "its own hold of 75 ms"
