"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from pilotlight_tools.latency.running import RunningService, announce
from pilotlight_tools.local.console import notice_line
from pilotlight_tools.local.introduction import introduce
from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.log_lines import LogLines
from pilotlight_tools.local.narrator import Narrator
from pilotlight_tools.local.notice import Notice
from pilotlight_tools.local.page_server import page_server, report_reader
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.reload.reloader import Reloader
from pilotlight_tools.local.service import Service
from pilotlight_tools.terminal import Progress, results

_LOOK_SECONDS = 0.25
"""How long to wait for a pair before checking whether the engine still runs."""


def start(*, project: Path, port: int, stage: str, parameters: Mapping[str, str], quiet: bool = False) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code.

    `quiet` leaves out what the functions write.
    """
    began = time.monotonic()
    console = results()
    # What happens comes from several threads; this one prints it.
    happened: queue.SimpleQueue[Pair | Invocation | Notice] = queue.SimpleQueue()
    narrator = Narrator(console.print, None if quiet else LogLines(project))
    with ExitStack() as exit_stack:
        reloader = exit_stack.enter_context(Reloader(project, happened.put, lambda: service.redeployed()))
        with Progress() as progress:
            service = exit_stack.enter_context(
                Service(
                    project=project,
                    port=port,
                    stage=stage,
                    parameters=parameters,
                    progress=progress,
                    on_pair=happened.put,
                    on_invocation=None if quiet else happened.put,
                )
            )
        reader = report_reader(service=service.name, stage=stage, endpoint_url=service.xray.endpoint_url)
        page_url = exit_stack.enter_context(page_server(reader, project=project))
        running = RunningService(
            service.name, stage, service.url, service.xray.endpoint_url, page_url, service.stage.engine.url
        )
        exit_stack.enter_context(announce(running, project))
        introduce(console, service, page_url, time.monotonic() - began)
        reloader.start(service.stage)
        exit_stack.push(reloader)  # entered before the service, it must end before that too
        try:
            while service.stage.engine.running():
                with suppress(queue.Empty):
                    each = happened.get(timeout=_LOOK_SECONDS)
                    if isinstance(each, Notice):
                        console.print(notice_line(each))
                    elif isinstance(each, Pair):
                        narrator.pair(each)
                    else:
                        narrator.invocation(each)
                narrator.expire()
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        console.print(
            f"The local engine ended unexpectedly. The end of its log:\n{service.stage.engine.log()}", markup=False
        )
        return 1
