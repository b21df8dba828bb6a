"""The log of each invocation is complete, is its own, and never shows how the engine tells where it ends."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import boto3
import pytest
from ministack.core import lambda_runtime

from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.launcher import logs
from tests.conftest import until
from tests.support.functions import create_function, invoke_function

FUNCTION = r"""
import os, subprocess, sys, threading, time
def handler(event, context):
    exec(event["code"], {"os": os, "sys": sys, "subprocess": subprocess, "time": time})
    return "done"
"""
CASES = {
    "nothing": ("pass", []),
    "a line": ("print('one')", ["one"]),
    "no newline at the end": ("print('one', end='')", ["one"]),
    "stderr": ("print('one', file=sys.stderr)", ["one"]),
    "a child process": ("subprocess.run(['echo', 'one'])", ["one"]),
    "bytes that are no text": ("os.write(2, b'\\xff one\\n')", ["\ufffd one"]),
    "a slow line": ("time.sleep(0.2); print('one')", ["one"]),
    "many lines": ("print('\\n'.join(f'line {n}' for n in range(5000)))", [f"line {n}" for n in range(5000)]),
    "a closed stderr": ("print('one'); sys.stderr.flush(); sys.stderr = None", ["one"]),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.mark.slow
class TestEngine:
    @pytest.mark.parametrize("case", CASES)
    def test_what_a_function_writes_is_in_its_log(self, engine: Engine, case: str) -> None:
        code, expected = CASES[case]
        name = case.replace(" ", "-")
        create_function(engine, name, FUNCTION)
        assert invoke_function(engine, name, {"code": code}) == "done"
        invoke_function(engine, name, {"code": "print('next')"})
        assert own_lines(engine, name) == [*expected, "next"]

    def test_what_is_written_before_an_exception_is_in_the_log(self, engine: Engine) -> None:
        create_function(engine, "raises", FUNCTION)
        invoke_function(engine, "raises", {"code": "print('before'); raise ValueError('broken')"})
        found = own_lines(engine, "raises")
        assert found[0] == "before"
        assert any("ValueError: broken" in line for line in found)

    def test_not_one_line_before_an_exception_is_lost(self, engine: Engine) -> None:
        """The engine ends the worker as soon as it has the answer."""
        create_function(engine, "loses", FUNCTION)
        for number in range(20):
            invoke_function(
                engine, "loses", {"code": f"print('line {number}', end=''); raise ValueError('x' * 20_000)"}
            )
        found = own_lines(engine, "loses")
        assert [line for line in found if line.startswith("line ")] == [f"line {number}" for number in range(20)]

    def test_what_is_written_before_the_process_ends_is_in_the_log(self, engine: Engine) -> None:
        create_function(engine, "dies", FUNCTION)
        invoke_function(engine, "dies", {"code": "print('before', flush=True); os._exit(1)"})
        assert own_lines(engine, "dies")[0] == "before"

    def test_a_function_that_closes_its_stderr_is_served_on(self, engine: Engine) -> None:
        create_function(engine, "closes", FUNCTION)
        assert invoke_function(engine, "closes", {"code": "print('one', flush=True); os.close(2)"}) == "done"
        assert invoke_function(engine, "closes", {"code": "pass"}) == "done"
        assert own_lines(engine, "closes") == ["one"]

    def test_what_is_written_before_a_timeout_is_in_the_log(self, engine: Engine) -> None:
        create_function(engine, "hangs", FUNCTION, Timeout=1)
        invoke_function(engine, "hangs", {"code": "print('before'); time.sleep(60)"})
        assert own_lines(engine, "hangs")[0] == "before"


def own_lines(engine: Engine, name: str) -> list[str]:
    """The log without Lambda's own lines."""
    client = boto3.client("logs", **engine.connection)

    def read() -> list[str]:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        text = "\n".join(event["message"].rstrip("\n") for page in pages for event in page["events"])
        return [
            line for line in text.split("\n") if line and not line.startswith(("START ", "END ", "REPORT ", "INIT_"))
        ]

    found = until(read, what=f"the log of {name}")
    assert not [line for line in found if "\0" in line]
    return found


def test_another_worker_than_the_known_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of the engine must not run half changed; the launcher then ends with the reason."""
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "print('rewritten')")
    with pytest.raises(ValueError, match="its Python worker has"):
        logs.install()


def test_a_log_ends_at_its_mark() -> None:
    lines: queue.Queue[object] = queue.Queue()
    for line in ("one", f"two{logs._MARK}", "next"):
        lines.put(line)
    assert logs.log_of(lines) == "one\ntwo"
    assert lines.get_nowait() == "next"


def test_a_worker_that_ends_without_a_mark_is_not_waited_for() -> None:
    lines: queue.Queue[object] = queue.Queue()
    for line in ("one", logs._ENDED):
        lines.put(line)
    assert logs.log_of(lines, longest_seconds=float("inf")) == "one"
    assert logs.log_of(lines, longest_seconds=float("inf")) == ""


def test_a_mark_that_comes_too_late_does_not_end_the_next_log() -> None:
    lines: queue.Queue[object] = queue.Queue()
    lines.put("one")
    assert logs.log_of(lines, longest_seconds=0.01) == "one"
    for line in (f"late{logs._MARK}", "two", logs._MARK):
        lines.put(line)
    assert logs.log_of(lines, longest_seconds=float("inf")) == "late\ntwo"


def test_a_process_that_keeps_stderr_open_is_waited_for_a_while_only() -> None:
    lines: queue.Queue[object] = queue.Queue()
    lines.put("one")
    assert logs.log_of(lines, longest_seconds=0.01) == "one"
