"""The service's name and region in serverless.yml, read without the deploy tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_FILE = "serverless.yml"


class ConfigurationError(Exception):
    """serverless.yml is missing or lacks a value; the message names the file and the remedy."""


def read_configuration(project: Path = Path()) -> dict[str, Any]:
    """Parse serverless.yml in `project` without resolving its variables; empty when it cannot be read."""
    try:
        content = yaml.load((project / _FILE).read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    except (OSError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def service_name(project: Path = Path()) -> str:
    """Return `service` of serverless.yml. Raises ConfigurationError when it is missing or needs the deploy tool."""
    name = read_configuration(project).get("service")
    if not isinstance(name, str) or "${" in name:
        where = (project / _FILE).resolve()
        raise ConfigurationError(f"{where} does not name its service: add a line such as `service: pilotlight`")
    return name


class _Loader(yaml.SafeLoader):
    """Ignores CloudFormation's own tags, such as !Sub, which nothing here needs."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
