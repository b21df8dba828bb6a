"""Two releases run side by side during every deployment: this one and 0.1.0, both ways, over real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pilotlight import ping
from pilotlight.entry import entry_point
from pilotlight.ping import Ping
from pilotlight.routing import Routes
from pilotlight.warming.replies import read_reply
from tests.support.events import MACHINE, Context
from tests.support.faulty_api import FaultyApi, Request
from tests.support.project import PROJECT
from tests.support.ticks import Ticks

RELEASE = PROJECT / "tests" / "support" / "pilotlight-0.1.0.zip"
NEW, OLD = "00000000000000bb", "00000000000000aa"
WARMER_0_1_0 = """
import json, warmer
assert warmer.__file__.startswith({release!r})

class Context:
    aws_request_id = "request-1"
    def get_remaining_time_in_millis(self):
        return 30000

print(json.dumps([warmer.handler({{}}, Context()) for tick in range(2)]))
"""
API_0_1_0 = """
import json, sys, pilotlight
from types import SimpleNamespace
from pilotlight.entry import entry_point
from pilotlight.routing import Routes
assert pilotlight.__file__.startswith({release!r})
handler, lines = entry_point(Routes()), sys.stdout
sys.stdout = sys.stderr
for line in sys.stdin:
    event, request_id = json.loads(line)
    print(json.dumps(handler(event, SimpleNamespace(aws_request_id=request_id))), file=lines, flush=True)
"""


def command(code: str) -> Sequence[str]:
    return [sys.executable, "-c", code.format(release=str(RELEASE))]


def with_release(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(RELEASE), **variables}


class Environments:
    """Today's API: an execution environment for each invocation that finds none idle."""

    def __init__(self) -> None:
        self.idle: list[Callable[[Any, Any], Any]] = []

    def __call__(self, request: Request) -> None:
        try:
            handler = self.idle.pop()
        except IndexError:
            handler = entry_point(Routes(), machine=MACHINE)
        response = handler(json.loads(request.body), Context())
        self.idle.append(handler)
        request.respond(response)


class EnvironmentOfRelease:
    """The API of 0.1.0: one execution environment, a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.one_at_a_time = threading.Lock()

    def invoke(self, event: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.one_at_a_time:
            print(json.dumps([event, str(uuid4())]), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())


@pytest.fixture
def released(tmp_path: Path) -> Iterator[EnvironmentOfRelease]:
    with subprocess.Popen(
        command(API_0_1_0),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env=with_release(),
    ) as process:
        yield EnvironmentOfRelease(process)
        assert process.stdin is not None
        process.stdin.close()


def test_the_warmer_of_0_1_0_proves_todays_api(api: FaultyApi, tmp_path: Path) -> None:
    api.behaves = Environments()
    variables = with_release(
        AWS_ENDPOINT_URL_LAMBDA=f"http://localhost:{api.port}",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
        AWS_DEFAULT_REGION="eu-central-1",
        PILOTLIGHT_TARGETS='[{"function": "api", "concurrency": 5}]',
    )
    done = subprocess.run(
        command(WARMER_0_1_0), check=True, capture_output=True, text=True, cwd=tmp_path, env=variables
    )
    first, second = json.loads(done.stdout.splitlines()[-1])
    assert (first["unique"], first["cold"], first["failed"]) == (5, 5, 0)
    assert (second["unique"], second["cold"], second["failed"]) == (5, 0, 0)
    assert not any("version" in sent for sent in api.pings)


def test_todays_warmer_says_that_the_api_may_be_older_and_ticks_the_other_targets(
    api: FaultyApi, tick: Ticks, released: EnvironmentOfRelease
) -> None:
    def route(request: Request) -> None:
        if "/api/" in request.path:
            request.respond(released.invoke(json.loads(request.body)))
        else:
            request.reply()

    api.behaves = route
    older, other = tick(3, 2)["targets"]
    assert (older["unique"], older["failed"], older["rounds"]) == (0, 3, 1)
    assert older["causes"] == [
        "api did not understand the ping; is it an older version of Pilotlight? deploy it (3 times)"
    ]
    assert (other["unique"], other["causes"]) == (2, [])


def test_a_reply_of_0_1_0_is_read(released: EnvironmentOfRelease) -> None:
    """It has neither a version nor a build, and one key of another name."""
    event = Ping("a1", 0, 1, 0.0).event()
    del event["pilotlight"]["version"]
    reply = read_reply(released.invoke(event), "a1")
    assert reply is not None
    assert (reply["start"], reply["made_by"], reply["version"], reply["build"]) == ("cold", "ping", "", "")


def test_the_deployed_warmer_counts_only_what_runs_its_own_build(
    api: FaultyApi, tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "_build", NEW)
    api.behaves = lambda request: request.reply(
        environment=f"e{request.index}", build=OLD if request.index < 3 else NEW, version=""
    )
    result = tick(10)
    assert (result["unique"], result["coverage"], result["complete"]) == (7, 0.7, False)
    assert result["targets"][0]["causes"] == [
        f"3 execution environments run an older build than the deployed one: {OLD} instead of {NEW}"
    ]
