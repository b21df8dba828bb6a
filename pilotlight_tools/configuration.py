"""The service's name and region in serverless.yml, read without the deploy tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_FILES = ("serverless.yml", "serverless.yaml", "serverless.json")
"""What the deploy tool reads too; JSON is YAML."""
ADDED_WARMER = "pilotlightWarmer"
"""The function that the plugin adds where `custom.pilotlight.warmer` names none of the service's own."""
_TARGETS = "PILOTLIGHT_TARGETS"


class ConfigurationError(Exception):
    """serverless.yml is missing or lacks a value; the message names the file and the remedy."""


def read_configuration(project: Path = Path()) -> dict[str, Any]:
    """Parse serverless.yml in `project` without resolving its variables; empty when it cannot be read."""
    try:
        content = yaml.load(_file(project).read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    except (OSError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def service_name(project: Path = Path()) -> str:
    """Return `service` of serverless.yml. Raises ConfigurationError when it is missing or needs the deploy tool."""
    name = read_configuration(project).get("service")
    if not isinstance(name, str) or "${" in name:
        where = _file(project).resolve()
        raise ConfigurationError(f"{where} does not name its service: add a line such as `service: pilotlight`")
    return name


def find_warmer(configuration: Mapping[str, Any]) -> str | None:
    """Return the key of the warmer among the functions: what names it, else the function that has targets; or None."""
    functions = configuration.get("functions") or {}
    named = (settings_of(configuration).get("warmer"), ADDED_WARMER)
    having = (key for key, function in functions.items() if _TARGETS in ((function or {}).get("environment") or {}))
    return next((key for key in (*named, *having) if key in functions), None)


def settings_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return `custom.pilotlight`; empty where there is none."""
    custom = configuration.get("custom")
    settings = custom.get("pilotlight") if isinstance(custom, dict) else None
    return settings if isinstance(settings, dict) else {}


def _file(project: Path) -> Path:
    files = [project / name for name in _FILES]
    return next((file for file in files if file.exists()), files[0])


class _Loader(yaml.SafeLoader):
    """Ignores CloudFormation's own tags, such as !Sub, which nothing here needs."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
