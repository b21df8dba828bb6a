"""Our own milliseconds of a cold start, by part: each module's import, and the first request beyond the bare one."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.apps import BARE, OURS, REQUEST, App
from bench.install import Installed, app_folder
from bench.modes import FULL, started
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

_IMPORT_LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)$", re.MULTILINE)
"""A line of `python -X importtime`: microseconds of the module itself, and with its imports; indentation; name."""

_MODULE = OURS.handler.split(".")[0]


def run(runs: int) -> dict[str, Any]:
    """Medians over fresh processes, in milliseconds; JSON-ready."""
    python = runtime_python()
    folders = {app.name: app_folder(app, "valid bytecode", python) for app in (BARE, OURS)}
    imports: defaultdict[str, list[float]] = defaultdict(list)
    inits: list[float] = []
    first: dict[str, list[float]] = {BARE.name: [], OURS.name: []}
    with XRaySink() as sink, progress("parts", runs + 1) as advance:

        def cold_start(app: App) -> tuple[float, float]:
            with started(Installed(app, folders[app.name], python, sink.address), FULL) as environment:
                response = environment.invoke(REQUEST)
                return environment.init_ms or 0.0, response.duration_ms

        for number in range(runs + 1):
            bare_init, bare_request = cold_start(BARE)
            _, our_request = cold_start(OURS)
            log = _import_log(python, folders[OURS.name])
            sink.take()
            advance()
            if not number:  # the first round fills the page cache
                continue
            inits.append(bare_init)
            first[BARE.name].append(bare_request)
            first[OURS.name].append(our_request)
            for name, milliseconds in imported_by(_MODULE, log).items():
                imports[name].append(milliseconds)
    beyond = [ours - bare for ours, bare in zip(first[OURS.name], first[BARE.name], strict=True)]
    return {
        "bare_init_ms": asdict(Spread.of(inits)),
        "bare_first_request_ms": asdict(Spread.of(first[BARE.name])),
        "imports_ms": {name: asdict(Spread.of(values)) for name, values in imports.items()},
        "first_request_beyond_bare_ms": asdict(Spread.of(beyond)),
    }


def imported_by(module: str, log: str) -> dict[str, float]:
    """Milliseconds of a module and of each module that it was the first to import, each without its own imports.

    Raises ValueError when the log of `-X importtime` does not name the module.
    """
    lines = [(int(own), len(indent), name) for own, _, indent, name in _IMPORT_LINE.findall(log)]
    at = next((index for index, (_, _, name) in enumerate(lines) if name == module), None)
    if at is None:
        raise ValueError(f"no import of {module} in:\n{log[-1000:]}")
    own, depth, _ = lines[at]
    found = {module: own / 1000}
    for own, indent, name in reversed(lines[:at]):  # a module's imports are listed before it, with deeper indentation
        if indent <= depth:
            break
        found[name] = own / 1000
    return found


def _import_log(python: Path, folder: Path) -> str:
    """The log of `-X importtime` for the handler, imported by a statement: the runtime client's import is unseen."""
    return subprocess.run(
        [python, "-X", "importtime", "-c", f"import awslambdaric.bootstrap, concurrent.futures.thread, {_MODULE}"],
        cwd=folder,
        env={"PYTHONDONTWRITEBYTECODE": "1", "LAMBDA_TASK_ROOT": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
