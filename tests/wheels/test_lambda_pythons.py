"""The installed wheel under the real runtime client, by every Python of Lambda that this machine has.

Nothing of this checkout is importable there, and neither is aws-xray-sdk: the wheel needs the standard library alone,
and the warmer what Lambda includes.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pilotlight
from pilotlight_tools.latency.documents import facts_of
from pilotlight_tools.local.runtime.python import runtime_python_of
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import proxy_event
from tests.support.faulty_api import faulty_api
from tests.support.project import PROJECT
from tests.support.wheels import Wheels, install_into

pytestmark = pytest.mark.slow

LAMBDA_PYTHONS = [(3, 11), (3, 12), (3, 13), (3, 14)]
"""Of "Lambda runtimes" in the Lambda Developer Guide, those that the wheel supports."""
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
WHERE = """
import sys

import pilotlight


def handler(event, context):
    return [pilotlight.__file__, pilotlight.__version__, list(sys.version_info[:2])]
"""
API = """
from pilotlight import HttpError, Routes, entry_point

routes = Routes()


@routes.route("/orders/{id}", "GET")
def order(request):
    if request.path_parameters["id"] == "0":
        raise HttpError(404, "no such order")
    return {"order": request.path_parameters["id"], "query": request.query}


@routes.route("/broken")
def broken(request):
    raise RuntimeError("it broke")


handler = entry_point(routes)
"""
ANY = """
import time

from pilotlight import warmable

prewarmed = []


def plain(event, context):
    if event == {"fail": True}:
        raise KeyError("no such order")
    if isinstance(event, dict) and "requestContext" in event:
        return {"statusCode": 201, "body": "made"}
    return {"event": event, "request": context.aws_request_id, "prewarmed": len(prewarmed)}


def prewarm(handler, context):
    time.sleep(0.02)
    prewarmed.append(handler({"prewarm": True}, context))


wrapped = warmable(plain, prewarm=prewarm)


@warmable
def bare(event, context):
    return plain(event, context)


@warmable(dialects=True, record_all=True)
def with_arguments(event, context):
    return plain(event, context)
