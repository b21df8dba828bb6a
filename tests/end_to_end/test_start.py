"""`npm start`'s command, run for real: it serves, prints what happens, and ends without leaving anything behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from pilotlight_tools.local.deploy_tool import copy_service
from pilotlight_tools.local.engine import is_free
from tests.conftest import until
from tests.support.processes import arguments, children_of, is_alive
from tests.support.project import PROJECT
from tests.support.started import starting


@pytest.mark.end_to_end
@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_start_serves_prints_what_happens_and_leaves_nothing(
    sample_project: Path, tmp_path: Path, signal_number: signal.Signals
) -> None:
    with starting(tmp_path, sample_project, PORT="0") as started:
        url = started.url()
        port = int(url.rsplit(":", 1)[1])
        assert requests.get(f"{url}/hello?name=marie", timeout=60).json()["query"] == {"name": "marie"}
        until(lambda: started.printed(r"GET +/hello\?name=marie +200 .* (cold \(init|warm)"), what="the request's line")
        until(lambda: started.printed(r"tick +\d of \d environments warm"), what="the first tick, long before its time")
        assert "no route" in requests.get(f"{url}/", timeout=60).text, "a program gets the service's own response"
        welcome = requests.get(f"{url}/", headers={"Accept": "text/html"}, timeout=60)
        assert (welcome.status_code, "<h1>sample-local is running</h1>" in welcome.text) == (404, True), welcome.text
        curls = re.findall(r"^ +(curl .*)$", started.everything(), re.MULTILINE)
        assert len(curls) == 3
        for curl in curls:
            assert subprocess.run(["sh", "-c", f"{curl} -s"], capture_output=True, timeout=60, check=True).stdout
        processes = children_of(started.process.pid)
        assert len(processes) >= 3, "the supervisor, the engine and at least one execution environment"
        started.process.send_signal(signal_number)
        started.process.send_signal(signal_number)  # the terminal's signal comes again from npm
        assert started.process.wait(30) == 0, started.everything()
        until(lambda: not any(map(is_alive, processes)), what="the end of what it started")
        started.leaves_nothing()
        assert is_free(port)


@pytest.mark.end_to_end
@pytest.mark.slow
def test_start_runs_the_service_of_another_folder(sample_project: Path, tmp_path: Path) -> None:
    elsewhere, temporary = tmp_path / "elsewhere", tmp_path / "temporary"
    elsewhere.mkdir()
    temporary.mkdir()
    arguments = ("--project", str(sample_project))
    with starting(temporary, elsewhere, *arguments, PORT="0", PYTHONPATH=str(PROJECT)) as started:
        assert requests.get(f"{started.url()}/hello", timeout=60).status_code == 200
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0, started.everything()
        started.leaves_nothing()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.end_to_end
def test_interrupted_deployment_leaves_nothing(sample_project: Path, tmp_path: Path) -> None:
    with starting(tmp_path, sample_project, PORT="0") as started:
        until(lambda: started.printed("Deploying stage local"), seconds=60, what="the deployment to begin")
        processes = children_of(started.process.pid)
        started.process.send_signal(signal.SIGTERM)
        assert started.process.wait(30) == 130, started.everything()
        until(lambda: not any(map(is_alive, processes)), what="the end of what it started")
        started.leaves_nothing()


def test_taken_port_is_an_error_in_one_line(sample_project: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with starting(tmp_path, sample_project, PORT=str(port)) as started:
            assert started.process.wait(30) == 1
        [line] = started.everything().splitlines()
        assert f"port {port}" in line
        assert "PORT=0" in line
        started.leaves_nothing()


def test_an_empty_port_is_the_default() -> None:
    code = "from pilotlight_tools.local.__main__ import _parser; print(_parser().parse_args(['start']).port)"
    done = subprocess.run([sys.executable, "-c", code], env={"PORT": ""}, capture_output=True, text=True, check=True)
    assert done.stdout == "3000\n"


def test_a_mistake_in_serverless_yml_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "serverless.yml").write_text("service: shop\nparams: [\n")
    with starting(temporary, PROJECT, "--project", str(tmp_path), PORT="0") as started:
        assert started.process.wait(30) == 1
    [line] = started.everything().splitlines()
    assert line.startswith(f"error: {tmp_path}/serverless.yml:3:1 is not valid YAML")
    started.leaves_nothing()


@pytest.mark.end_to_end
@pytest.mark.slow
def test_an_engine_that_ends_during_the_deployment_is_said(sample_project: Path, tmp_path: Path) -> None:
    with starting(tmp_path, sample_project, PORT="0") as started:
        until(lambda: started.printed("Deploying stage local"), seconds=60, what="the deployment to begin")
        launched = [(each, " ".join(arguments(each))) for each in children_of(started.process.pid)]
        [engine] = [each for each, line in launched if "launcher.main" in line and "supervisor.py" not in line]
        os.kill(engine, signal.SIGKILL)
        assert started.process.wait(60) == 1, started.everything()
    assert started.printed("error: The local engine ended unexpectedly. The end of its log:")
    assert not started.printed("Traceback")
    started.leaves_nothing()


@pytest.mark.parametrize("port", ["none", "65536", "-1", "80 80"])
def test_invalid_port_is_refused(sample_project: Path, tmp_path: Path, port: str) -> None:
    with starting(tmp_path, sample_project, PORT=port) as started:
        assert started.process.wait(30) == 2
    assert "give a number from 0 to 65535" in started.everything()


@pytest.mark.end_to_end
def test_failed_deployment_shows_the_output_of_the_deploy_tool(sample_project: Path, tmp_path: Path) -> None:
    checkout, temporary = tmp_path / "checkout", tmp_path / "temporary"
    temporary.mkdir()
    copy_service(sample_project, checkout)
    serverless = checkout / "serverless.yml"
    serverless.write_text(serverless.read_text().replace("runtime: python3.13", "runtime: python2.0"))
    with starting(temporary, checkout, PORT="0") as started:
        assert started.process.wait(60) == 1
    assert started.printed(r"error: `sls deploy .*` failed with exit code 1. Its output:")
    assert started.printed("provider.runtime")
    assert not started.printed("Traceback")
    started.leaves_nothing()


def test_missing_module_is_an_error_with_a_remedy() -> None:
    # -S leaves out site-packages: a Python in which nothing was installed.
    command = [sys.executable, "-S", "-m", "pilotlight_tools.local", "start"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "has no module" in done.stderr
    assert "npm start" in done.stderr
    assert "Traceback" not in done.stderr
