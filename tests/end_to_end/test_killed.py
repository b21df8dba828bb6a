"""SIGKILL of any one process of `npm start`: a clear message, nothing that runs on, and a clean next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from pilotlight_tools.latency.running import find_all
from tests.conftest import until
from tests.support.processes import children_of, is_alive
from tests.support.project import PROJECT
from tests.support.started import Started, starting

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]


@dataclass(frozen=True)
class Stack:
    """The process ids of a running stack, from the command down to an execution environment."""

    command: int
    supervisor: int
    engine: int
    environment: int

    def everything(self) -> set[int]:
        return {self.command, *children_of(self.command)}


def running(started: Started) -> Stack:
    """The stack of a command, once it has answered a request."""
    assert requests.get(f"{started.url()}/hello", timeout=60).status_code == 200
    command = started.process.pid
    [supervisor] = direct_children(command)
    [engine] = direct_children(supervisor)
    return Stack(command, supervisor, engine, direct_children(engine)[0])


def direct_children(parent: int) -> list[int]:
    listing = subprocess.run(["ps", "-Ao", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [[int(each) for each in line.split()] for line in listing.splitlines()]
    return [process for process, of in pairs if of == parent]


def nothing_runs(processes: set[int]) -> None:
    try:
        until(lambda: not any(map(is_alive, processes)), what=f"the end of {processes}")
    except AssertionError:
        for survivor in filter(is_alive, processes):
            os.kill(survivor, signal.SIGKILL)
        raise


@pytest.mark.parametrize(("which", "said"), [("supervisor", "its supervisor was killed"), ("engine", "it was killed")])
def test_a_killed_engine_ends_the_command_with_a_message(
    sample_project: Path, tmp_path: Path, which: str, said: str
) -> None:
    with starting(tmp_path, sample_project, PORT="0") as started:
        stack = running(started)
        processes = stack.everything()
        os.kill(getattr(stack, which), signal.SIGKILL)
        assert started.process.wait(30) == 1
        nothing_runs(processes)
        until(lambda: started.printed("Start again: npm start"), what="the message")
        assert started.printed(rf"error: The local engine ended unexpectedly \({said}\)")
        assert not started.printed("Traceback")
        started.leaves_nothing()
    assert find_all(sample_project) == []


def test_a_killed_execution_environment_is_replaced(sample_project: Path, tmp_path: Path) -> None:
    with starting(tmp_path, sample_project, PORT="0") as started:
        stack = running(started)
        os.kill(stack.environment, signal.SIGKILL)
        # The request that meets it fails, as on AWS where a function's process ends.
        until(lambda: requests.get(f"{started.url()}/hello", timeout=60).status_code == 200, what="another one")
        assert not started.ended()


def test_the_start_after_a_killed_command_removes_what_that_left(sample_project: Path, tmp_path: Path) -> None:
    with starting(tmp_path, sample_project, PORT="0") as killed:
        processes = running(killed).everything()
        killed.process.kill()
        nothing_runs(processes)
    assert list(tmp_path.iterdir()), "the store of the traces, which only the command knows"
    assert find_all(sample_project) == []
    with starting(tmp_path, sample_project, PORT="0") as again:
        again.url()
        until(lambda: again.printed("notice: removed 1 temporary folder"), what="the notice")
        assert [each.stage for each in find_all(sample_project)] == ["local"]
        again.process.send_signal(signal.SIGQUIT)
        assert again.process.wait(30) == 0, again.everything()
        again.leaves_nothing()
    assert find_all(sample_project) == []


def test_a_killed_set_up_ends_what_it_started(sample_project: Path, tmp_path: Path) -> None:
    """`npm start` is `node scripts/setup.mjs`, which starts Python in a process group of its own."""
    program = [sys.executable, "-m", "pilotlight_tools.local", "start", "--port", "0", "--project", str(sample_project)]
    log = tmp_path / "log"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with log.open("wb") as out:
        node = subprocess.Popen(
            ["node", "scripts/setup.mjs", "--for", "dev", "--", *program],
            cwd=PROJECT,
            env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "Stop with Ctrl-C" in log.read_text() or node.poll() is not None, seconds=90, what="the start")
        processes = children_of(node.pid)
        assert len(processes) >= 3, log.read_text()
    finally:
        node.kill()
        node.wait()
    nothing_runs(processes)
    assert "error: the process that started this one was killed" in log.read_text()
    assert list(temporary.iterdir()) == []


def test_the_set_up_says_that_its_command_was_killed() -> None:
    program = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    command = ["node", "scripts/setup.mjs", "--for", "dev", "--", *program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr.startswith("error: the command was killed (SIGKILL). Start it again")
