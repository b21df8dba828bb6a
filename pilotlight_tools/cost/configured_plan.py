"""Memory, architecture, concurrency and rate from serverless.yml: read from `sls print`, never guessed."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pilotlight.warming.schedule import rate_seconds
from pilotlight_tools.configuration import ConfigurationError, find_warmer, settings_of
from pilotlight_tools.node_modules import PROGRAM, find_node_modules, not_installed


def print_configuration(stage: str, project: Path, region: str | None = None) -> dict[str, Any]:
    """Resolve serverless.yml of `project` for `stage` with `npx sls print`; no AWS account is needed."""
    modules = find_node_modules(project)
    if modules is None:
        raise ConfigurationError(f"{not_installed(project)}; or give flags instead of --stage")
    if shutil.which("node") is None:
        raise ConfigurationError("there is no `node` on PATH: install Node.js, or give flags")
    try:
        printed = subprocess.run(
            [
                str(modules / PROGRAM),
                "print",
                "--stage",
                stage,
                "--format",
                "json",
                *(["--region", region] if region else []),
            ],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError("`sls print` did not end in two minutes: give flags instead") from None
    if printed.returncode:
        output = f"{printed.stdout}\n{printed.stderr}".strip()  # the reason and the versions are on different streams
        raise ConfigurationError(f"`sls print --stage {stage}` failed:\n{output}")
    try:
        configuration: dict[str, Any] = json.loads(printed.stdout[printed.stdout.index("{") :])
    except ValueError:
        raise ConfigurationError(f"`sls print --stage {stage}` printed no JSON: {printed.stdout[:200]!r}") from None
    return configuration


def plan_fields(
    configuration: Mapping[str, Any], function: str | None = None, given: Collection[str] = ()
) -> dict[str, Any]:
    """Return the fields of `cost.plan.Plan` that the configuration sets, without those that are `given`.

    `function` None is the first target, or else the only function.
    """
    functions = configuration.get("functions") or {}
    function = function or _first_target(configuration)
    if function not in functions:
        known = ", ".join(sorted(functions)) or "none"
        raise ConfigurationError(f"serverless.yml has no function {function!r} (it has: {known}): give --function")
    provider, target = configuration.get("provider") or {}, functions[function]
    # 1024 MB and x86_64 are what the Serverless Framework deploys where serverless.yml is silent.
    fields: dict[str, Any] = {
        "memory_mb": int(target.get("memorySize") or provider.get("memorySize") or 1024),
        "architecture": target.get("architecture") or provider.get("architecture") or "x86_64",
    }
    fields |= _observing(configuration)
    warmer = find_warmer(configuration)
    if warmer is None:
        return {name: value for name, value in fields.items() if name not in given}
    own = functions[warmer]
    fields["warmer_memory_mb"] = int(own.get("memorySize") or provider.get("memorySize") or 1024)
    if "interval_minutes" not in given:
        fields["interval_minutes"] = _interval_minutes(own.get("events") or [])
    if "concurrency" not in given:
        fields["concurrency"] = _concurrency(own, target, function)
    return {name: value for name, value in fields.items() if value is not None and name not in given}


def parse_rate(expression: str) -> float:
    """Parse an expression such as `rate(5 minutes)` into the minutes between two firings.

    Raises:
        ConfigurationError: for anything else, also for a cron expression, which has no fixed interval.
    """
    seconds = rate_seconds(expression)
    if seconds is None:
        raise ConfigurationError(f"the warmer's schedule {expression!r} is not a rate(…): give --interval-minutes")
    return seconds / 60


def _observing(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What the stage traces and measures. The sampling rule, and the API's metrics, are of REST APIs alone."""
    provider, functions = configuration.get("provider") or {}, configuration.get("functions") or {}
    settings = settings_of(configuration)
    methods = [event for each in functions.values() for event in each.get("events") or [] if _is_method(event)]
    fields: dict[str, Any] = {"observability": bool(settings.get("observability"))}
    if methods and fields["observability"] and settings.get("sampling") is not None:
        fields["sampling"] = float(settings["sampling"])
    if (provider.get("apiGateway") or {}).get("metrics"):
        fields["api_methods_measured"] = len(methods)
    return fields


def _is_method(event: Any) -> bool:
    return isinstance(event, dict) and "http" in event


def _first_target(configuration: Mapping[str, Any]) -> str:
    targets = settings_of(configuration).get("targets")
    if isinstance(targets, list) and targets and isinstance(targets[0], dict):
        return str(targets[0].get("function"))
    others = [key for key in configuration.get("functions") or {} if key != find_warmer(configuration)]
    if len(others) != 1:
        raise ConfigurationError(
            f"serverless.yml has {len(others)} functions and no target in custom.pilotlight.targets: give --function"
        )
    return str(others[0])


def _interval_minutes(events: list[Any]) -> float | None:
    for event in events:
        schedule = event.get("schedule") if isinstance(event, dict) else None
        if isinstance(schedule, dict):
            if schedule.get("enabled") is False:
                continue
            schedule = schedule.get("rate")
        if isinstance(schedule, list):
            schedule = schedule[0] if schedule else None
        if isinstance(schedule, str):
            return parse_rate(schedule)
    return None


def _concurrency(warmer: Mapping[str, Any], target: Mapping[str, Any], function: str) -> int | None:
    """Read the concurrency from the warmer's `PILOTLIGHT_TARGETS`."""
    targets = (warmer.get("environment") or {}).get("PILOTLIGHT_TARGETS")
    if not isinstance(targets, str):
        return None
    try:
        listed = json.loads(targets)
    except ValueError:
        raise ConfigurationError(f"PILOTLIGHT_TARGETS of the warmer is not JSON: {targets!r}") from None
    names = {function, str(target.get("name", function))}
    # A target is a name or an ARN, with or without an alias after it.
    chosen = [each for each in listed if names & set(str(each.get("function", "")).split(":"))]
    if not chosen:
        raise ConfigurationError(f"the warmer has no target {' or '.join(sorted(names))}: give --concurrency")
    return _at_most(chosen[0].get("concurrency"), chosen[0])


def _at_most(concurrency: Any, settings: Mapping[str, Any]) -> int | None:
    """Return a number unchanged, and for `auto` its maximum, so that the price is an upper limit."""
    if concurrency == "auto":
        return _at_most(settings.get("max"), {})
    try:
        return max(1, int(concurrency))
    except (TypeError, ValueError):
        return None
