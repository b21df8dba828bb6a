"""Temporary folders that do not outlive their owner for long: the next start removes what killed processes left.

An owner holds a lock in its folder as long as it lives, however it ends; an identity of a process may be given again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

_PREFIX = "pilotlight-"
_LOCK = "owner.lock"
_ATTEMPTS, _PAUSE_SECONDS = 20, 0.05


class TemporaryFolder:
    """A new folder, `pilotlight-<name>-…`, until `remove`, or until the first start after this process has ended."""

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-"))
        try:
            # Locked before it has its name: whoever finds it there can tell by the lock.
            unnamed = self.path / f"{_LOCK}.new"
            self._lock = unnamed.open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(self.path / _LOCK)
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def remove(self) -> None:
        """Remove it with what it holds, also where a dying process still writes into it; safe to call twice."""
        for _ in range(_ATTEMPTS):
            shutil.rmtree(self.path, ignore_errors=True)
            if not self.path.exists():
                break
            time.sleep(_PAUSE_SECONDS)
        self._lock.close()


def remove_orphans(folder: Path | None = None) -> int:
    """Remove what killed processes of this user left in `folder` (default: the temporary folder); return how many."""
    removed = 0
    for lock in (folder or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*/{_LOCK}"):
        # Somebody else's, or gone meanwhile.
        with contextlib.suppress(OSError), lock.open("rb") as opened:
            if os.fstat(opened.fileno()).st_uid == os.getuid() and _is_free(opened):
                shutil.rmtree(lock.parent, ignore_errors=True)
                removed += not lock.parent.exists()
    return removed


def no_space(error: Exception) -> str | None:
    """The message for an error that a full disk caused; None for another one. Libraries hide the number in a text."""
    texts = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")
    if getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT) and not any(
        text in str(error) for text in texts
    ):
        return None
    return f"no space is left in {tempfile.gettempdir()}: free some, or set TMPDIR to a folder of another disk"


def _is_free(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
