"""An invocation that runs while a function gets new code ends with the code that it began with, as on Lambda."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from pilotlight_tools.local.engine import Engine
from tests.conftest import until
from tests.support.functions import create_function, invoke_function
from tests.support.processes import is_alive

FUNCTION = """
import os, pathlib, time
def handler(event, context):
    if "go_on" in event:
        pathlib.Path(event["began"]).write_text(str(os.getpid()))
        while not os.path.exists(event["go_on"]):
            time.sleep(0.02)
    return "old"
"""
WORD = """
import time
def handler(event, context):
    time.sleep(event.get("hold_seconds", 0))
    return "word"
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def update(engine: Engine, name: str, code: str) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("index.py", code)
    boto3.client("lambda", **engine.connection).update_function_code(FunctionName=name, ZipFile=zipped.getvalue())


@pytest.mark.slow
def test_running_invocation_ends_with_its_code_and_its_environment_after_it(engine: Engine, tmp_path: Path) -> None:
    create_function(engine, "replaced", FUNCTION, Timeout=60)
    began, go_on = tmp_path / "began", tmp_path / "go_on"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke_function, engine, "replaced", {"began": str(began), "go_on": str(go_on)})
        process = int(until(lambda: began.exists() and began.read_text(), what="the invocation") or 0)
        update(engine, "replaced", FUNCTION.replace("old", "new"))
        assert invoke_function(engine, "replaced", {}) == "new"
        assert is_alive(process)
        go_on.touch()
        assert running.result() == "old"
    until(lambda: not is_alive(process), what="the end of the environment")


@pytest.mark.slow
def test_idle_environments_end_at_once(engine: Engine, tmp_path: Path) -> None:
    create_function(engine, "idle", FUNCTION)
    began, go_on = tmp_path / "began", tmp_path / "go_on"
    go_on.touch()
    invoke_function(engine, "idle", {"began": str(began), "go_on": str(go_on)})
    update(engine, "idle", FUNCTION.replace("old", "new"))
    until(lambda: not is_alive(int(began.read_text())), what="the end of the environment")


@pytest.mark.slow
def test_no_environment_keeps_code_that_was_replaced_while_it_started(engine: Engine) -> None:
    create_function(engine, "raced", WORD.replace("word", "0"))
    with ThreadPoolExecutor(6) as pool:
        for number in map(str, range(1, 9)):
            during = [pool.submit(invoke_function, engine, "raced", {}) for _ in range(40)]
            update(engine, "raced", WORD.replace("word", number))
            for each in during:
                each.result()
            after = [pool.submit(invoke_function, engine, "raced", {"hold_seconds": 0.05}) for _ in range(12)]
            assert {each.result() for each in after} == {number}
