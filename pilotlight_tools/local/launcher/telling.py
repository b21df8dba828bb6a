"""Tells the process that started the engine what each invocation wrote, as soon as it has ended.

One line of JSON for each, into a named pipe. Only the engine has it open: functions inherit no descriptor of it.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from ministack.core import lambda_runtime

from pilotlight_tools.local.launcher.init_errors import FAILED_INIT

_MOST_CHARACTERS = 200_000
"""Of one log; of a longer one the middle is left out. CloudWatch's log in the engine has all of it."""


def install(pipe: str) -> None:
    """Tell of each invocation of a worker by the named pipe at this path, which has a reader."""
    descriptor = os.open(pipe, os.O_WRONLY)
    lock = threading.Lock()
    invoke = lambda_runtime.Worker.invoke

    def told(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        folder = self._tmpdir
        result = invoke(self, event, request_id, **options)
        line = json.dumps(_description(self, folder, request_id, result)).encode() + b"\n"
        try:
            with lock:
                _write_all(descriptor, line)
        except OSError:
            pass  # nobody reads any more, so the engine is about to be ended
        return result

    lambda_runtime.Worker.invoke = told


def _description(worker: Any, folder_before: str | None, request_id: str, result: Any) -> dict[str, Any]:
    return {
        "function": worker.func_name,
        "request_id": request_id,
        "folder": f"{worker._tmpdir or folder_before}/code",
        "log": _shortened(result.get("log") or ""),
        "error": _shortened(str(result.get("trace") or result.get("error") or "")),
        "failed_init": bool(result.get(FAILED_INIT)),
    }


def _shortened(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    half = _MOST_CHARACTERS // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters more …\n{text[-half:]}"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
