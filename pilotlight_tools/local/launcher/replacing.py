"""New code replaces execution environments, and lets those finish that are responding; the engine kills all at once.

On Lambda, too, an invocation that runs while a function is updated ends with the code that it began with.
"""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_REPLACED = "_pilotlight_replaced"


def install() -> None:
    """Change how the engine ends workers. Raises AttributeError where they are not as expected."""
    kill, release = lambda_runtime.kill_workers, lambda_svc.release_worker
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

    lambda_runtime.kill_workers = kill_idle
    lambda_svc.release_worker = release_or_kill
