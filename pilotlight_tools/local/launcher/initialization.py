"""AWS_LAMBDA_INITIALIZATION_TYPE in the execution environments of the engine, which sets none.

"Defined runtime environment variables" in the Lambda Developer Guide: `on-demand`, `provisioned-concurrency` or
`snap-start`. Provisioned concurrency is of a version, also where an alias of it is configured; invocations beyond its
number meet on-demand environments ("Configuring provisioned concurrency for a function").
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_VARIABLE = "AWS_LAMBDA_INITIALIZATION_TYPE"
_LATEST = "$LATEST"


def install() -> None:
    """Add the variable to each new environment. Raises AttributeError where the engine is not as expected."""
    functions = lambda_svc._functions
    spawn = lambda_runtime.Worker._spawn
    credentials = lambda_runtime.execution_credentials  # merged into the variables of each new environment
    spawning = threading.local()

    def spawn_with_type(self: Any) -> None:
        spawning.worker = self
        spawn(self)

    def with_type(config: dict[str, Any]) -> dict[str, str]:
        name, version = config.get("FunctionName", ""), config.get("Version", _LATEST)
        pool = lambda_runtime._workers.get(lambda_runtime._worker_key(name, config, version), [])
        position = next((index for index, worker in enumerate(pool) if worker is spawning.worker), len(pool))
        return {**credentials(config), _VARIABLE: initialization_type(config, functions.get(name) or {}, position)}

    lambda_runtime.Worker._spawn = spawn_with_type
    lambda_runtime.execution_credentials = with_type


def initialization_type(config: Mapping[str, Any], function: Mapping[str, Any], position: int) -> str:
    """The type of an environment of the version of `function` that `config` is of; the first has the `position` 0."""
    if (config.get("SnapStart") or {}).get("OptimizationStatus") == "On":
        return "snap-start"
    if position < _provisioned(config.get("Version", _LATEST), function):
        return "provisioned-concurrency"
    return "on-demand"


def _provisioned(version: str, function: Mapping[str, Any]) -> int:
    """How many environments of a version are provisioned, by its number or by an alias of it."""
    aliases = function.get("aliases") or {}
    total = 0
    for qualifier, configured in (function.get("provisioned_concurrency") or {}).items():
        alias = aliases.get(qualifier) or {}
        if version in (qualifier, alias.get("FunctionVersion")):
            total += int(configured.get("RequestedProvisionedConcurrentExecutions", 0))
    return total
