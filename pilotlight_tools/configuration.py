"""The service's name and region in serverless.yml, read without the deploy tool."""

from __future__ import annotations

import difflib
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
        return _parse(configuration_file(project))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def service_name(project: Path = Path()) -> str:
    """Return `service` of serverless.yml. Raises ConfigurationError when it is missing or needs the deploy tool."""
    where = configuration_file(project).resolve()
    if not where.exists():
        raise ConfigurationError(
            f"there is no {where.name} in {where.parent}: run it in the service's folder, or with --project"
        )
    try:
        name = _parse(where).get("service")
    except yaml.YAMLError as error:
        raise ConfigurationError(_why_not_yaml(where, error)) from error
    if not isinstance(name, str) or "${" in name:
        raise ConfigurationError(f"{where} does not name its service: add a line such as `service: pilotlight`")
    return name


def stage_without_parameters(configuration: Mapping[str, Any], stage: str) -> str | None:
    """Say that `params` name other stages and not this one, which may be misspelt; None where there is nothing to say.

    A stage may have any name: it then has the defaults.
    """
    params = configuration.get("params")
    named = sorted(set(params) - {"default"}) if isinstance(params, dict) else []
    if not named or stage in named:
        return None
    near = difflib.get_close_matches(stage, named, 1)
    meant = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(named)}."
    return f"stage {stage} has no `params` of its own in serverless.yml, so the defaults apply. {meant}"


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


def configuration_file(project: Path) -> Path:
    """Return the path of serverless.yml, or of what the deploy tool reads in its place."""
    files = [project / name for name in _FILES]
    return next((file for file in files if file.exists()), files[0])


def _parse(file: Path) -> dict[str, Any]:
    content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    return content if isinstance(content, dict) else {}


def _why_not_yaml(file: Path, error: yaml.YAMLError) -> str:
    """One line with the place, for an editor to open."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    return f"{file}{place} is not valid YAML: {problem or error}. Mend that line, or one just before it"


class _Loader(yaml.SafeLoader):
    """Ignores CloudFormation's own tags, such as !Sub, which nothing here needs."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
