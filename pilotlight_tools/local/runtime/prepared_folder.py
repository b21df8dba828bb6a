"""Folders that are made once and kept until what they are made from changes, by one process at a time."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SetupError(Exception):
    """A folder could not be made; the message says what failed, in the installer's own words."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock file: tests run in several processes, and one at a time sets up."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: bytes) -> str:
    """A stamp: what the folder is made from, in one word."""
    digested = hashlib.sha256()
    for part in parts:
        digested.update(len(part).to_bytes(8, "big") + part)
    return digested.hexdigest()


def is_current(folder: Path, stamp: str) -> bool:
    """Whether the folder is there and was made from this."""
    file = stamp_file(folder)
    return folder.is_dir() and file.is_file() and file.read_text() == stamp


def write_stamp(folder: Path, stamp: str) -> None:
    """Note what the folder, now finished, was made from."""
    stamp_file(folder).write_text(stamp)


def stamp_file(folder: Path) -> Path:
    """Beside the folder: nothing lies in it that is not its own."""
    return folder.with_name(folder.name + ".stamp")


def run_uv(*arguments: str) -> None:
    """Run uv. Raises SetupError with its own words."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"uv {' '.join(arguments)} failed:\n{done.stderr.strip()}")


def say(text: str) -> None:
    """Tell on stderr what takes a while."""
    print(f"{text} …", file=sys.stderr, flush=True)
