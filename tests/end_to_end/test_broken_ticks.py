"""The target is killed, slowed, throttled and broken during a tick, which reports it; the next tick is complete."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import CONCURRENCY, Deployed, until
from tests.support.processes import children_of, environment_of

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("stack")]


@pytest.fixture(autouse=True)
def _a_new_warmer_and_a_warm_api(deployed: Deployed) -> Iterator[None]:
    """A new warmer holds its pings for a third of a second: enough time to signal a held execution environment."""
    deployed.service.stage.end_environments("api")
    tick_completely(deployed)
    deployed.service.stage.end_environments("warmer")
    yield
    deployed.service.stage.end_environments("warmer")
    tick_completely(deployed)


def tick_completely(deployed: Deployed) -> None:
    result = deployed.service.stage.tick()
    assert (result["coverage"], result["unique"], result["failed"]) == (1, CONCURRENCY, 0)


def target(result: dict[str, Any]) -> dict[str, Any]:
    (only,) = result["targets"]
    assert isinstance(only, dict)
    return only


def held_environment(deployed: Deployed) -> int:
    """Return the process of an API environment that sleeps because a ping holds it; 0 without one."""
    name = deployed.service.stage.functions["api"]
    for process in children_of(deployed.service.stage.engine.process_id or 0):
        if environment_of(process).get("AWS_LAMBDA_FUNCTION_NAME") == name and _sleeps(process):
            return process
    return 0


def _sleeps(process: int) -> bool:
    try:
        return "nanosleep" in Path(f"/proc/{process}/wchan").read_text()
    except OSError:
        return False


def tick_with_signal(deployed: Deployed, signal_number: signal.Signals) -> dict[str, Any]:
    with ThreadPoolExecutor(1) as pool:
        tick = pool.submit(deployed.service.stage.tick)
        os.kill(until(lambda: held_environment(deployed), what="a held environment"), signal_number)
        return tick.result(60)


def test_an_environment_that_is_killed_while_held_is_a_failure_and_is_replaced(deployed: Deployed) -> None:
    result = tick_with_signal(deployed, signal.SIGKILL)
    assert result["failed"] == 1
    assert result["rounds"] == 2
    assert result["coverage"] == 1
    assert any("died" in cause or "exited" in cause for cause in target(result)["causes"])
    tick_completely(deployed)


@pytest.mark.slow
def test_an_environment_that_no_longer_replies_is_timed_out_and_replaced(deployed: Deployed) -> None:
    result = tick_with_signal(deployed, signal.SIGSTOP)
    assert result["failed"] == 1
    assert result["coverage"] == 1
    assert any("timed out" in cause for cause in target(result)["causes"])
    tick_completely(deployed)


def test_a_throttle_stops_the_tick_and_shrinks_the_next_for_a_while(deployed: Deployed) -> None:
    stage = deployed.service.stage
    client = boto3.client("lambda", **stage.connection)
    tick_completely(deployed)  # the warmer has now read the limits, and caches them for a while
    client.put_function_concurrency(FunctionName=stage.functions["api"], ReservedConcurrentExecutions=6)
    try:
        throttled, shrunk = stage.tick(), stage.tick()
    finally:
        client.delete_function_concurrency(FunctionName=stage.functions["api"])
    assert throttled["throttled"] > 0
    assert (throttled["rounds"], throttled["coverage"] < 1) == (1, True)
    assert any("Rate" in cause or "Throttl" in cause for cause in target(throttled)["causes"])
    assert shrunk["throttled"] == 0
    assert shrunk["invocations"] <= 6
    assert any("after throttles" in cause for cause in target(shrunk)["causes"])
    until(lambda: stage.tick()["coverage"] == 1, what="ticks that grow back to full coverage")


def test_a_reserved_concurrency_is_respected_from_the_first_tick(deployed: Deployed) -> None:
    stage = deployed.service.stage
    client = boto3.client("lambda", **stage.connection)
    client.put_function_concurrency(FunctionName=stage.functions["api"], ReservedConcurrentExecutions=5)
    try:
        result = stage.tick()
    finally:
        client.delete_function_concurrency(FunctionName=stage.functions["api"])
    assert (result["unique"], result["throttled"], result["invocations"]) == (3, 0, 3)  # users keep two
    assert any("reserved concurrency is 5" in cause for cause in target(result)["causes"])


def test_a_function_that_cannot_start_is_a_loud_failure(deployed: Deployed) -> None:
    stage = deployed.service.stage
    client = boto3.client("lambda", **stage.connection)
    name = stage.functions["api"]
    good = client.get_function_configuration(FunctionName=name)["Handler"]
    client.update_function_configuration(FunctionName=name, Handler="handler.gone")
    try:
        until(lambda: client.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
        result = stage.tick()
    finally:
        client.update_function_configuration(FunctionName=name, Handler=good)
    until(lambda: client.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
    assert (result["failed"], result["coverage"], result["rounds"]) == (CONCURRENCY, 0, 1)
    assert all(": " in cause for cause in target(result)["causes"])  # each has the name of the error
