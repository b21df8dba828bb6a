"""Instructions from process start to the first response, counted by callgrind: the same on every machine and load."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.apps import REQUEST
from bench.install import Installed
from pilotlight_tools.local.runtime.sandbox import Sandbox, by_its_version, lambda_variables

MISSING = "valgrind is not installed"
_CALLGRIND = ["valgrind", "--tool=callgrind", "--vgdb=no", "--callgrind-out-file=/dev/null"]
_COLLECTED = r"Collected : (\d+)"
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
    A wrapper's are included. Raises RuntimeError when valgrind is missing or counted nothing.
    """
    if not has_valgrind():
        raise RuntimeError(MISSING)
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as scratch:
        log = Path(scratch) / "log"
        command = [*_CALLGRIND, "--trace-children=yes", f"--log-file={log}"]
        variables = installed.variables
        variables["PYTHONHASHSEED"] = "0"  # otherwise the order of sets changes the count from run to run
        folder, handler, python = installed.folder, installed.app.handler, installed.python
        with Sandbox(
            folder, handler, python=python, environment=variables, prefix=command, timeout_seconds=300
        ) as environment:
            environment.wait_ready(600)
            for number, event in enumerate(events, 1):
                response = environment.invoke(event, acknowledge=number < len(events))
                if response.error:
                    raise RuntimeError(f"{installed.app.title} failed under callgrind: {response.error}")
        if not (found := re.findall(_COLLECTED, log.read_text())):
            raise RuntimeError(f"callgrind counted nothing for {installed.app.title}:\n{log.read_text()[-2000:]}")
        return int(found[-1]) + (_of_wrapper(installed, Path(scratch)) if installed.app.lean else 0)


def _of_wrapper(installed: Installed, scratch: Path) -> int:
    """The instructions of the wrapper's shell: callgrind forgets them where the shell becomes Python, so end there."""
    wrapper = scratch / "bootstrap"
    source = (installed.folder / "pilotlight" / "runtime" / "bootstrap").read_text()
    start = shutil.copy(installed.folder / "pilotlight" / "runtime" / "start.py", scratch)
    wrapper.write_text(source.replace('\nexec "$1"', "\nexit 0 #"))
    python = by_its_version(installed.python)
    variables = lambda_variables(installed.folder, installed.app.handler, "127.0.0.1:9001", "bench", 512, "on-demand")
    variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{python.name}"
    command = [*_CALLGRIND, "sh", str(wrapper), str(python), str(start)]
    done = subprocess.run(command, env=variables, cwd=installed.folder, capture_output=True, text=True, check=True)
    return int(re.findall(_COLLECTED, done.stderr)[-1])
