"""`npm start` and the commands in the environments that people have: proxies, foreign settings, folders not theirs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from pilotlight_tools.local.deploy_tool import copy_service
from tests.conftest import until
from tests.support.project import PROJECT
from tests.support.started import Started, followed

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]
CLOSED = "http://127.0.0.1:9"
"""A proxy that nobody answers at."""
HOSTILE = {
    **{name: CLOSED for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (each, each.lower())},
    "NODE_ENV": "production",
    "npm_config_omit": "dev",
    "AWS_PROFILE": "nope",
    "AWS_REGION": "eu-north-1",
    "AWS_ENDPOINT_URL": CLOSED,
    "AWS_CA_BUNDLE": "/nowhere.pem",
    "PYTHONSAFEPATH": "1",
    "PYTHONUTF8": "0",
    "LC_ALL": "C",
    "HOME": "/dev/null",  # nobody can write there, not even root
    "SLS_DEBUG": "*",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This project in a folder with spaces in its path, set up already.

    It shares node_modules with the project, which a set-up in here would replace.
    """
    digest = hashlib.sha256((PROJECT / "package-lock.json").read_bytes()).hexdigest()
    if digest not in (PROJECT / "node_modules" / ".pilotlight-stamp").read_text():
        pytest.fail("package-lock.json has changed since the set-up: run `node scripts/setup.mjs`")
    folder = tmp_path / "my services" / "the shop"
    folder.parent.mkdir()
    copy_service(PROJECT, folder)
    handler = folder / "handler.py"
    handler.write_text(handler.read_text() + "# caf\u00e9, \u65e5\u672c\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("")  # to install these, the proxy would have to answer
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH with node and npm, and without git."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("node", "npm", "sh"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


@contextmanager
def started(command: list[str], checkout: Path, temporary: Path, environment: Mapping[str, str]) -> Iterator[Started]:
    """Run `npm start` until the block ends."""
    temporary.mkdir()
    process = subprocess.Popen(
        command,
        cwd=checkout,
        env={"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", "PORT": "0", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    with followed(process, temporary) as running:
        try:
            yield running
        finally:
            process.terminate()  # npm passes it on
            process.wait(60)


def npm(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_shell_full_of_other_peoples_settings(checkout: Path, tmp_path: Path, programs: Path) -> None:
    environment = {"PATH": str(programs), **HOSTILE}
    with started(["npm", "start"], checkout, tmp_path / "temporary", environment) as running:
        url = running.url()
        assert requests.get(f"{url}/hello?name=marie", timeout=60, proxies={"http": ""}).json()["query"]
        until(lambda: running.printed(r"GET +/hello\?name=marie +200"), what="the request's line")
        latency = npm(checkout, "run", "-s", "latency", "--", "--stage", "local", "--json", **environment)
        assert latency.returncode == 0, latency.stderr
        assert json.loads(latency.stdout)["requests"] == 1
        cost = npm(checkout, "run", "-s", "cost", "--", "--stage", "prod", "--json", **environment)
        assert cost.returncode == 0, cost.stderr
    running.leaves_nothing()


def test_a_folder_that_may_only_be_read(checkout: Path, tmp_path: Path) -> None:
    """`npm start` says what that costs, and goes on."""
    checkout.chmod(0o555)
    # Root may write everywhere, unless it gives up that capability.
    unprivileged = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    environment = {"PATH": os.environ["PATH"], "HOME": HOSTILE["HOME"]}
    try:
        with started([*unprivileged, "npm", "start"], checkout, tmp_path / "temporary", environment) as running:
            assert requests.get(f"{running.url()}/hello", timeout=60).status_code == 200
            assert running.printed(r"notice: build/running/\d+\.json cannot be written"), running.everything()
            assert "Traceback" not in running.everything()
        running.leaves_nothing()
    finally:
        checkout.chmod(0o755)
