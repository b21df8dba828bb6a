"""What `npm start` prints first: what runs and where, and requests to try."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console

from pilotlight_tools.commands import command
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.engine import LOOPBACK
from pilotlight_tools.local.service import Service

_JSON = "-H 'Content-Type: application/json' -d '{\"name\": \"marie\"}'"


def introduce(
    console: Console, service: Service, page_url: str, seconds: float, debug_ports: Mapping[str, int] | None = None
) -> None:
    """Print what runs and where, as the engine reports it, and requests to try; and each function's debugger."""
    stage = service.stage
    console.print(
        f"[bold]Pilotlight is running[/bold] (started in {seconds:.1f} s)\n"
        f"  API     [bold]{service.url}[/bold]\n"
        f"  stage   {stage.name}: {', '.join(stage.functions)}, deployed by sls into {stage.engine.url}\n"
        f"  Python  {python_of_functions(stage.deploy_tool.packaged_service())}\n"
        f"  warmer  {_warmer_of(stage)}\n"
        f"  X-Ray   {service.xray.endpoint_url}\n"
        f"  latency [bold]{page_url}[/bold] in a browser; or {command('latency', '--stage', stage.name)}\n"
        f"{_debuggers(debug_ports or {})}Try"
    )
    for request in requests_to_try(stage.methods(), service.url):
        console.print(f"  {request}", markup=False)
    console.print(
        "Saved files run at the next request. Stop with Ctrl-C. Requests, ticks and cold starts as they happen:\n"
    )


def _debuggers(ports: Mapping[str, int]) -> str:
    if not ports:
        return ""
    each = ", ".join(f"[bold]{LOOPBACK}:{port}[/bold] ({key})" for key, port in ports.items())
    return f"  debug   {each}; one environment each, no time-outs, no ticks: see docs/local.md\n"


def python_of_functions(
    service: Mapping[str, Any], running: tuple[int, ...] = tuple(sys.version_info[:3]), executable: str = sys.executable
) -> str:
    """Name the Python that runs the functions here, the engine's own, beside what is deployed where they differ."""
    functions = service.get("functions") or {}
    runtimes = {each.get("runtime") or service.get("provider", {}).get("runtime") for each in functions.values()}
    deployed = sorted(each for each in runtimes if isinstance(each, str))
    here = ".".join(map(str, running))
    if all(each == f"python{running[0]}.{running[1]}" for each in deployed):
        return f"{here}, as deployed"
    wanted = ", ".join(deployed)
    how = (
        f"`PYTHON={deployed[-1]} {command('start')}` takes that, where it is installed"
        if Path(executable).parent.parent.name == ".venv"
        else f"{executable} runs this"
    )
    return f"{here}; on AWS {wanted} ({how})"


def _warmer_of(stage: DeployedStage) -> str:
    """Describe the warmer: when it ticks, and what it keeps warm."""
    if stage.warmer is None:
        return "none: custom.pilotlight.targets names no function to keep warm"
    functions = boto3.client("lambda", **stage.connection)
    warmer = functions.get_function_configuration(FunctionName=stage.functions[stage.warmer])
    targets = json.loads(warmer.get("Environment", {}).get("Variables", {}).get("PILOTLIGHT_TARGETS", "[]"))
    environments = ", ".join(f"{target['concurrency']} of {target['function']}" for target in targets)
    return f"{schedule_of(stage) or 'not scheduled'}, environments kept warm: {environments or 'none'}"


def requests_to_try(methods: Mapping[str, Collection[str]], url: str) -> list[str]:
    """List curl commands for the API at `url`; `methods` are those of its paths (ANY: all)."""
    whole = [path for path in methods if "{" not in path]
    path = min(whole, key=lambda each: (not {"GET", "ANY"} & set(methods[each]), each == "/", each), default="/")
    accepted = set(methods.get(path, ["ANY"]))
    asking = [f"curl {url}{path}"] if {"GET", "ANY"} & accepted else []
    sending = [f"curl {url}{path} {_JSON}"] if {"POST", "ANY"} & accepted else []
    return [*asking, *sending, f"curl -i {url}/nowhere"]


def schedule_of(stage: DeployedStage) -> str:
    """Return the expressions of the warmer's schedule that are enabled, or an empty text."""
    events = boto3.client("events", **stage.connection)
    rules = [events.describe_rule(Name=rule) for rule in stage.rules]
    return ", ".join(rule["ScheduleExpression"] for rule in rules if rule["State"] == "ENABLED")
