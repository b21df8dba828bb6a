"""The names of a stage's stack and REST API: as `provider` of serverless.yml says, or the deploy tool's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilotlight_tools.configuration import read_configuration


def api_names(project: Path, service: str, stage: str) -> tuple[str, ...]:
    """Return the names that a REST API of the service may have: the configured one, and the deploy tool's own."""
    configured = _configured(_provider_of(project, service).get("apiName"), service, stage)
    names = (configured, f"{service}-{stage}", f"{stage}-{service}")
    return tuple(dict.fromkeys(name for name in names if name))


def stack_name(project: Path, service: str, stage: str) -> str | None:
    """Return the name of the CloudFormation stack; None where only the deploy tool knows it."""
    provider = _provider_of(project, service)
    return _configured(provider["stackName"], service, stage) if "stackName" in provider else f"{service}-{stage}"


def _provider_of(project: Path, service: str) -> Mapping[str, Any]:
    """`provider` of serverless.yml, if the file is that of `service`: `--service` may name another."""
    configuration = read_configuration(project)
    provider = configuration.get("provider") if configuration.get("service") == service else None
    return provider if isinstance(provider, dict) else {}


def _configured(name: object, service: str, stage: str) -> str | None:
    """Resolve what names of a stage are mostly made of; None for what only the deploy tool can resolve."""
    if not isinstance(name, str):
        return None
    for variable, value in (("self:service", service), ("sls:stage", stage), ("self:provider.stage", stage)):
        name = name.replace(f"${{{variable}}}", value)
    name = re.sub(r"\$\{opt:stage\s*(?:,[^{}]*)?\}", stage, name)
    return None if "${" in name else name
