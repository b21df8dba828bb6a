"""What serverless.yml says in plain words, read without the deploy tool: the service's name and its region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FILE = "serverless.yml"


class ConfigurationError(Exception):
    """serverless.yml is missing or does not say what is asked; the message names the file and the way out."""


def read_configuration(project: Path = Path()) -> dict[str, Any]:
    """serverless.yml of the service in `project` as YAML, its variables unresolved; empty where it cannot be read."""
    try:
        content = yaml.load((project / FILE).read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    except (OSError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def service_name(project: Path = Path()) -> str:
    """The `service` of serverless.yml. Raises ConfigurationError where it is missing or needs the deploy tool."""
    name = read_configuration(project).get("service")
    if not isinstance(name, str) or "${" in name:
        where = (project / FILE).resolve()
        raise ConfigurationError(f"{where} does not name its service: it needs a line such as `service: pilotlight`")
    return name


class _Loader(yaml.SafeLoader):
    """Reads past CloudFormation's own tags, such as !Sub, which nothing here looks at."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
