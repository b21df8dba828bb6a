"""Prepared folders: created again when their sources change, by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.prepared_folder import (
    NoRuntimeClientError,
    SetupError,
    alone,
    digest,
    is_current,
    run_uv,
    write_stamp,
)
from pilotlight_tools.local.runtime.python import (
    DEPLOYED_PYTHON,
    deployed_python,
    refuse_other_systems,
    runtime_python,
)

TRYING = """
import fcntl, sys

with open(sys.argv[1], "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


def test_a_folder_is_current_until_what_it_is_made_from_changes(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    stamp = digest(b"ab", b"c")
    write_stamp(folder, stamp)
    assert not is_current(folder, stamp), "a stamp without its folder"
    folder.mkdir()
    assert is_current(folder, stamp)
    assert not is_current(folder, digest(b"a", b"bc"))
    assert list(folder.iterdir()) == []


def test_one_process_at_a_time_sets_up(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", TRYING, str(lock)]
    with alone(lock):
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "BlockingIOError" in refused.stderr
    subprocess.run(command, check=True)


def test_an_installer_that_fails_is_quoted() -> None:
    with pytest.raises(SetupError, match=r"uv nothing failed:\n.*nothing"):
        run_uv("nothing")


def test_the_runtimes_python_is_the_deployed_one_with_the_runtime_client_and_the_sdk() -> None:
    code = "import sys, awslambdaric, boto3; print(sys.version_info[:2])"
    output = subprocess.run([runtime_python(), "-c", code], capture_output=True, text=True, check=True).stdout
    here = sys.version_info[:2] if deployed_python() == Path(sys.executable) else DEPLOYED_PYTHON
    assert output.strip() == str(tuple(here))


def test_there_is_no_runtime_client_for_another_system_than_linux() -> None:
    with pytest.raises(NoRuntimeClientError, match="for Linux alone"):
        refuse_other_systems("darwin")
