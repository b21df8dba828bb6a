"""`eval "$(npm run -s local-env)"` points any command line at the stack that `npm start` runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from pilotlight_tools.local.deploy_tool import copy_service
from tests.conftest import until
from tests.support.project import PROJECT
from tests.support.started import Started, starting

LOCAL_ENV = [sys.executable, "-m", "pilotlight_tools.local", "local-env"]


@dataclass
class Shell:
    """A shell in the project of a running stack, with its variables."""

    project: Path
    started: Started
    url: str
    variables: Mapping[str, str]

    def run(self, *command: str) -> str:
        """Run a command that must succeed; return its output."""
        done = subprocess.run(
            command, cwd=self.project, env=self.variables, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def sls(self, *arguments: str) -> str:
        """Run the deploy tool."""
        return self.run(str(PROJECT / "node_modules/.bin/sls"), *arguments)


def evaluated(project: Path, **before: str) -> dict[str, str]:
    """The variables of a shell after `eval`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(project), **before}
    script = f'eval "$({" ".join(LOCAL_ENV)})" && env -0'
    done = subprocess.run(
        ["sh", "-c", script], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


@pytest.fixture(scope="module")
def shell(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("local-env")
    project, temporary = folder / "checkout", folder / "temporary"
    copy_service(sample_project, project)
    temporary.mkdir()
    with starting(temporary, project, PORT="0") as started:
        url = started.url()
        until(lambda: started.printed("Stop with Ctrl-C"), what="the introduction")
        before = {"AWS_PROFILE": "nowhere", "AWS_SESSION_TOKEN": "old", "NO_PROXY": "example.org"}
        yield Shell(project, started, url, evaluated(project, **before))


@pytest.mark.end_to_end
@pytest.mark.slow
class TestRunning:
    def test_logs_of_the_functions_are_read(self, shell: Shell) -> None:
        response = requests.get(f"{shell.url}/hello", timeout=60)
        assert response.headers["X-Request-Id"] in shell.sls("logs", "--function", "api", "--stage", "local")

    def test_a_tick_is_sent(self, shell: Shell) -> None:
        assert "5 of 5 environments" in shell.sls("warm", "--stage", "local")

    def test_a_function_is_invoked(self, shell: Shell) -> None:
        out = shell.sls("invoke", "--function", "api", "--stage", "local", "--path", "events/get-hello.json")
        assert "Hello from Lambda" in out

    def test_latency_reads_the_stack(self, shell: Shell) -> None:
        requests.get(f"{shell.url}/hello", timeout=60)
        out = shell.run(sys.executable, "-m", "pilotlight_tools.latency", "--stage", "local")
        assert "user request" in out

    def test_another_stage_is_deployed_and_its_addresses_answer(self, shell: Shell) -> None:
        out = shell.sls("deploy", "--stage", "mine")
        address = re.search(r"ANY - (http://127\.0\.0\.1:\S+/mine)/\n", out)
        assert address, out
        assert "amazonaws" not in out
        assert requests.get(f"{address[1]}/hello", timeout=60).json()["message"] == "Hello from Lambda"
        latency = shell.run(sys.executable, "-m", "pilotlight_tools.latency", "--stage", "mine")
        assert "user request" in latency

    def test_another_stage_does_not_take_the_place_of_the_one_that_runs(self, shell: Shell) -> None:
        shell.sls("deploy", "--stage", "another")
        serverless = shell.project / "serverless.yml"
        serverless.write_text(f"{serverless.read_text()}# changed\n")
        until(lambda: shell.started.printed(r"serverless\.yml: deployed again"), seconds=60, what="the deployment")
        requests.get(f"{shell.url}/hello?after", timeout=60).raise_for_status()
        until(lambda: shell.started.printed(r"GET +/hello\?after +200 .* environment"), what="the request's line")
        assert "sample-local-api" in shell.sls("info", "--stage", "local")

    def test_what_would_lead_elsewhere_is_taken_away_and_the_rest_stays(self, shell: Shell) -> None:
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & shell.variables.keys()
        assert shell.variables["NO_PROXY"] == "example.org,127.0.0.1"


def test_without_a_running_stack_nothing_is_exported(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(LOCAL_ENV, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"error: No local stack runs from {tmp_path}. Start it in another terminal: npm start\n"
