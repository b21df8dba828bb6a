"""Temporary folders of this process stay; what a killed one left goes, and nothing of anybody else does."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pilotlight_tools.local.temporary import TemporaryFolder, no_space, remove_orphans
from tests.support.project import PROJECT

PROGRAM = """
import os, signal
from pilotlight_tools.local.temporary import TemporaryFolder
TemporaryFolder("xray").path.joinpath("traces").write_text("a trace")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_full_disk_is_known_by_its_number_or_by_the_text_that_a_library_makes_of_it() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")
    for error in (
        full,
        shutil.Error([("from", "to", str(full))]),
        sqlite3.OperationalError("database or disk is full"),
    ):
        assert str(no_space(error)).endswith("free some, or set TMPDIR to a folder of another disk")
    assert no_space(FileNotFoundError("a file")) is None


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_stays(temporary: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT, env={"TMPDIR": str(temporary)}, check=False, timeout=60
    )
    assert killed.returncode == -9
    mine = TemporaryFolder("engine")
    (temporary / "pilotlight-notes").mkdir()  # somebody's own: without a lock it is not ours to remove
    assert len(list(temporary.iterdir())) == 3
    assert remove_orphans() == 1
    assert sorted(temporary.iterdir()) == sorted([mine.path, temporary / "pilotlight-notes"])
    mine.remove()
    mine.remove()
    assert remove_orphans() == 0
    assert list(temporary.iterdir()) == [temporary / "pilotlight-notes"]
