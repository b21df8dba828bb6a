"""A new AWS account, which may run ten execution environments at once: users are never throttled by ticks.

"Lambda quotas" in the AWS documentation: new accounts have reduced concurrency.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from pilotlight_tools.local.deploy_tool import DeployToolError
from pilotlight_tools.local.service import Service
from tests.conftest import CONCURRENCY, until

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("small account")]

FITTING = CONCURRENCY - 3
"""Of ten, the warmer itself takes one, and users keep two."""
TICKS = 20


@pytest.fixture(scope="module")
def small(sample_project: Path) -> Iterator[Service]:
    """A service whose warmer asks for as many environments as the account has, and whose stage throttles nobody."""
    parameters = {"concurrency": CONCURRENCY, "requestsPerSecond": 10_000, "burst": 5_000}
    with Service(project=sample_project, parameters=parameters, account_concurrency=CONCURRENCY) as service:
        service.stage.stop_schedule()
        yield service


@pytest.mark.parametrize("at_once", [1, 2])
def test_users_are_not_throttled_while_ticks_run(small: Service, at_once: int) -> None:
    results: list[dict[str, Any]] = []
    enough = threading.Event()

    def tick() -> None:
        while not enough.is_set():
            results.append(small.stage.tick())

    def use() -> list[int]:
        statuses = []
        while not enough.is_set():
            statuses.append(requests.get(f"{small.url}/hello", timeout=60).status_code)
        return statuses

    with ThreadPoolExecutor(1 + at_once) as pool:
        ticks, users = pool.submit(tick), [pool.submit(use) for _ in range(at_once)]
        try:
            until(lambda: len(results) >= TICKS, seconds=60, what=f"{TICKS} ticks")
        finally:
            enough.set()
        ticks.result()
        statuses = Counter(status for user in users for status in user.result())
    assert statuses.keys() == {200}, statuses
    assert statuses.total() >= TICKS
    for result in results:
        (target,) = result["targets"]
        assert (target.get("limited_to"), target["throttled"], target["complete"]) == (FITTING, 0, True), target


def test_what_does_not_fit_is_said_with_the_way_to_raise_the_limit(small: Service) -> None:
    output = small.stage.sls("warm")
    assert f"{FITTING} of {CONCURRENCY} environments of {small.stage.functions['api']} warm" in output
    assert output.count("L-B99A9384") == 1
    with pytest.raises(DeployToolError, match="not warm"):
        small.stage.sls("warm", "--strict-warm")
