"""examples/shop as a stranger has it: a folder outside the checkout, `npm install`, `sls deploy`, ticks and a report.

Four frameworks behind a REST API and an HTTP API, a worker, a nightly job; serverless-python-requirements packages it.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight_tools.latency.make_report import make_report
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.latency.time_range import TimeRange
from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.xray import XRay
from tests.conftest import until
from tests.support.foreign import get, install, run
from tests.support.functions import create_function, invoke_function
from tests.support.project import PROJECT
from tests.support.wheels import Wheels

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("example")]
TARGETS = ("orders", "pages", "items", "stock")
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-01T03:00:00Z", "detail": {}}


@dataclass(frozen=True)
class Shop:
    """The deployed example: its folder, its engine, its X-Ray, and what the deployment printed."""

    folder: Path
    engine: Engine
    xray: XRay
    environment: dict[str, str]
    printed: str

    def client(self, service: Any) -> Any:
        return boto3.client(service, **self.engine.connection)

    def lines(self, function: str) -> list[dict[str, Any]]:
        """The JSON lines in a function's log."""
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/shop-dev-{function}")["events"]
        return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    built = tmp_path_factory.mktemp("built")
    wheels = Wheels.built_in(built)
    folder = built / "shop"
    shutil.copytree(PROJECT / "examples" / "shop", folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    plugin = tmp_path_factory.mktemp("packed")
    install(folder, plugin)
    with XRay(service="shop-dev", stage="dev") as xray, Engine(daemon_address=xray.daemon_address) as engine:
        pip = {"PIP_FIND_LINKS": str(wheels.pilotlight.parent), "PYTHON_BIN": sys.executable}
        environment = {**engine.environment, **pip}
        deployed = run(["npx", "sls", "deploy"], folder, environment)
        assert deployed.exit_code == 0, deployed.text
        yield Shop(folder, engine, xray, environment, deployed.text)


def test_no_function_finds_pilotlight_in_the_checkout(shop: Shop) -> None:
    code = """
def handler(event, context):
    try:
        import pilotlight
    except ModuleNotFoundError as error:
        return str(error)
    return pilotlight.__file__
"""
    create_function(shop.engine, "finder", code)
    assert invoke_function(shop.engine, "finder", {}) == "No module named 'pilotlight'"


def test_the_deployment_leaves_packaging_alone_and_proves_every_target(shop: Shop) -> None:
    assert "Packaging is left to serverless-python-requirements" in shop.printed
    for function in TARGETS:
        assert f"3 of 3 environments of shop-dev-{function} warm (3 were cold, init " in shop.printed


def test_each_target_knows_its_build_and_the_warmer_expects_it(shop: Shop) -> None:
    def variables(function: str) -> dict[str, str]:
        found: dict[str, str] = shop.client("lambda").get_function_configuration(FunctionName=f"shop-dev-{function}")[
            "Environment"
        ]["Variables"]
        return found

    expected = [target["build"] for target in json.loads(variables("pilotlightWarmer")["PILOTLIGHT_TARGETS"])]
    assert expected == [variables(function)["PILOTLIGHT_BUILD"] for function in TARGETS]
    assert "PILOTLIGHT_BUILD" not in variables("worker")


def test_prewarm_ran_in_each_environment_of_the_function_that_has_one(shop: Shop) -> None:
    ticks = [line for line in shop.lines("pilotlightWarmer") if line.get("message") == "tick"]
    prewarmed = {line["function"]: line["prewarm_ms"] > 0 for line in ticks[: len(TARGETS)]}
    assert prewarmed == {f"shop-dev-{function}": function == "items" for function in TARGETS}
    assert [line["causes"] for line in ticks[: len(TARGETS)]] == [[]] * len(TARGETS)


def test_a_request_of_each_framework_is_answered_recorded_and_warm(shop: Shop) -> None:
    rest, http = apis(shop)
    asked = [
        (rest, "/dev/orders/7", 200, "/orders/<number>"),
        (rest, "/dev/orders/broken", 502, "/orders/broken"),
        (rest, "/dev/pages/hello", 200, "/pages/<name>"),
        (http, "/items/7", 200, "/items/{number}"),
        (http, "/stock/3", 200, "/stock/{item}"),
    ]
    assert [get(shop.engine, api, path).status_code for api, path, *_ in asked] == [status for *_, status, _ in asked]
    shop.xray.flush(settle=True)
    reader = Reader(xray_client("us-east-1", shop.xray.endpoint_url, local=True), "shop-dev", "dev")
    time_range = TimeRange(time.time() - 600, time.time() + 1)
    report = make_report(reader, time_range, stage="dev", region=None, most=100)
    assert {slow.request for slow in report.slowest} == {f"GET {route}" for *_, route in asked}
    assert (report.requests, set(report.starts)) == (len(asked), {"warm"})
    assert report.starts["warm"].faults == 1
    assert any(note.startswith("Times of") and "are Lambda's" in note for note in report.notes)


def test_the_workers_messages_and_the_nightly_run_are_their_own(shop: Shop) -> None:
    sqs = shop.client("sqs")
    [queue] = sqs.list_queues()["QueueUrls"]
    sqs.send_message(QueueUrl=queue, MessageBody='{"order": 7}')
    until(lambda: {"packed": {"order": 7}} in shop.lines("worker"), seconds=60, what="the worker")
    returned = shop.client("lambda").invoke(FunctionName="shop-dev-nightly", Payload=json.dumps(SCHEDULED))
    assert json.loads(returned["Payload"].read()) == {"reported": SCHEDULED["time"]}
    assert {"report": SCHEDULED["time"]} in shop.lines("nightly")


def test_a_further_tick_proves_all_of_them_again(shop: Shop) -> None:
    warmed = run(["npx", "sls", "warm", "--json", "--strict-warm"], shop.folder, shop.environment)
    assert warmed.exit_code == 0, warmed.text
    for function in TARGETS:
        assert f"3 of 3 environments of shop-dev-{function} warm" in warmed.text


def test_the_examples_own_tests_pass_where_its_requirements_are_installed(shop: Shop) -> None:
    """They are `pytest` in its folder; what serverless-python-requirements installed is what was deployed."""
    [installed] = [each for each in (shop.folder / ".serverless").rglob("requirements") if each.is_dir()]
    done = run(
        [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", ".", "-p", "no:cacheprovider", "tests"],
        shop.folder,
        {"PYTHONPATH": f"{installed}:."},
    )
    assert done.exit_code == 0, done.text
    assert " passed" in done.text


def apis(shop: Shop) -> tuple[str, str]:
    """The ids of the REST API and of the HTTP API."""
    [rest] = shop.client("apigateway").get_rest_apis()["items"]
    [http] = shop.client("apigatewayv2").get_apis()["Items"]
    return rest["id"], http["ApiId"]
