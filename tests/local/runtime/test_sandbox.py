"""The sandbox: the real runtime client against our Runtime API, and every way in which a function can end."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox

DESCRIPTORS = Path("/proc/self/fd")
FUNCTION = """
import os
import time


def handler(event, context):
    if event == "raise":
        raise ValueError("no such thing")
    if event == "exit":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    if event == "context":
        trace = os.environ["_X_AMZN_TRACE_ID"]
        return {"id": context.aws_request_id, "arn": context.invoked_function_arn, "trace": trace}
    return {"event": event, "process": os.getpid()}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "function.py").write_text(FUNCTION)
    return tmp_path


def environment(folder: Path, handler: str = "function.handler", timeout_seconds: float = 10) -> Sandbox:
    return Sandbox(folder, handler, python=runtime_python(), timeout_seconds=timeout_seconds)


def test_one_process_handles_every_event_and_returns_each_result(folder: Path) -> None:
    with environment(folder) as started:
        large = "x" * 1_000_000
        results = [started.invoke(event) for event in ({"a": 1}, ["ü"], large)]
        assert [result.payload["event"] for result in results] == [{"a": 1}, ["ü"], large]
        assert {result.payload["process"] for result in results} == {started.process.pid}
        assert len({result.request_id for result in results}) == 3
        assert 0 < (started.init_ms or 0) < (started.first_response_ms or 0)


def test_the_function_sees_the_invocations_own_context(folder: Path) -> None:
    with environment(folder) as started:
        result = started.invoke("context", trace_header="Root=1-00000000-0;Sampled=0")
        assert result.payload == {"id": result.request_id, "arn": started.arn, "trace": "Root=1-00000000-0;Sampled=0"}


def test_an_exception_is_lambdas_error_and_the_environment_lives_on(folder: Path) -> None:
    with environment(folder) as started:
        result = started.invoke("raise")
        assert (result.payload, (result.error or {})["errorType"]) == (None, "ValueError")
        assert (result.error or {})["errorMessage"] == "no such thing"
        assert started.invoke(1).payload["event"] == 1


def test_an_exit_and_a_timeout_are_errors_and_end_the_environment(folder: Path) -> None:
    with environment(folder) as started:
        assert "exit status 3" in (started.invoke("exit").error or {})["errorMessage"]
        assert not started.alive
    with environment(folder, timeout_seconds=0.3) as started:
        assert (started.invoke("sleep").error or {})["errorType"] == "Sandbox.Timedout"
        assert not started.alive


def test_an_init_that_fails_says_why(folder: Path) -> None:
    with (
        environment(folder, "function.nothing") as started,
        pytest.raises(RuntimeError, match=r"Runtime\.HandlerNotFound"),
    ):
        started.invoke(1)


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="open files are counted in /proc")
def test_nothing_is_left_behind(folder: Path) -> None:
    before = len(list(DESCRIPTORS.iterdir()))
    with environment(folder) as started:
        started.invoke(1)
    assert started.process.returncode is not None
    assert len(list(DESCRIPTORS.iterdir())) <= before
