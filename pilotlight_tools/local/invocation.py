"""What one invocation of a function wrote, as the engine tells it when the invocation has ended."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024
_END = b"end"


@dataclass(frozen=True, slots=True)
class Invocation:
    """`log` is what the function wrote, `error` what it raised or how it ended; `folder` is where its code stood.

    `failed_init`: its execution environment did not start, as after an exception at import.
    """

    function: str
    request_id: str
    folder: str
    log: str
    error: str
    failed_init: bool = False


class InvocationReader:
    """A reader of the engine's named pipe (launcher/telling.py), from `start` to `stop`, in a thread of its own.

    `give` is called in this thread for each invocation and must return quickly.
    """

    def __init__(self, pipe: Path, give: Callable[[Invocation], None]) -> None:
        self._give = give
        os.mkfifo(pipe, 0o600)
        # Also for writing: otherwise reading would end whenever no writer has it open, and `stop` could not wake it.
        self._descriptor = os.open(pipe, os.O_RDWR)
        self._thread = threading.Thread(target=self._read, name="invocations", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give what was told before, end the thread and close the pipe. The engine must have ended."""
        os.write(self._descriptor, b"\n" + _END + b"\n")  # a line may be incomplete, when the engine was killed
        self._thread.join(10)
        os.close(self._descriptor)

    def _read(self) -> None:
        received = b""
        while True:
            *lines, received = (received + os.read(self._descriptor, _CHUNK_BYTES)).split(b"\n")
            for line in lines:
                if line == _END:
                    return
                with contextlib.suppress(ValueError, TypeError):
                    self._give(Invocation(**json.loads(line)))
