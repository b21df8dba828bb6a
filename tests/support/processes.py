"""Processes and sockets of this machine, for tests that nothing is left. By psutil: /proc is Linux's alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psutil


def children_of(ancestor: int) -> set[int]:
    """Return every process below `ancestor`."""
    return {process.pid for process in _below(ancestor)}


def processes_with(*texts: str) -> set[int]:
    """Return every process that has all these texts in its command line or its environment variables."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            variables = [f"{name}={value}" for name, value in process.environ().items()]
            if all(text in " ".join([*process.cmdline(), *variables]) for text in texts):
                found.add(process.pid)
    return found


def is_alive(process: int) -> bool:
    """Whether `process` runs (a zombie does not)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    return False


def arguments(process: int) -> list[str]:
    """The command line of `process`; empty where it has ended."""
    with contextlib.suppress(psutil.Error):
        return list(psutil.Process(process).cmdline())
    return []


def environment_of(process: int) -> dict[str, str]:
    """The environment variables that `process` was started with; empty where it has ended."""
    with contextlib.suppress(psutil.Error):
        return dict(psutil.Process(process).environ())
    return {}


def listening_addresses(ancestor: int) -> set[tuple[str, int]]:
    """Return the TCP addresses that `ancestor` and its descendants listen on."""
    found = set()
    for process in (psutil.Process(ancestor), *_below(ancestor)):
        with contextlib.suppress(psutil.NoSuchProcess):
            sockets = process.net_connections(kind="tcp")
            found |= {(each.laddr.ip, each.laddr.port) for each in sockets if each.status == psutil.CONN_LISTEN}
    return found


def _below(ancestor: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        yield from psutil.Process(ancestor).children(recursive=True)
