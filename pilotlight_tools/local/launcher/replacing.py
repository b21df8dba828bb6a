"""New code replaces execution environments, and lets those finish that are responding; the engine kills all at once.

On Lambda, too, an invocation that runs while a function is updated ends with the code that it began with. The engine
also lets an invocation that has taken the code just before an update start an environment with it just after that; such
a one would respond with the old code for as long as it is warm.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_REPLACED = "_pilotlight_replaced"
_LATEST = "$LATEST"
"""The one version whose code changes."""


def install() -> None:
    """Change how the engine ends workers. Raises AttributeError where they are not as expected."""
    kill, release = lambda_runtime.kill_workers, lambda_svc.release_worker
    acquire = lambda_runtime.acquire_worker
    lock = lambda_runtime._lock

    def kill_idle(workers: Any) -> None:
        with lock:
            workers = [worker for worker in workers if worker is not None]
            busy = [worker for worker in workers if worker.in_use]
            for worker in busy:
                setattr(worker, _REPLACED, True)
        kill([worker for worker in workers if worker not in busy])

    def release_or_kill(worker: Any) -> None:
        release(worker)
        if getattr(worker, _REPLACED, False):
            kill([worker])

    def acquire_and_mark(
        func_name: str, config: Any, code_zip: bytes, qualifier: str = _LATEST, max_concurrency: int | None = None
    ) -> Any:
        worker, reason = acquire(func_name, config, code_zip, qualifier, max_concurrency)
        if reason == "spawn" and qualifier == _LATEST and _digest(code_zip) != _digest_of_latest(func_name):
            leave_pool(worker)
        return worker, reason

    def leave_pool(worker: Any) -> None:
        """So that no other invocation meets it; it ends when this one does."""
        with lock:
            setattr(worker, _REPLACED, True)
            for workers in lambda_runtime._workers.values():
                if worker in workers:
                    workers.remove(worker)

    lambda_runtime.kill_workers = kill_idle
    lambda_runtime.acquire_worker = lambda_svc.acquire_worker = acquire_and_mark
    lambda_svc.release_worker = release_or_kill


def _digest(code_zip: bytes) -> str:
    return base64.b64encode(hashlib.sha256(code_zip).digest()).decode()


def _digest_of_latest(func_name: str) -> str | None:
    """As the engine has it now; an invocation's own configuration is a copy of before."""
    function = lambda_svc._functions.get(func_name)
    return function["config"].get("CodeSha256") if function else None
