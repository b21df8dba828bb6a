"""Instructions from process start to the first response, counted by callgrind: the same on every machine and load."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.apps import REQUEST
from bench.install import Installed
from pilotlight_tools.local.runtime.sandbox import Sandbox

MISSING = "valgrind is not installed"
_LATER_REQUESTS = 100
"""One request's count is a hundredth of what this number of later requests adds."""


def has_valgrind() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def per_request(installed: Installed, event: bytes = REQUEST) -> int:
    """Count the user-space instructions of one request to a warm environment. Raises as `count` does."""
    few, more = (count(installed, 2 + later, event) for later in (0, _LATER_REQUESTS))
    return round((more - few) / _LATER_REQUESTS)


def count(installed: Installed, requests: int = 1, event: bytes = REQUEST) -> int:
    """Count user-space instructions from process start to the response to the last of `requests` requests.

    Raises as `count_all` does.
    """
    return count_all(installed, [event] * requests)


def count_all(installed: Installed, events: Sequence[bytes]) -> int:
    """Count user-space instructions from process start to the response to the last of these events.

    The environment is stopped at that response, before it is acknowledged: nothing after it is counted.
    Raises RuntimeError when valgrind is missing or counted nothing.
    """
    if not has_valgrind():
        raise RuntimeError(MISSING)
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as scratch:
        log = Path(scratch) / "log"
        command = ["valgrind", "--tool=callgrind", "--vgdb=no", "--callgrind-out-file=/dev/null", f"--log-file={log}"]
        variables = {
            "AWS_XRAY_DAEMON_ADDRESS": installed.daemon_address,
            "PILOTLIGHT_SERVICE": "pilotlight-bench",
            "PYTHONHASHSEED": "0",  # otherwise the order of sets changes the count from run to run
        }
        folder, handler, python = installed.folder, installed.app.handler, installed.python
        with Sandbox(
            folder, handler, python=python, environment=variables, prefix=command, timeout_seconds=300
        ) as environment:
            environment.wait_ready(600)
            for number, event in enumerate(events, 1):
                response = environment.invoke(event, acknowledge=number < len(events))
                if response.error:
                    raise RuntimeError(f"{installed.app.title} failed under callgrind: {response.error}")
        if not (found := re.search(r"Collected : (\d+)", log.read_text())):
            raise RuntimeError(f"callgrind counted nothing for {installed.app.title}:\n{log.read_text()[-2000:]}")
        return int(found[1])