"""
NIGHTLY = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
LAMBDA_WARMER = {"warmer": True, "concurrency": 3}


@dataclass(frozen=True)
class Installed:
    """A folder such as /var/task, with the wheel and the functions above, and the Python that runs them."""

    folder: Path
    python: Path
    version: tuple[int, int]


Start = Callable[..., AbstractContextManager[Sandbox]]


@pytest.fixture(scope="module", params=LAMBDA_PYTHONS, ids=lambda version: "python{}.{}".format(*version))
def installed(request: pytest.FixtureRequest, wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    version: tuple[int, int] = request.param
    python = runtime_python_of(version)
    if python is None:
        pytest.skip("this machine has no Python {}.{}".format(*version))
    folder = install_into(tmp_path_factory.mktemp("task") / "var", wheels.pilotlight, python)
    for name, source in {"where": WHERE, "api": API, "any_handler": ANY}.items():
        (folder / f"{name}.py").write_text(source)
    return Installed(folder, python, version)


@pytest.fixture
def sink() -> Iterator[XRaySink]:
    with XRaySink() as listening:
        yield listening


@pytest.fixture
def start(installed: Installed, sink: XRaySink) -> Start:
    def started(handler: str, **variables: str) -> Sandbox:
        environment = {"AWS_XRAY_DAEMON_ADDRESS": sink.address, "PILOTLIGHT_SERVICE": "shop-test", **variables}
        return Sandbox(installed.folder, handler, python=installed.python, environment=environment)

    return started


def ping() -> dict[str, Any]:
    return {"pilotlight": {"ping": "a1", "index": 0, "of": 1, "hold_until": time.time() + 0.05}}


def records(sink: XRaySink, count: int) -> list[dict[str, Any]]:
    """Exactly so many documents: none follows."""
    found = sink.take(2)
    while len(found) < count and (more := sink.take(1)):
        found += more
    assert len(found) == count
    return found


def test_the_process_runs_the_installed_wheel(installed: Installed, start: Start) -> None:
    with start("where.handler") as environment:
        file, version, python = environment.invoke({}).payload
    assert Path(file) == installed.folder / "pilotlight" / "__init__.py"
    assert not Path(file).is_relative_to(PROJECT)
    assert (version, tuple(python)) == (pilotlight.__version__, installed.version)


def test_routes_respond_and_are_recorded(start: Start, sink: XRaySink) -> None:
    with start("api.handler") as environment:
        requests = [
            proxy_event("GET", "/orders/7", queryStringParameters={"a": "1"}),
            proxy_event("GET", "/orders/0"),
            proxy_event("GET", "/broken"),
        ]
        responses = [environment.invoke(event, trace_header=TRACE).payload for event in requests]
    assert [response["statusCode"] for response in responses] == [200, 404, 500]
    assert json.loads(responses[0]["body"]) == {"order": "7", "query": {"a": "1"}}
    found = records(sink, 3)
    assert [each["http"]["response"]["status"] for each in found] == [200, 404, 500]
    assert [facts_of(each)["start"] for each in found] == ["cold", "warm", "warm"]


def test_a_ping_is_replied_to_without_the_sdk(installed: Installed, start: Start, sink: XRaySink) -> None:
    missing = subprocess.run([installed.python, "-c", "import aws_xray_sdk"], capture_output=True, check=False)
    assert b"ModuleNotFoundError" in missing.stderr
    with start("api.handler") as environment:
        reply = environment.invoke(ping(), trace_header=TRACE).payload["pilotlight"]
        environment.invoke(proxy_event("GET", "/orders/7"), trace_header=TRACE)
    assert (reply["ping"], reply["start"], reply["version"]) == ("a1", "cold", pilotlight.__version__)
    sent, request = records(sink, 2)
    assert facts_of(sent)["kind"] == "ping"
    assert (facts_of(request)["start"], facts_of(request)["warmed_by_ping"]) == ("warm", True)


@pytest.mark.parametrize(
    ("event", "expected"),
    [(LAMBDA_WARMER, None), ({"source": "serverless-plugin-warmup"}, {}), (NIGHTLY, None), ([LAMBDA_WARMER], "warmed")],
)
def test_the_entry_point_understands_peers(start: Start, event: Any, expected: Any) -> None:
    with start("api.handler") as environment:
        invoked = environment.invoke(event)
    assert (invoked.error, invoked.payload) == (None, expected)


@pytest.mark.parametrize("handler", ["wrapped", "bare", "with_arguments"])
def test_a_wrapped_handler_replies_to_pings_and_passes_events_on(start: Start, handler: str) -> None:
    with start(f"any_handler.{handler}") as environment:
        reply = environment.invoke(ping()).payload["pilotlight"]
        assert (reply["ping"], reply["start"], reply["notes"]) == ("a1", "cold", [])
        passed = environment.invoke({"Records": [{"body": "ü"}]})
        assert passed.payload["event"] == {"Records": [{"body": "ü"}]}
        assert passed.payload["request"] == passed.request_id
        failed = environment.invoke({"fail": True})
        assert failed.error is not None
        assert (failed.error["errorType"], failed.error["errorMessage"]) == ("KeyError", "'no such order'")


def test_prewarm_runs_once_at_the_first_ping(start: Start) -> None:
    with start("any_handler.wrapped") as environment:
        first, second = (environment.invoke(ping()).payload["pilotlight"] for _ in range(2))
        count = environment.invoke({"any": "thing"}).payload["prewarmed"]
    assert (first["prewarm_ms"] > 0, second["prewarm_ms"], count) == (True, 0, 1)


def test_a_wrapped_handlers_requests_are_recorded_and_other_events_are_not(start: Start, sink: XRaySink) -> None:
    with start("any_handler.wrapped") as environment:
        environment.invoke({"Records": []}, trace_header=TRACE)
        environment.invoke(NIGHTLY, trace_header=TRACE)
        response = environment.invoke(proxy_event("POST", "/orders"), trace_header=TRACE).payload
    assert response == {"statusCode": 201, "body": "made"}
    [record] = records(sink, 1)
    assert record["http"]["response"]["status"] == 201
    assert facts_of(record)["start"] == "warm"


def test_a_nightly_job_runs_unless_dialects_are_asked_for(start: Start, sink: XRaySink) -> None:
    with start("any_handler.wrapped") as environment:
        assert environment.invoke(NIGHTLY).payload["event"] == NIGHTLY
        assert environment.invoke(LAMBDA_WARMER).payload["event"] == LAMBDA_WARMER
    with start("any_handler.with_arguments") as environment:
        assert environment.invoke(NIGHTLY).payload is None
        assert environment.invoke({"source": "serverless-plugin-warmup"}).payload == {}
        environment.invoke({"Records": []}, trace_header=TRACE)
    assert "request" in [facts_of(each)["kind"] for each in sink.take(2)]


def test_the_warmer_ticks_without_the_sdk(start: Start, sink: XRaySink) -> None:
    targets = json.dumps([{"function": "shop-test-orders", "concurrency": 3}])
    with (
        faulty_api() as api,
        start(
            "pilotlight.warmer.handler",
            PILOTLIGHT_TARGETS=targets,
            AWS_ENDPOINT_URL_LAMBDA=f"http://127.0.0.1:{api.port}",
        ) as warmer,
    ):
        ticked = warmer.invoke({**NIGHTLY, "id": "1"}, trace_header=TRACE)
    assert ticked.error is None, ticked.error
    result = ticked.payload
    assert (result["requested"], result["unique"], result["failed"], result["coverage"]) == (3, 3, 0, 1.0)
    assert sorted(each["index"] for each in api.pings) == [0, 1, 2]
    assert [facts_of(each)["kind"] for each in records(sink, 2)] == ["tick", "tick"]
