"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

import json
import queue
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial

import boto3
from rich.console import Console

from local.front_door import FrontDoor, open_port
from local.live import LiveLines
from local.records import RecordListener
from local.stack import Stack
from local.terminal import Progress, answers

LOOK_SECONDS = 0.25


def start(*, port: int, stage: str, parameters: Mapping[str, str]) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = answers()
    happenings: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    lines = LiveLines(console.print)
    with ExitStack() as exit_stack:
        # The port first: a taken one should be said before anybody waits for a deployment.
        door = exit_stack.enter_context(open_port(port))
        listener = exit_stack.enter_context(RecordListener(lambda it: happenings.put(partial(lines.document, it))))
        with Progress() as progress:
            stack = exit_stack.enter_context(
                Stack(stage=stage, parameters=parameters, daemon_address=listener.address, progress=progress)
            )
        front_door = exit_stack.enter_context(
            FrontDoor(
                door,
                origin=stack.api_origin,
                host=stack.api_host,
                stage=stack.stage,
                on_exchange=lambda it: happenings.put(partial(lines.exchange, it)),
            )
        )
        introduce(console, stack, front_door.url, time.monotonic() - began)
        try:
            while stack.engine.running():
                show(happenings, lines)
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        console.print(f"The local engine ended by itself. Its last words:\n{stack.engine.log()}", markup=False)
        return 1


def show(happenings: "queue.SimpleQueue[Callable[[], None]]", lines: LiveLines) -> None:
    """Print what has happened, waiting a moment for the next thing."""
    with suppress(queue.Empty):
        happenings.get(timeout=LOOK_SECONDS)()
    lines.flush()


def introduce(console: Console, stack: Stack, url: str, seconds: float) -> None:
    """Say what runs and where, as the engine has it, and what to try."""
    functions = boto3.client("lambda", **stack.connection)
    api = functions.get_function_configuration(FunctionName=stack.functions["api"])
    warmer = functions.get_function_configuration(FunctionName=stack.functions["warmer"])
    targets = json.loads(warmer.get("Environment", {}).get("Variables", {}).get("PILOTLIGHT_TARGETS", "[]"))
    events = boto3.client("events", **stack.connection)
    rules = [events.describe_rule(Name=rule) for rule in stack.rules]
    schedule = ", ".join(rule["ScheduleExpression"] for rule in rules if rule["State"] == "ENABLED")
    environments = ", ".join(f"{target['concurrency']} of {target['function']}" for target in targets)
    console.print(
        f"[bold]Pilotlight is running[/bold] (started in {seconds:.1f} s)\n"
        f"  API     [bold]{url}[/bold]\n"
        f"  stage   {stack.stage}: {api['MemorySize']} MB, {api['Runtime']}, deployed by sls into {stack.engine.url}\n"
        f"  warmer  {schedule or 'not scheduled'}, environments kept warm: {environments}\n"
        "Try\n"
        f"  curl '{url}/hello?name=marie&env=prod'\n"
        f"  curl {url}/hello -H 'Content-Type: application/json' -d '{{\"name\": \"marie\"}}'\n"
        f"  curl -i {url}/nowhere\n"
        "Stop with Ctrl-C. Requests, ticks and cold starts as they happen:\n"
    )
