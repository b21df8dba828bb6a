"""Progress on stderr for what takes longer than two seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from pilotlight_tools.latency.reader import Progress

_QUIET_SECONDS = 2.0
_LINE_EVERY_SECONDS = 10.0


@contextmanager
def shown(what: str) -> Iterator[Progress]:
    """Give a Progress that shows a moving line in a terminal, and a plain one every ten seconds elsewhere."""
    console = Console(stderr=True)
    status = Status(what, console=console)
    began = last_line = time.monotonic()
    lock = threading.Lock()

    def progress(kind: str, done: int, total: int | None) -> None:
        nonlocal last_line
        now = time.monotonic()
        if now - began < _QUIET_SECONDS:
            return
        text = f"{what}: {done:,} {kind}" if total is None else f"{what}: {done:,} of {total:,} {kind}"
        with lock:
            if console.is_terminal:
                status.update(text)
                status.start()
            elif now - last_line >= _LINE_EVERY_SECONDS or last_line == began:
                last_line = now
                console.print(text, highlight=False)

    try:
        yield progress
    finally:
        status.stop()
