"""`sls warm` and the tick after `sls deploy`, against a Lambda API that fails: no deployment fails with its tick."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("run_warm.cjs")
DEPLOY, WARM = "warmAfterDeployment", "warm"
TARGET = {"function": "sample-api", "requested": 10, "unique": 10, "cold": 2, "coverage": 1.0, "complete": True}
SUCCESSFUL = (200, {"LastUpdateStatus": "Successful"})
_ENVIRONMENT = {"PATH": os.environ["PATH"], "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true"}
"""Without a proxy of the developer's, which a local request must not pass."""
Response = tuple[int, Any]


def result(**changes: Any) -> Response:
    return 200, {"targets": [{**TARGET, "causes": [], **changes}]}


def error(status: int, name: str) -> Response:
    return status, {"__type": name, "message": "no"}


class LambdaApi(ThreadingHTTPServer):
    """Responds to an invocation with `invoked`, and to a look-up of any function with the next of `states`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.invoked: Response = result()
        self.function_error = ""
        self.states: list[Response] = [SUCCESSFUL]
        self.looked_up: list[str] = []

    def run(self, method: str, *options: str) -> list[list[str]]:
        """The lines that the method logs, each as its kind and its text."""
        request = {
            "method": method,
            "options": dict.fromkeys(options, True),
            "endpoint": f"http://127.0.0.1:{self.port}",
        }
        command = ["node", str(SCRIPT), json.dumps(request)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=_ENVIRONMENT)
        lines: list[list[str]] = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode, done.stderr) == (int("error" in kinds(lines)), ""), done.stderr
        return [line for line in lines if line != ["progress", "Warming"]]

    @property
    def port(self) -> int:
        return int(self.server_port)


class _Requests(BaseHTTPRequestHandler):
    server: LambdaApi

    def do_POST(self) -> None:
        self.respond(self.server.invoked, self.server.function_error)

    def do_GET(self) -> None:
        self.server.looked_up.append(self.path.split("/")[3])
        states = self.server.states
        self.respond(states.pop(0) if len(states) > 1 else states[0])

    def respond(self, response: Response, function_error: str = "") -> None:
        status, content = response
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        if isinstance(content, dict) and "__type" in content:
            self.send_header("x-amzn-ErrorType", content["__type"])
        if function_error:
            self.send_header("X-Amz-Function-Error", function_error)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def api() -> Iterator[LambdaApi]:
    with LambdaApi() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def kinds(lines: list[list[str]]) -> list[str]:
    return [kind for kind, _ in lines]


@pytest.mark.parametrize("method", [DEPLOY, WARM])
def test_it_prints_what_was_proved(api: LambdaApi, method: str) -> None:
    assert api.run(method) == [["success", "10 of 10 environments of sample-api warm (2 were cold)"]]
    assert set(api.looked_up) == {"sample-api", "sample-warmer"}


def test_it_prints_how_long_the_init_took_of_what_the_pings_started(api: LambdaApi) -> None:
    api.invoked = result(init_p50_ms=412.4)
    assert api.run(DEPLOY) == [["success", "10 of 10 environments of sample-api warm (2 were cold, init 412 ms)"]]


FAULTS = {
    "denied": (error(403, "AccessDeniedException"), "", "could not be invoked: AccessDeniedException: no"),
    "throttled": (error(429, "TooManyRequestsException"), "", "could not be invoked: TooManyRequestsException: no"),
    "timed out": ((200, {"errorMessage": "Task timed out"}), "Unhandled", "The warmer failed: Task timed out"),
    "not JSON and failed": ((200, "<html>"), "Unhandled", "The warmer failed: Unhandled"),
    "not JSON": ((200, "<html>"), "", "no result of a tick: <html>"),
    "not a result": ((200, None), "", "no result of a tick: null"),
    "empty": ((200, ""), "", "no result of a tick"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_tick_that_fails_is_a_warning_after_a_deployment_and_an_error_where_it_was_asked_for(
    api: LambdaApi, fault: str
) -> None:
    api.invoked, api.function_error, message = FAULTS[fault]
    ((kind, text),) = api.run(DEPLOY)
    assert (kind, text.startswith("The service is deployed, but it is not proved warm. ")) == ("warning", True)
    assert message in text
    for lines in (api.run(DEPLOY, "strict-warm"), api.run(WARM)):
        assert kinds(lines) == ["error"]
        assert message in lines[0][1]


def test_an_api_that_cannot_be_reached_is_a_warning_after_a_deployment(api: LambdaApi) -> None:
    api.server_port = 9  # nobody listens on the discard port
    lines = api.run(DEPLOY)
    assert kinds(lines) == ["notice", "warning"]
    assert all("ECONNREFUSED" in text for _, text in lines)


def test_incomplete_coverage_is_a_warning_with_its_causes(api: LambdaApi) -> None:
    api.invoked = result(unique=9, coverage=0.9, complete=False, causes=["one died", "two died"])
    described = "9 of 10 environments of sample-api warm: one died; two died"
    assert api.run(DEPLOY) == [["warning", described]]
    assert api.run(WARM, "strict-warm")[-1] == ["error", f"The service is not warm. {described}"]


@pytest.mark.parametrize(
    ("reason", "way"),
    [
        ("the account's unreserved concurrency is 10", "L-B99A9384"),
        ("the function's reserved concurrency is 10", "Raise the function's `reservedConcurrency`"),
    ],
)
def test_what_does_not_fit_is_one_warning_with_the_way_to_raise_the_limit(
    api: LambdaApi, reason: str, way: str
) -> None:
    cause = f"only 7 of 10 pings fit: {reason}"
    api.invoked = result(unique=7, coverage=0.7, limited_to=7, causes=[cause])
    ((kind, text),) = api.run(DEPLOY)
    assert (kind, text.startswith(f"7 of 10 environments of sample-api warm: {cause}. ")) == ("warning", True)
    assert way in text
    assert api.run(DEPLOY, "strict-warm")[-1][0] == "error"


def test_two_targets_that_do_not_fit_are_one_warning(api: LambdaApi) -> None:
    limited = {**TARGET, "unique": 7, "coverage": 0.7, "limited_to": 7, "causes": ["the account is small"]}
    api.invoked = 200, {"targets": [limited, {**limited, "function": "other"}]}
    ((kind, text),) = api.run(WARM)
    assert (kind, text.count("L-B99A9384"), text.count("7 of 10")) == ("warning", 1, 2)


def test_it_waits_until_lambda_has_updated_the_functions(api: LambdaApi) -> None:
    updating: Response = (200, {"LastUpdateStatus": "InProgress"})
    api.states = [SUCCESSFUL, updating, updating, SUCCESSFUL]
    lines = api.run(WARM)
    assert lines == [*[["progress", "Waiting until Lambda has updated sample-api"]] * 2, lines[-1]]
    assert lines[-1][0] == "success"
    assert api.looked_up == ["sample-warmer", *["sample-api"] * 3]


def test_an_update_that_failed_is_an_error_with_its_reason(api: LambdaApi) -> None:
    api.states = [(200, {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "The image is gone"})]
    assert api.run(WARM) == [["error", "The last update of sample-warmer failed: The image is gone"]]
    assert kinds(api.run(DEPLOY)) == ["warning"]


def test_updates_whose_status_may_not_be_read_are_not_waited_for(api: LambdaApi) -> None:
    api.states = [error(403, "AccessDeniedException")]
    lines = api.run(WARM)
    assert kinds(lines) == ["notice", "success"]
    assert "AccessDeniedException: no" in lines[0][1]


def test_a_service_that_is_not_deployed_is_said_once(api: LambdaApi) -> None:
    api.states = [error(404, "ResourceNotFoundException")]
    api.invoked = error(404, "ResourceNotFoundException")
    ((kind, text),) = api.run(WARM)
    assert (kind, "not deployed: run `sls deploy` first" in text) == ("error", True)
