"""A debugger in the execution environments: `debugpy` listens, each function has one environment, nothing times out.

Each environment writes its process id and the port that it listens at into a file with its function's name. The
warmer, which holds many environments at once, is left as it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_TARGETS = "PILOTLIGHT_TARGETS"
"""The variable that makes a function a warmer."""
_NO_TIMEOUT_SECONDS = 24 * 60 * 60
_WAIT_SECONDS = 0.02
_IMPORT = """\
    try:
        mod = importlib.import_module(module_name)
"""
_LISTEN = f"""\
    if {_TARGETS!r} not in os.environ:
        import debugpy
        debugpy.configure(subProcess=False)
        _port = debugpy.listen(("127.0.0.1", 0))[1]
        _noted = os.path.join(__FOLDER__, init["function_name"])
        with open(_noted + ".new", "w") as _file:
            _file.write(f"{{os.getpid()}} {{_port}}")
        os.replace(_noted + ".new", _noted)
"""


def install(folder: Path) -> None:
    """Change the engine's workers. Raises ValueError or AttributeError where they are not as expected."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_IMPORT) != 1:
        raise ValueError("its Python worker imports a handler in another way")
    folder.mkdir()
    listen = _LISTEN.replace("__FOLDER__", repr(str(folder)))
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_IMPORT, listen + _IMPORT)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a warning that frozen modules have no breakpoints
    acquire = lambda_runtime.acquire_worker
    invoke = lambda_runtime.Worker.invoke

    def acquire_one(func_name: str, config: Any, code_zip: bytes, qualifier: str = "$LATEST") -> Any:
        while True:
            worker, reason = acquire(func_name, config, code_zip, qualifier, 1 if _is_debugged(config) else None)
            if worker is not None or not _is_debugged(config):
                return worker, reason
            time.sleep(_WAIT_SECONDS)

    def invoke_without_timeout(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        if _is_debugged(self.config):
            self.config = {**self.config, "Timeout": _NO_TIMEOUT_SECONDS}
        return invoke(self, event, request_id, **options)

    lambda_svc.acquire_worker = acquire_one
    lambda_runtime.Worker.invoke = invoke_without_timeout


def _is_debugged(config: Mapping[str, Any]) -> bool:
    is_warmer = _TARGETS in ((config.get("Environment") or {}).get("Variables") or {})
    return str(config.get("Runtime", "")).startswith("python") and not is_warmer
