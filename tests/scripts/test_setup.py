"""`scripts/setup.mjs`: what stands between `npm start` and the command it runs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.project import PROJECT

NODE_PLATFORM = (sys.platform, {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()))
COUNTING = """
import signal, sys, time
seen = []
signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
print("ready", flush=True)
until = time.monotonic() + 20
while not seen and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.5)
print(len(seen), flush=True)
sys.exit(42)
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout whose stamps say that all is set up; its .venv is this Python."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup.mjs", "package.json", "package-lock.json", "requirements-dev.txt"):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "node_modules").mkdir()
    write_stamps(tmp_path)
    return tmp_path


def test_says_nothing_when_nothing_is_to_be_done(clone: Path) -> None:
    """Only the command's output, and its exit code."""
    done = set_up(clone, "--", "python", "-c", "print('{}'); raise SystemExit(7)")
    assert (done.returncode, done.stdout, done.stderr) == (7, "{}\n", "")


def test_a_signal_that_comes_twice_reaches_the_command_once(clone: Path) -> None:
    """A Ctrl-C comes from the terminal and again from npm, within milliseconds."""
    process = subprocess.Popen(
        ["node", "scripts/setup.mjs", "--", "python", "-c", COUNTING], cwd=clone, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert (said, process.returncode) == ("1\n", 42)


def test_ends_as_the_command_ends(clone: Path) -> None:
    done = set_up(clone, "--", "python", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -signal.SIGKILL


def test_a_command_that_outlives_npm_is_ended(clone: Path) -> None:
    """npm or its shell killed outright: the command hears of it all the same."""
    shell = subprocess.Popen(["sh", "-c", f"node scripts/setup.mjs -- python -c '{COUNTING}' > said; true"], cwd=clone)
    said = clone / "said"
    wait_for(lambda: said.exists() and "ready" in said.read_text())
    shell.kill()
    shell.wait()
    wait_for(lambda: said.read_text() == "ready\n1\n")


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("/nowhere/python", "PYTHON=/nowhere/python does not run; Python 3.11 or newer is needed"),
        ("old", "is Python 3.9.1; Python 3.11 or newer is needed"),
        ("bare", "its venv module is missing. On Debian and Ubuntu: sudo apt-get install python3.11-venv"),
    ],
)
def test_a_python_that_will_not_do_is_named_with_the_way_out(clone: Path, python: str, said: str) -> None:
    for name, answer in {"old": "echo 3.9.1; echo venv", "bare": "echo 3.11.2; exit 1"}.items():
        (clone / name).write_text(f"#!/bin/sh\n{answer}\n")
        (clone / name).chmod(0o755)
    done = set_up(clone, "--", "python", "--version", PYTHON=str(clone / python) if "/" not in python else python)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_a_node_that_is_too_old_is_named(clone: Path) -> None:
    package = json.loads((clone / "package.json").read_text())
    package["engines"]["node"] = ">=99.1"
    (clone / "package.json").write_text(json.dumps(package))
    done = set_up(clone, "--", "python", "--version")
    assert done.returncode == 1
    assert "Node 99.1 or newer is needed; this is" in done.stderr


def test_a_failed_install_shows_what_pip_said(clone: Path) -> None:
    """And leaves no stamp: the next run tries again. The lock of a set-up that died is no obstacle."""
    (clone / "requirements-dev.txt").write_text("no-such-package-anywhere==0 --hash=sha256:0\n")
    (clone / "build").mkdir()
    (clone / "build/setup.lock").write_text("999999999")
    done = set_up(clone, "--", "python", "--version", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "Python packages" in done.stderr
    assert "failed (exit code" in done.stderr
    assert "ERROR" in done.stderr
    assert not (clone / "build/setup.lock").exists()
    assert done.stdout == ""


def set_up(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "scripts/setup.mjs", *arguments],
        cwd=clone,
        env={**{name: value for name, value in os.environ.items() if name != "PYTHON"}, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def write_stamps(clone: Path) -> None:
    def digest(name: str) -> str:
        return hashlib.sha256((clone / name).read_bytes()).hexdigest()

    version = ".".join(map(str, sys.version_info[:3]))
    (clone / "node_modules/.pilotlight-stamp").write_text(" ".join([digest("package-lock.json"), *NODE_PLATFORM]))
    (clone / ".venv/.pilotlight-stamp").write_text(f"{digest('requirements-dev.txt')} {version}")


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
