"""The local engine: ready when entered, only on the loopback interface, and nothing is left however it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight_tools.local.engine import Engine, EngineError, free_port, is_free
from tests.conftest import until
from tests.support.functions import create_function, invoke_function
from tests.support.processes import children_of, is_alive, listening_addresses
from tests.support.project import PROJECT

pytestmark = pytest.mark.slow
FUNCTION = """
import json, os, time
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"environment": dict(os.environ), "pid": os.getpid()}
"""
PROGRAM = """
import boto3, json, sys, time
from pilotlight_tools.local.engine import Engine
from tests.local.test_engine import create_tell, invoke
from tests.support.project import PROJECT
with Engine() as engine:
    create_tell(engine)
    function = invoke(engine)["pid"]
    boto3.client("lambda", **engine.connection).invoke(  # keeps it busy: an idle one would end with the engine's pipe
        FunctionName="tell", InvocationType="Event", Payload=json.dumps({"seconds": 600})
    )
    print(json.dumps({"folder": str(engine.folder), "port": engine.port, "function": function}), flush=True)
    time.sleep(600)
"""
"""Starts an engine with a function in it, prints what there is, and then waits to be killed."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(account_concurrency=2, daemon_address="127.0.0.1:2000")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", "mine")
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        patch.setenv("PYTHONPATH", "/nowhere")
        engine.__enter__()
    try:
        create_tell(engine)
        yield engine
    finally:
        engine.stop()


def create_tell(engine: Engine) -> None:
    """Create a function that returns facts about its process."""
    create_function(engine, "tell", FUNCTION, Timeout=900)


def invoke(engine: Engine, **event: Any) -> dict[str, Any]:
    result: dict[str, Any] = invoke_function(engine, "tell", event)
    return result


def test_engine_responds_as_soon_as_it_is_entered(engine: Engine) -> None:
    identity = boto3.client("sts", **engine.connection).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"


def test_what_the_engine_keeps_lies_in_its_own_folder(engine: Engine) -> None:
    environment = invoke(engine)["environment"]
    for name in ("TMPDIR", "STATE_DIR", "S3_DATA_DIR"):  # the engine's defaults are fixed folders that would remain
        assert environment[name].startswith(str(engine.folder))


def test_functions_inherit_the_daemon_address_and_nothing_of_the_developers_own_settings(engine: Engine) -> None:
    environment = invoke(engine)["environment"]
    assert environment["AWS_XRAY_DAEMON_ADDRESS"] == "127.0.0.1:2000"
    assert environment["AWS_ENDPOINT_URL"] == engine.url
    assert not {"AWS_PROFILE", "HTTP_PROXY", "PYTHONPATH", "AWS_CONFIG_FILE"} & environment.keys()
    assert environment["HOME"] == str(engine.folder)
    assert engine.secret not in environment.values()
    assert not (engine.folder / "secret").exists()


def test_account_concurrency_is_a_real_throttle(engine: Engine) -> None:
    client = boto3.client("lambda", **engine.connection)

    def outcome(_: int) -> str:
        try:
            client.invoke(FunctionName="tell", Payload=json.dumps({"seconds": 2}))
        except client.exceptions.TooManyRequestsException as error:
            return error.response["Error"]["Code"]
        return "succeeded"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(outcome, range(6)))
    assert set(outcomes) == {"succeeded", "TooManyRequestsException"}
    assert outcomes.count("succeeded") >= 2


def test_engine_listens_on_the_loopback_interface_and_nowhere_else(engine: Engine) -> None:
    assert engine.process_id is not None
    assert listening_addresses(engine.process_id) == {("127.0.0.1", engine.port)}


def test_a_taken_port_is_an_error_that_names_it(engine: Engine) -> None:
    other = Engine(port=engine.port)
    with pytest.raises(EngineError, match=str(engine.port)), other:
        pass
    assert other.process_id is None
    assert engine.running()


def test_stop_leaves_no_process_no_port_and_no_folder() -> None:
    with Engine() as engine:
        create_tell(engine)
        function = invoke(engine)["pid"]
        assert engine.process_id is not None
        processes = {function, *children_of(engine.process_id)}
        assert (engine.folder / "engine.log").exists()
    assert not engine.folder.exists()
    assert not engine.running()
    until(lambda: not any(map(is_alive, processes)), what=f"the end of {processes}")
    assert is_free(engine.port)


def test_an_exception_inside_ends_the_engine_too() -> None:
    with pytest.raises(KeyError), Engine() as engine:
        raise KeyError
    assert not engine.folder.exists()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_survives_a_process_that_dies_without_cleaning_up(signal_number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        printed = json.loads(program.stdout.readline())
        processes = {printed["function"], *children_of(program.pid)}
        assert len(processes) >= 3, "the supervisor, the engine and the function's environment"
        program.send_signal(signal_number)
    until(lambda: not any(map(is_alive, processes)), what=f"the end of {processes}")
    until(lambda: not Path(printed["folder"]).exists(), what="the end of the engine's folder")
    assert is_free(printed["port"])


def test_free_port_is_free() -> None:
    assert is_free(free_port())


def test_supervisor_passes_the_exit_code_on_and_keeps_the_folder_of_what_failed(tmp_path: Path) -> None:
    supervisor = PROJECT / "pilotlight_tools" / "local" / "supervisor.py"
    command = [sys.executable, "-c", "import sys; sys.exit(7)"]
    with subprocess.Popen([sys.executable, supervisor, tmp_path, *command], stdin=subprocess.PIPE) as process:
        assert process.wait(20) == 7
    assert tmp_path.exists()
