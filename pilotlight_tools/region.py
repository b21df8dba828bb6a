"""The region of a stage, by the deploy tool's rule: `--region`, then `provider.region` of serverless.yml.

In this project that is AWS_REGION, AWS_DEFAULT_REGION, the region of the AWS profile, then us-east-1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.exceptions import ConfigParseError

from pilotlight_tools.configuration import ConfigurationError

DEFAULT_REGION = "us-east-1"
"""Of the deploy tool, where serverless.yml names none."""
_PROFILE = "file(plugin/region.cjs):ofProfile"
"""plugin/region.cjs: the region of the profile, for the deploy tool."""


def find_region(configuration: Mapping[str, Any], environment: Mapping[str, str], option: str | None = None) -> str:
    """Return the region; `configuration` is serverless.yml, unresolved, and `option` is the command line's.

    Raises ConfigurationError where only the deploy tool can say it.
    """
    provider = configuration.get("provider")
    configured = provider.get("region") if isinstance(provider, dict) else None
    if option or not isinstance(configured, str):
        return option or DEFAULT_REGION
    if "${" not in configured:
        return configured
    variable = re.fullmatch(r"\$\{([^{}]*)\}", configured.strip())
    for source in variable[1].split(",") if variable else [configured]:
        if region := _of_source(source.strip(), environment):
            return region
    raise ConfigurationError(f"provider.region of serverless.yml, {configured}, names no region here: give --region")


def _of_source(source: str, environment: Mapping[str, str]) -> str | None:
    kind, _, name = source.partition(":")
    if kind == "opt":
        return None  # the command line's, which was looked at before
    if kind == "env":
        return environment.get(name)
    if source == _PROFILE:
        return _of_profile(environment)
    if literal := re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", source):
        return literal[1] or literal[2]
    raise ConfigurationError(f"provider.region of serverless.yml comes from {source}: give --region")


def _of_profile(environment: Mapping[str, str]) -> str | None:
    name = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    try:
        profiles = botocore.session.Session().full_config.get("profiles", {})
    except ConfigParseError as error:
        raise ConfigurationError(f"{error}: mend that file, or give --region") from error
    region = profiles.get(name, {}).get("region")
    return region if isinstance(region, str) else None
