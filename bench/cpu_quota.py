"""The share of a CPU that Lambda gives to a memory size, as a cgroup quota where the machine allows one.

"At 1,769 MB, a function has the equivalent of one vCPU" ("Configure Lambda function memory", Lambda Developer Guide).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

MB_PER_VCPU = 1769
_PERIOD_US = 20_000
"""Lambda's own scheduling period is not documented; 20 ms is what has been measured from inside functions."""


class QuotaUnavailableError(Exception):
    """No CPU quota can be made on this machine; the message says why."""


class CpuQuota:
    """A cgroup with the CPU of a function of one memory size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, pid: int) -> None:
        """Move a process, with all its threads, under the quota."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def start(self, *arguments: Any, **keywords: Any) -> subprocess.Popen[bytes]:
        """Call `subprocess.Popen` so that the process is under the quota from its first instruction.

        This process is in the group while it forks: a wrapper command's start would be measured too.
        """
        before = _own_group(self.folder)
        self.add(os.getpid())
        try:
            return subprocess.Popen(*arguments, **keywords)
        finally:
            (before / "cgroup.procs").write_text(str(os.getpid()))


@contextmanager
def cpu_quota(memory_mb: int) -> Iterator[CpuQuota]:
    """Make a quota group for the block. Raises QuotaUnavailableError where there is no CPU controller."""
    parent, write_limit = _controller()
    folder = parent / f"pilotlight-bench-{uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        raise QuotaUnavailableError(f"no CPU quota can be made in {parent}: {error.strerror}") from None
    try:
        try:
            write_limit(folder, max(1000, round(_PERIOD_US * memory_mb / MB_PER_VCPU)))
        except OSError as error:
            raise QuotaUnavailableError(f"the CPU controller of {parent} cannot be used: {error}") from None
        yield CpuQuota(folder)
    finally:
        _remove(folder)


def unavailable() -> str:
    """Return why there are no quotas on this machine; empty when there are."""
    try:
        with cpu_quota(1769):
            return ""
    except QuotaUnavailableError as error:
        return str(error)


def _controller() -> tuple[Path, Callable[[Path, int], None]]:
    try:
        groups = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    except OSError:
        raise QuotaUnavailableError("this system has no cgroups") from None
    for names, path in groups.items():
        if "cpu" in names.split(","):
            for mount in (Path("/sys/fs/cgroup") / names, Path("/sys/fs/cgroup/cpu")):
                if (mount / "cpu.cfs_quota_us").exists() or (mount / path.lstrip("/") / "cgroup.procs").exists():
                    return mount / path.lstrip("/"), _limit_version_1
    own = Path("/sys/fs/cgroup") / groups.get("", "/").lstrip("/")
    # Version 2 allows no processes in groups whose children have controllers: use a sibling of our own group.
    parent = own if own == Path("/sys/fs/cgroup") else own.parent
    try:
        controllers = (parent / "cgroup.subtree_control").read_text().split()
    except OSError:
        raise QuotaUnavailableError("no cgroup file system is mounted at /sys/fs/cgroup") from None
    if "cpu" not in controllers:
        raise QuotaUnavailableError(f"the CPU controller is not enabled in {parent}/cgroup.subtree_control")
    return parent, _limit_version_2


def _limit_version_1(folder: Path, quota_us: int) -> None:
    (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
    (folder / "cpu.cfs_quota_us").write_text(str(quota_us))


def _limit_version_2(folder: Path, quota_us: int) -> None:
    (folder / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")


def _own_group(folder: Path) -> Path:
    # Our version 1 groups are below our own group, version 2 groups beside it.
    if (folder / "cpu.cfs_quota_us").exists():
        return folder.parent
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())[""]
    return Path("/sys/fs/cgroup") / own.lstrip("/")


def _remove(folder: Path) -> None:
    for _ in range(50):  # a process that has just ended stays listed for a moment
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.02)
        else:
            return
