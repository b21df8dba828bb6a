"""What a ping does for the requests after it: the service's own prewarm, Powertools' flags, downstream tracing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import pytest

from pilotlight import HttpError, Request, Routes, entry_point
from pilotlight.environment import ExecutionEnvironment
from pilotlight.events import http_event, rest_event
from pilotlight.ping import KEY, Machine, Ping
from pilotlight.preparation import clear_cold_start_flags
from pilotlight.testing import ping
from pilotlight.wrapping import Options, wrap
from tests.support.events import MACHINE, Context, unused
from tests.support.project import PROJECT

PING = Ping("a1", 0, 1, 0.0).event()


def test_prewarm_runs_once_at_the_first_ping_and_its_time_is_in_the_reply() -> None:
    given = []

    def service(event: Any, _: Any) -> dict[str, Any]:
        return {"statusCode": 200, "body": event["path"]}

    def prewarm(handler: Any, context: Any) -> object:
        given.append((handler, context))
        time.sleep(0.002)
        return handler(rest_event("GET", "/orders/1"), context)

    context = Context()
    handler = wrap(service, Options(prewarm=prewarm), ExecutionEnvironment(), MACHINE)
    first, second = (handler(PING, context)[KEY] for _ in range(2))
    assert given == [(service, context)]
    assert first["prewarm_ms"] >= 2
    assert (second["prewarm_ms"], first["notes"], second["notes"]) == (0.0, [], [])
    assert second["served"] == 0, "what prewarm sends is no request of a user"


class NoMessageError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (ValueError("no such table"), "prewarm failed: ValueError: no such table"),
        (SystemExit(3), "prewarm failed: SystemExit: 3"),
        (NoMessageError(), "prewarm failed: NoMessageError: its message could not be made"),
        (ValueError("x" * 1000), f"prewarm failed: ValueError: {'x' * 272}"),
    ],
)
def test_a_prewarm_that_fails_is_a_note_and_its_traceback_is_in_the_log(
    error: BaseException, note: str, caplog: pytest.LogCaptureFixture
) -> None:
    def prewarm(*_: Any) -> None:
        raise error

    handler = wrap(unused, Options(prewarm=prewarm), ExecutionEnvironment(), MACHINE)
    assert handler(PING, Context())[KEY]["notes"] == [note]
    assert "Traceback" in caplog.text


def test_a_prewarm_whose_request_is_refused_says_so() -> None:
    """It warms little, and would look like success."""
    handler = wrap(lambda *_: {"statusCode": 404}, Options(prewarm=lambda service, context: service({}, context)))
    assert ping(handler)["notes"] == ["prewarm failed: its request was answered with status 404"]


@pytest.mark.parametrize("make", [rest_event, http_event])
def test_prewarm_sends_requests_through_our_own_routes_too(make: Any) -> None:
    routes, served = Routes(), []

    @routes.route("/orders/{id}")
    def order(request: Request) -> dict[str, str]:
        served.append(request.path_parameters["id"])
        raise HttpError(503, "its database is cold")

    environment = ExecutionEnvironment()
    handler = entry_point(
        routes, environment, MACHINE, prewarm=lambda service, context: service(make("GET", "/orders/7"), context)
    )
    reply = handler(PING, Context())[KEY]
    assert served == ["7"]
    assert reply["notes"] == ["prewarm failed: its request was answered with status 503"]
    assert environment.served == 0


def powertools(monkeypatch: pytest.MonkeyPatch, **flags: object) -> dict[str, ModuleType]:
    """Load modules of the names that Powertools has; test_frameworks.py holds them to the real ones."""
    found = {}
    for name, flag in {"": None, ".logging": None, ".tracing": None, ".metrics": None, **flags}.items():
        module = ModuleType(f"aws_lambda_powertools{name}")
        if flag is not None:
            module.is_cold_start = flag  # type: ignore[attr-defined]
        found[name] = module
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return found


def test_a_layout_of_powertools_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = powertools(monkeypatch, **{".logging.logger": True, ".tracing.tracer": "yes", ".shared.version": None})
    found[".shared.version"].VERSION = "9.1.0"  # type: ignore[attr-defined]
    assert clear_cold_start_flags() == (
        "Powertools 9.1.0 keeps its cold-start flag of tracing in an unknown place",
        "Powertools 9.1.0 keeps its cold-start flag of metrics in an unknown place",
    )
    assert found[".logging.logger"].is_cold_start is False
    assert found[".tracing.tracer"].is_cold_start == "yes"


def test_nothing_of_powertools_is_loaded_or_told_where_the_service_has_none() -> None:
    assert clear_cold_start_flags() == ()
    assert not [name for name in sys.modules if name.startswith("aws_lambda_powertools")]


@pytest.mark.parametrize(
    ("variable", "of_entry_point", "of_warmable"),
    [("", 1, 0), ("xray", 1, 1), ("xray-init", 0, 0), ("otel", 0, 0), ("off", 0, 0)],
)
def test_a_ping_prepares_downstream_tracing_as_the_setting_says(
    variable: str, of_entry_point: int, of_warmable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    machine = Machine(prepare=lambda: prepared.append("xray"))
    own = entry_point(Routes(), ExecutionEnvironment(), machine)
    others = wrap(unused, Options(), ExecutionEnvironment(), machine)
    monkeypatch.setenv("PILOTLIGHT_DOWNSTREAM_TRACING", variable)
    own(PING, Context())
    assert len(prepared) == of_entry_point
    others(PING, Context())
    assert len(prepared) - of_entry_point == of_warmable


@pytest.mark.parametrize(("setting", "is_loaded"), [("xray-init", True), ("xray", False), ("otel", False)])
@pytest.mark.parametrize("handler", ["pilotlight.entry_point(pilotlight.Routes())", "pilotlight.warmable(print)"])
def test_the_sdk_is_loaded_in_the_init_only_where_that_is_asked_for(
    setting: str, is_loaded: bool, handler: str
) -> None:
    code = (
        f"import sys, json, pilotlight; handler = {handler}\n"
        "print(json.dumps(sorted({'aws_xray_sdk.core', 'opentelemetry'} & sys.modules.keys())))"
    )
    variables = {"PILOTLIGHT_DOWNSTREAM_TRACING": setting, "LAMBDA_TASK_ROOT": "/var/task", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=variables, capture_output=True, text=True)
    assert json.loads(done.stdout) == (["aws_xray_sdk.core"] if is_loaded else [])
