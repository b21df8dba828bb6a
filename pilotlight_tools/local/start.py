"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from pilotlight_tools.commands import command
from pilotlight_tools.latency.running import RunningService, announce
from pilotlight_tools.local.console import line_of
from pilotlight_tools.local.incidents import Incidents
from pilotlight_tools.local.introduction import introduce
from pilotlight_tools.local.page_server import page_server, report_reader
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.parent import Parent
from pilotlight_tools.local.service import Service
from pilotlight_tools.terminal import Progress, results

_LOOK_SECONDS = 0.25
"""How long to wait for a pair before checking whether the engine still runs."""

_PARENT_ENDED = "the process that started this one was killed, so everything here is stopped"


def start(*, project: Path, port: int, stage: str, parameters: Mapping[str, str]) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = results()
    # Pairs come from several threads; this one prints them.
    pairs: queue.SimpleQueue[Pair] = queue.SimpleQueue()
    incidents, parent = Incidents(), Parent()
    with ExitStack() as exit_stack:
        with Progress() as progress:
            service = exit_stack.enter_context(
                Service(
                    project=project,
                    port=port,
                    stage=stage,
                    parameters=parameters,
                    progress=progress,
                    on_pair=pairs.put,
                    notify=incidents,
                )
            )
        reader = report_reader(service=service.name, stage=stage, endpoint_url=service.xray.endpoint_url)
        page_url = exit_stack.enter_context(page_server(reader, project=project, notify=incidents))
        running = RunningService(service.name, stage, service.url, service.xray.endpoint_url, page_url)
        exit_stack.enter_context(announce(running, project))
        introduce(console, service, page_url, time.monotonic() - began)
        try:
            while service.stage.engine.running() and not parent.has_ended():
                with suppress(queue.Empty):
                    if line := line_of(pairs.get(timeout=_LOOK_SECONDS)):
                        console.print(line)
                _say(console, incidents.take())
        except KeyboardInterrupt:
            _say(console, incidents.take_all())
            console.print("\nStopping …")
            return 0
        ended = _PARENT_ENDED if parent.has_ended() else service.stage.engine.ending()
        print(f"error: {ended}\nStart again: {command('start')}", file=sys.stderr)
        return 1


def _say(console: Console, incidents: list[str]) -> None:
    for incident in incidents:
        console.print(f"notice: {incident}", style="yellow", markup=False)
