"""`npm start -- --debug`: a debugger stops in a route for as long as it likes, also after the code was replaced."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.conftest import until
from tests.support.debugger import Debugger
from tests.support.processes import children_of, is_alive, processes_with
from tests.support.project import PROJECT
from tests.support.started import Started, service_with, starting

HANDLER = """\
from pilotlight import Routes, entry_point

routes = Routes()


@routes.route("/breaks")
def breaks(request):
    breakpoint()
    return {"word": "gone on"}


@routes.route("/word")
def word(request):
    word = "first"
    return {"word": word}


handler = entry_point(routes)
"""
LINE = 15


@pytest.fixture
def project(sample_project: Path, tmp_path: Path) -> Path:
    folder = service_with(HANDLER, sample_project, tmp_path)
    serverless = folder / "serverless.yml"
    serverless.write_text(serverless.read_text().replace("timeout: 10 # seconds", "timeout: 1"))
    return folder


@pytest.fixture
def started(project: Path, tmp_path: Path) -> Iterator[Started]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with starting(temporary, project, "--debug", "0", PORT="0") as started:
        started.url()
        yield started
        processes = children_of(started.process.pid)
        debuggers = processes_with("debugpy/adapter", f"TMPDIR={temporary}")
        assert debuggers, "the debugger of the execution environment"
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0, started.everything()
        until(lambda: not any(map(is_alive, processes)), what="the end of what it started")
        until(lambda: not any(map(is_alive, debuggers)), what="the end of the debugger")
        started.leaves_nothing()


def port_of(started: Started) -> int:
    """The port in the banner."""
    found = started.printed(r"debug +127\.0\.0\.1:(\d+) \(api\)")
    assert found, started.everything()
    return int(found[1])


@pytest.mark.end_to_end
@pytest.mark.slow
def test_debugger_stops_in_a_route_beyond_its_timeout_and_again_in_new_code(project: Path, started: Started) -> None:
    url, port = f"{started.url()}/word", port_of(started)
    breakpoints = {"handler.py": [LINE]}
    with ThreadPoolExecutor(1) as pool, Debugger(port, project, breakpoints) as debugger:
        answer = pool.submit(requests.get, url, timeout=60)
        path, line, frame = debugger.stopped_at()
        assert (path, line) == (str(project / "handler.py"), LINE)
        assert debugger.value_of("word", frame) == "'first'"
        time.sleep(2)  # longer than the function's timeout
        assert not answer.done()
        debugger.go_on()
        assert answer.result().json() == {"word": "first"}

        (project / "handler.py").write_text(HANDLER.replace("first", "second"))
        assert debugger.event("terminated") == {"restart": True}
    with ThreadPoolExecutor(1) as pool, Debugger(port, project, breakpoints) as debugger:
        answer = pool.submit(requests.get, url, timeout=60)
        _, _, frame = debugger.stopped_at()
        assert debugger.value_of("word", frame) == "'second'"
        debugger.go_on()
        assert answer.result().json() == {"word": "second"}


@pytest.mark.end_to_end
@pytest.mark.slow
def test_breakpoint_stops_where_a_debugger_is_and_goes_on_where_none_is(project: Path, started: Started) -> None:
    url = f"{started.url()}/breaks"
    assert requests.get(url, timeout=60).json() == {"word": "gone on"}
    with ThreadPoolExecutor(1) as pool, Debugger(port_of(started), project, {}) as debugger:
        answer = pool.submit(requests.get, url, timeout=60)
        path, _, _ = debugger.stopped_at()
        assert path == str(project / "handler.py")
        debugger.go_on()
        assert answer.result().json() == {"word": "gone on"}


@pytest.mark.end_to_end
@pytest.mark.slow
def test_requests_wait_for_the_one_environment_and_web_pages_do_not_reach_the_debugger(started: Started) -> None:
    with ThreadPoolExecutor(5) as pool:
        answers = pool.map(lambda _: requests.get(f"{started.url()}/word", timeout=60).status_code, range(5))
        assert list(answers) == [200] * 5
    until(lambda: started.printed(r"(?s)(GET.*){5}"), what="the lines of the requests")
    assert len(set(re.findall(r"environment (\w+)\n", started.everything()))) == 1
    body = '{"seq": 1, "type": "request", "command": "initialize", "arguments": {}}'
    with pytest.raises(requests.ConnectionError):
        requests.post(f"http://127.0.0.1:{port_of(started)}/", data=body, timeout=60)


def test_taken_port_of_the_debugger_is_an_error_in_one_line(sample_project: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with starting(tmp_path, sample_project, "--debug", str(port), PORT="0") as started:
            assert started.process.wait(30) == 1
    [line] = started.everything().splitlines()
    assert f"port {port}" in line
    assert f"--debug {port + 1}" in line


def test_documented_launch_configuration_names_the_port_and_the_paths() -> None:
    [configuration] = re.findall(r"```json\n(.*?)```", (PROJECT / "docs/local.md").read_text(), re.DOTALL)
    [launch] = json.loads(configuration)["configurations"]
    assert launch["connect"] == {"host": "127.0.0.1", "port": 5678}
    assert launch["pathMappings"] == [{"localRoot": "${workspaceFolder}", "remoteRoot": "."}]
