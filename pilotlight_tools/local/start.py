"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from pilotlight_tools.latency.running import RunningService, announce
from pilotlight_tools.local.console import line_of
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.engine import ENDED
from pilotlight_tools.local.first_tick import tick_at_start
from pilotlight_tools.local.introduction import introduce, schedule_of
from pilotlight_tools.local.page_server import page_port, page_server, report_reader
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.service import Service
from pilotlight_tools.local.welcome import welcome_page
from pilotlight_tools.terminal import Progress, results

_LOOK_SECONDS = 0.25
"""How long to wait for a pair before checking whether the engine still runs."""


def start(*, project: Path, port: int, stage: str, parameters: Mapping[str, str]) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = results()
    # Pairs come from several threads; this one prints them.
    pairs: queue.SimpleQueue[Pair] = queue.SimpleQueue()
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
                )
            )
        reader = report_reader(service=service.name, stage=stage, endpoint_url=service.xray.endpoint_url)
        page_url = exit_stack.enter_context(
            page_server(reader, port=page_port(service.front_door.port, port), project=project)
        )
        service.front_door.welcome = lambda: welcome_page(service.name, service.stage.methods(), page_url)
        running = RunningService(service.name, stage, service.url, service.xray.endpoint_url, page_url)
        exit_stack.enter_context(announce(running, project))
        introduce(console, service, page_url, time.monotonic() - began)
        _tick_first(service.stage, lambda text: console.print(text, markup=False))
        try:
            while service.stage.engine.running():
                with suppress(queue.Empty):
                    if line := line_of(pairs.get(timeout=_LOOK_SECONDS)):
                        console.print(line)
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        console.print(f"{ENDED}. The end of its log:\n{service.stage.engine.log()}", markup=False)
        return 1


def _tick_first(stage: DeployedStage, tell: Callable[[str], None]) -> None:
    """Tick at once, if the warmer has a schedule that is enabled."""
    if stage.warmer is not None and schedule_of(stage):
        tick_at_start(stage.tick, is_running=stage.engine.running, tell=tell)
