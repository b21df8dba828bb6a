"""Folders that one process at a time creates and keeps until their sources change."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilotlight_tools.variables import of_program


class SetupError(Exception):
    """A folder could not be created; the message includes the installer's output."""


class NoRuntimeClientError(SetupError):
    """Lambda's runtime client does not exist for this system."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, because tests run in several processes and only one may set up at a time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: bytes) -> str:
    """Return a stamp: the hash of a folder's sources."""
    digested = hashlib.sha256()
    for part in parts:
        digested.update(len(part).to_bytes(8, "big") + part)
    return digested.hexdigest()


def is_current(folder: Path, stamp: str) -> bool:
    """Whether the folder exists and its stamp is `stamp`."""
    file = stamp_file(folder)
    return folder.is_dir() and file.is_file() and file.read_text(encoding="utf-8") == stamp


def write_stamp(folder: Path, stamp: str) -> None:
    """Record the stamp of a finished folder."""
    stamp_file(folder).write_text(stamp, encoding="utf-8")


def stamp_file(folder: Path) -> Path:
    """Return the path of the stamp, which lies beside the folder, not in it."""
    return folder.with_name(folder.name + ".stamp")


def run_uv(*arguments: str) -> None:
    """Run uv. Raises SetupError with uv's error output."""
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, env=of_program(), capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SetupError(f"uv {' '.join(arguments)} failed:\n{done.stderr.strip()}")


def say(text: str) -> None:
    """Print to stderr which slow step begins."""
    print(f"{text} …", file=sys.stderr, flush=True)
