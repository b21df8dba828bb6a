"""The first tick of `npm start` holds nothing up, and says what went wrong."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import EndpointConnectionError

from pilotlight_tools.local.deployed_stage import WarmerError
from pilotlight_tools.local.first_tick import tick_at_start


def test_it_ticks_once_in_a_thread_of_its_own() -> None:
    ticks: list[str] = []
    told: list[str] = []
    tick_at_start(
        lambda: ticks.append(threading.current_thread().name), is_running=lambda: True, tell=told.append
    ).join(20)
    assert (ticks, told) == (["first-tick"], [])


@pytest.mark.parametrize("error", [WarmerError("the warmer failed: no"), EndpointConnectionError(endpoint_url="x")])
@pytest.mark.parametrize("running", [True, False])
def test_a_failure_is_told_while_the_engine_runs(error: Exception, running: bool) -> None:
    def tick() -> None:
        raise error

    told: list[str] = []
    tick_at_start(tick, is_running=lambda: running, tell=told.append).join(20)
    assert told == ([f"The first tick failed: {error}"] if running else [])
