"""Our package under AWS's own runtime client: what Lambda would get back, and what X-Ray's daemon would receive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.latency.documents import facts_of
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import browser_event
from tests.support.package import unpacked_package

Start = Callable[..., AbstractContextManager[Sandbox]]
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
FAILING = """
from pilotlight.entry import entry_point
from pilotlight.proxy import HttpError
from pilotlight.routing import Routes

routes = Routes()


@routes.route("/teapot")
def teapot(_):
    raise HttpError(418, "short and stout")


@routes.route("/broken")
def broken(_):
    raise RuntimeError("it broke")


handler = entry_point(routes)
"""


@pytest.fixture(scope="module")
def package(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked zip of the tests' own service."""
    return unpacked_package(sample_project, tmp_path_factory.mktemp("package"))


@pytest.fixture
def sink() -> Iterator[XRaySink]:
    with XRaySink() as listening:
        yield listening


@pytest.fixture
def start(package: Path, sink: XRaySink) -> Start:
    def started(folder: Path = package, handler: str = "handler.handler", **keywords: Any) -> Sandbox:
        environment = {"AWS_XRAY_DAEMON_ADDRESS": sink.address, "PILOTLIGHT_SERVICE": "pilotlight-test"}
        environment |= keywords.pop("environment", {})
        return Sandbox(folder, handler, python=runtime_python(), environment=environment, **keywords)

    return started


def ping(hold_seconds: float = 0.0) -> dict[str, Any]:
    return {"pilotlight": {"ping": "a1", "index": 0, "of": 1, "hold_until": time.time() + hold_seconds}}


def test_hello_is_recorded_as_a_cold_start_then_as_a_warm_one(start: Start, sink: XRaySink) -> None:
    with start() as environment:
        responses = [environment.invoke(browser_event(), trace_header=TRACE) for _ in range(2)]
    for response in responses:
        assert response.error is None
        assert response.payload["statusCode"] == 200
        assert json.loads(response.payload["body"])["message"] == "Hello from Lambda"
        assert response.payload["headers"]["X-Request-Id"] == response.request_id
    records = sink.take(2)
    assert [record["annotations"]["start"] for record in records] == ["cold", "warm"]
    assert [record["aws"]["request_id"] for record in records] == [response.request_id for response in responses]
    for record in records:
        assert (record["trace_id"], record["parent_id"]) == ("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
        assert record["annotations"]["service"] == "pilotlight-test"


def test_the_recorded_init_duration_is_the_one_measured_from_outside(start: Start, sink: XRaySink) -> None:
    with start() as environment:
        environment.invoke(browser_event())
        assert environment.init_ms is not None
        # The kernel counts process starts in steps of 10 ms.
        assert sink.take(2)[0]["annotations"]["init_ms"] == pytest.approx(environment.init_ms, abs=25)


def test_a_ping_is_held_gets_a_reply_and_uses_up_the_coldness(start: Start, sink: XRaySink) -> None:
    with start() as environment:
        before = time.time()
        reply = environment.invoke(ping(hold_seconds=0.4)).payload["pilotlight"]
        assert time.time() - before >= 0.39
        after = environment.invoke(browser_event())
    assert (reply["ping"], reply["start"], reply["made_by"], reply["served"]) == ("a1", "cold", "ping", 0)
    assert after.payload["statusCode"] == 200
    records = sink.take(2)
    assert [record["annotations"]["kind"] for record in records] == ["ping", "request"]
    assert records[1]["annotations"]["start"] == "warm"
    assert records[1]["annotations"]["warmed_by_ping"] is True
    assert facts_of(records[0])["environment"] == facts_of(records[1])["environment"] == reply["environment"]


def test_a_ping_loads_the_packaged_sdk(package: Path, start: Start, tmp_path: Path) -> None:
    asking = (
        "import sys\n\nimport handler as ours\n\n\ndef handler(event, context):\n    ours.handler(event, context)\n"
    )
    asking += "    return 'aws_xray_sdk' in sys.modules and sys.modules['aws_xray_sdk'].__file__\n"
    (tmp_path / "asking.py").write_text(asking)
    with start(package, "asking.handler", environment={"PYTHONPATH": str(tmp_path)}) as environment:
        assert environment.invoke(browser_event()).payload is False
        assert environment.invoke(ping()).payload.startswith(str(package))


@pytest.mark.parametrize(
    ("initialization", "start_type"), [("provisioned-concurrency", "provisioned"), ("snap-start", "restored")]
)
def test_lambdas_initialization_type_names_the_first_start(
    start: Start, sink: XRaySink, initialization: str, start_type: str
) -> None:
    with start(initialization_type=initialization) as environment:
        environment.invoke(browser_event())
        environment.invoke(browser_event())
    assert [record["annotations"]["start"] for record in sink.take(2)] == [start_type, "warm"]


def test_errors_are_proxy_responses_and_recorded(package: Path, start: Start, sink: XRaySink, tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    with start(package, "failing.handler", environment={"PYTHONPATH": str(tmp_path)}) as environment:
        responses = [environment.invoke(browser_event(path)) for path in ("/teapot", "/broken", "/nowhere")]
        log = environment.logs()
    assert [response.error for response in responses] == [None, None, None]
    assert [response.payload["statusCode"] for response in responses] == [418, 500, 404]
    records = sink.take(2)
    assert [record["annotations"]["status"] for record in records] == [418, 500, 404]
    assert records[1]["fault"] is True
    assert records[1]["cause"]["exceptions"][0]["type"] == "RuntimeError"
    assert "RuntimeError: it broke" in log


def test_an_unknown_event_fails_the_invocation_and_the_environment_goes_on(start: Start) -> None:
    with start() as environment:
        events: list[Any] = [{"pilotlight": "nonsense"}, b"null", [], "x", 1]
        responses = [environment.invoke(event) for event in events]
        assert all("UnknownPayloadError" in str(response.error) for response in responses)
        assert environment.invoke(browser_event()).payload["statusCode"] == 200


def test_an_unsampled_request_sends_no_record(start: Start, sink: XRaySink) -> None:
    with start() as environment:
        response = environment.invoke(browser_event(), trace_header=TRACE.replace("Sampled=1", "Sampled=0"))
        assert response.payload["statusCode"] == 200
    assert sink.take(0.2) == []
