"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from pilotlight_tools.commands import command
from pilotlight_tools.latency.running import RunningService, announce
from pilotlight_tools.local.debug_ports import open_debug_port
from pilotlight_tools.local.debugging import Debugging
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.first_tick import tick_at_start
from pilotlight_tools.local.incidents import Incidents, Notify
from pilotlight_tools.local.introduction import introduce, schedule_of
from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.log_lines import LogLines
from pilotlight_tools.local.narrator import Narrator
from pilotlight_tools.local.notice import Notice
from pilotlight_tools.local.page_server import page_port, page_server, report_reader
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.parent import Parent
from pilotlight_tools.local.reload.reloader import Reloader
from pilotlight_tools.local.service import Service
from pilotlight_tools.local.welcome import welcome_page
from pilotlight_tools.terminal import Progress, results

_Happened: TypeAlias = Pair | Invocation | Notice
_LOOK_SECONDS = 0.25
"""How long to wait for a pair before checking whether the engine still runs."""

_PARENT_ENDED = "the process that started this one was killed, so everything here is stopped"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a developer asks for: `port` of the API (0: any free one), `parameters` of the stage.

    `quiet` leaves out what the functions write. At `debug_port` a debugger finds the first function; None: no debugger.
    """

    project: Path
    port: int
    stage: str
    parameters: Mapping[str, str]
    quiet: bool = False
    debug_port: int | None = None


def start(wishes: Wishes) -> int:
    """Run what `wishes` ask for until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = results()
    # What happens comes from several threads; this one prints it.
    happened: queue.SimpleQueue[_Happened] = queue.SimpleQueue()
    incidents, parent = Incidents(), Parent()
    with ExitStack() as exit_stack:
        door = None
        if wishes.debug_port is not None:
            door = exit_stack.enter_context(open_debug_port(wishes.debug_port))
        reloader = exit_stack.enter_context(Reloader(wishes.project, happened.put))
        service = exit_stack.enter_context(_service(wishes, happened.put, incidents))
        debugging = exit_stack.enter_context(Debugging(service.stage, door)) if door is not None else None
        page_url = exit_stack.enter_context(_announced_page(wishes, service, incidents))
        introduce(console, service, page_url, time.monotonic() - began, debugging.ports if debugging else {})

        def follow() -> None:
            service.redeployed()
            if debugging is not None:
                debugging.begin()

        reloader.start(service.stage, follow)
        if debugging is None:
            _tick_first(service.stage, incidents)
        exit_stack.push(reloader)  # entered before the service, it must end before that too
        narrator = Narrator(console.print, None if wishes.quiet else LogLines(wishes.project))
        try:
            while service.stage.engine.running() and not parent.has_ended():
                with suppress(queue.Empty):
                    _tell(happened.get(timeout=_LOOK_SECONDS), narrator)
                narrator.expire()
                _say(console, incidents.take())
        except KeyboardInterrupt:
            _say(console, incidents.take_all())
            console.print("\nStopping …")
            return 0
        ended = _PARENT_ENDED if parent.has_ended() else service.stage.engine.ending()
        print(f"error: {ended}\nStart again: {command('start')}", file=sys.stderr)
        return 1


@contextmanager
def _service(wishes: Wishes, happened: Callable[[_Happened], None], notify: Notify) -> Iterator[Service]:
    with ExitStack() as exit_stack:
        with Progress() as progress:
            service = exit_stack.enter_context(
                Service(
                    project=wishes.project,
                    port=wishes.port,
                    stage=wishes.stage,
                    parameters=wishes.parameters,
                    progress=progress,
                    on_pair=happened,
                    on_invocation=None if wishes.quiet else happened,
                    notify=notify,
                    debug=wishes.debug_port is not None,
                )
            )
        yield service


@contextmanager
def _announced_page(wishes: Wishes, service: Service, notify: Notify) -> Iterator[str]:
    """Serve the latency page, and let other commands find what runs; yield the page's address."""
    xray, stage = service.xray.endpoint_url, wishes.stage
    port = page_port(service.front_door.port, wishes.port)
    with page_server(report_reader(service.deployment), port=port, notify=notify) as page_url:
        service.front_door.welcome = lambda: welcome_page(service.name, service.stage.methods(), page_url)
        running = RunningService(service.name, stage, service.url, xray, page_url, service.stage.engine.url)
        with announce(running, wishes.project):
            yield page_url


def _tick_first(stage: DeployedStage, notify: Notify) -> None:
    """Tick at once, if the warmer has a schedule that is enabled."""
    if stage.warmer is not None and schedule_of(stage):
        tick_at_start(stage.tick, is_running=stage.engine.running, tell=notify)


def _tell(happened: _Happened, narrator: Narrator) -> None:
    if isinstance(happened, Notice):
        narrator.notice(happened)
    elif isinstance(happened, Pair):
        narrator.pair(happened)
    else:
        narrator.invocation(happened)


def _say(console: Console, incidents: list[str]) -> None:
    for incident in incidents:
        console.print(f"notice: {incident}", style="yellow", markup=False)
