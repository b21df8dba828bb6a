"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

import json
import queue
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import boto3
from rich.console import Console

from pilotlight_tools.latency.running import RunningStack, announce
from pilotlight_tools.local.console import LiveLines
from pilotlight_tools.local.page_server import page_server, report_reader
from pilotlight_tools.local.service import Service
from pilotlight_tools.terminal import Progress, answers

LOOK_SECONDS = 0.25


def start(*, project: Path, port: int, stage: str, parameters: Mapping[str, str]) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = answers()
    # What happens comes from several threads; this one prints it.
    happenings: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    lines = LiveLines(console.print)
    with ExitStack() as exit_stack:
        with Progress() as progress:
            service = exit_stack.enter_context(
                Service(
                    project=project,
                    port=port,
                    stage=stage,
                    parameters=parameters,
                    progress=progress,
                    on_exchange=lambda exchange: happenings.put(partial(lines.exchange, exchange)),
                    on_document=lambda document: happenings.put(partial(lines.document, document)),
                )
            )
        reader = report_reader(service=service.name, stage=stage, endpoint_url=service.xray.endpoint_url)
        page_url = exit_stack.enter_context(page_server(reader, project=project))
        running = RunningStack(service.name, stage, service.url, service.xray.endpoint_url, page_url)
        exit_stack.enter_context(announce(running, project))
        introduce(console, service, page_url, time.monotonic() - began)
        try:
            while service.stack.engine.running():
                with suppress(queue.Empty):
                    happenings.get(timeout=LOOK_SECONDS)()
                lines.flush()
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        console.print(f"The local engine ended by itself. Its last words:\n{service.stack.engine.log()}", markup=False)
        return 1


def introduce(console: Console, service: Service, page_url: str, seconds: float) -> None:
    """Say what runs and where, as the engine has it, and what to try."""
    stack, url = service.stack, service.url
    functions = boto3.client("lambda", **stack.connection)
    api = functions.get_function_configuration(FunctionName=stack.functions["api"])
    warmer = functions.get_function_configuration(FunctionName=stack.functions["warmer"])
    targets = json.loads(warmer.get("Environment", {}).get("Variables", {}).get("PILOTLIGHT_TARGETS", "[]"))
    environments = ", ".join(f"{target['concurrency']} of {target['function']}" for target in targets)
    events = boto3.client("events", **stack.connection)
    rules = [events.describe_rule(Name=rule) for rule in stack.rules]
    schedule = ", ".join(rule["ScheduleExpression"] for rule in rules if rule["State"] == "ENABLED")
    console.print(
        f"[bold]Pilotlight is running[/bold] (started in {seconds:.1f} s)\n"
        f"  API     [bold]{url}[/bold]\n"
        f"  stage   {stack.stage}: {api['MemorySize']} MB, {api['Runtime']}, deployed by sls into {stack.engine.url}\n"
        f"  warmer  {schedule or 'not scheduled'}, environments kept warm: {environments or 'none'}\n"
        f"  X-Ray   {service.xray.endpoint_url}\n"
        f"  latency [bold]{page_url}[/bold] in a browser; or npm run latency -- --stage {stack.stage}\n"
        "Try\n"
        f"  curl '{url}/hello?name=marie&env=prod'\n"
        f"  curl {url}/hello -H 'Content-Type: application/json' -d '{{\"name\": \"marie\"}}'\n"
        f"  curl -i {url}/nowhere\n"
        "Stop with Ctrl-C. Requests, ticks and cold starts as they happen:\n"
    )
