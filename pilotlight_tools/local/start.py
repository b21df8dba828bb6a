"""`npm start`: the API, its warmer and its schedule on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import boto3
from rich.console import Console

from pilotlight_tools.latency.running import RunningService, announce
from pilotlight_tools.local.console import line_of
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.page_server import page_server, report_reader
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.service import Service
from pilotlight_tools.terminal import Progress, answers

_JSON = "-H 'Content-Type: application/json' -d '{\"name\": \"marie\"}'"
_LOOK_SECONDS = 0.25
"""How long to wait for something to print before looking whether the engine still runs."""


def start(*, project: Path, port: int, stage: str, parameters: Mapping[str, str]) -> int:
    """Run `stage` with its API at `port` (0: any free one) until KeyboardInterrupt; return the exit code."""
    began = time.monotonic()
    console = answers()
    # What happens comes from several threads; this one prints it.
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
        page_url = exit_stack.enter_context(page_server(reader, project=project))
        running = RunningService(service.name, stage, service.url, service.xray.endpoint_url, page_url)
        exit_stack.enter_context(announce(running, project))
        _introduce(console, service, page_url, time.monotonic() - began)
        try:
            while service.stage.engine.running():
                with suppress(queue.Empty):
                    if line := line_of(pairs.get(timeout=_LOOK_SECONDS)):
                        console.print(line)
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        console.print(f"The local engine ended by itself. Its last words:\n{service.stage.engine.log()}", markup=False)
        return 1


def requests_to_try(methods: Mapping[str, Collection[str]], url: str) -> list[str]:
    """Commands that send requests to the API at `url`; `methods` are those of its paths (ANY: all)."""
    whole = [path for path in methods if "{" not in path]
    path = min(whole, key=lambda each: (not {"GET", "ANY"} & set(methods[each]), each == "/", each), default="/")
    accepted = set(methods.get(path, ["ANY"]))
    asking = [f"curl {url}{path}"] if {"GET", "ANY"} & accepted else []
    sending = [f"curl {url}{path} {_JSON}"] if {"POST", "ANY"} & accepted else []
    return [*asking, *sending, f"curl -i {url}/nowhere"]


def _introduce(console: Console, service: Service, page_url: str, seconds: float) -> None:
    """Say what runs and where, as the engine has it, and what to try."""
    stage = service.stage
    functions = boto3.client("lambda", **stage.connection)
    api = functions.get_function_configuration(FunctionName=stage.functions["api"])
    warmer = functions.get_function_configuration(FunctionName=stage.functions["warmer"])
    targets = json.loads(warmer.get("Environment", {}).get("Variables", {}).get("PILOTLIGHT_TARGETS", "[]"))
    environments = ", ".join(f"{target['concurrency']} of {target['function']}" for target in targets)
    console.print(
        f"[bold]Pilotlight is running[/bold] (started in {seconds:.1f} s)\n"
        f"  API     [bold]{service.url}[/bold]\n"
        f"  stage   {stage.name}: {api['MemorySize']} MB, {api['Runtime']}, deployed by sls into {stage.engine.url}\n"
        f"  warmer  {_schedule(stage) or 'not scheduled'}, environments kept warm: {environments or 'none'}\n"
        f"  X-Ray   {service.xray.endpoint_url}\n"
        f"  latency [bold]{page_url}[/bold] in a browser; or npm run latency -- --stage {stage.name}\n"
        "Try"
    )
    for command in requests_to_try(stage.methods(), service.url):
        console.print(f"  {command}", markup=False)
    console.print("Stop with Ctrl-C. Requests, ticks and cold starts as they happen:\n")


def _schedule(stage: DeployedStage) -> str:
    events = boto3.client("events", **stage.connection)
    rules = [events.describe_rule(Name=rule) for rule in stage.rules]
    return ", ".join(rule["ScheduleExpression"] for rule in rules if rule["State"] == "ENABLED")
