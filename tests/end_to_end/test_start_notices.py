"""What goes wrong beside the requests is said in `npm start`'s terminal, on its page and in the report."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.conftest import until
from tests.support.started import Started, starting
from tests.support.xray_records import send

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]
LIMITS = ("--param", "requestsPerSecond=1", "--param", "burst=2")


def printed(started: Started, pattern: str) -> str:
    found = until(lambda: started.printed(pattern), what=pattern)
    assert isinstance(found, re.Match)
    return found[1]


def notes_of_the_page(page_url: str) -> str:
    return " ".join(requests.get(f"{page_url}report.json", timeout=20).json()["notes"])


def notes_of_the_command(project: Path) -> str:
    command = [sys.executable, "-m", "pilotlight_tools.latency", "--stage", "local", "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=True, env=os.environ)
    return " ".join(json.loads(done.stdout)["notes"])


def test_losses_limits_and_the_engines_share_are_said_everywhere(sample_project: Path, tmp_path: Path) -> None:
    with starting(tmp_path, sample_project, *LIMITS, PORT="0") as started:
        url = started.url()
        page_url = printed(started, r"latency (http\S+)")
        send(printed(started, r"X-Ray +http://(\S+)"), [b"[" * 50_000])
        statuses = [requests.get(f"{url}/hello", timeout=60).status_code for _ in range(6)]
        assert {200, 429} <= set(statuses)
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as connection:
            connection.sendall(b"no HTTP\r\n\r\n")
            assert connection.recv(100).split()[1] == b"400"
        assert "header is not JSON" in printed(started, "notice: X-Ray: refused a record: (.*)")
        assert "1 requests a second pass" in printed(started, "notice: API Gateway answered 429, as on AWS: (.*)")
        assert printed(started, "notice: API: refused a malformed request (.*)")
        until(lambda: "met a limit of the stage" in notes_of_the_page(page_url), what="the page")
        for notes in (notes_of_the_page(page_url), notes_of_the_command(sample_project)):
            assert "lost records since it began" in notes
            assert "answered 429 without calling a function" in notes
            assert "the local engine itself took" in notes
        assert "Traceback" not in started.everything()
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0, started.everything()
