"""The environment variables of this process and of every program that it starts, made in one place.

A developer's shell has proxies, AWS profiles, locales and Python settings for other work. Text is UTF-8, and what is on
this machine is reached directly.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TextIO

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OF_AWS = ("AWS_", "_X_AMZN_")
_OF_THE_DEPLOY_TOOL = ("SLS_", "SERVERLESS_")
_MISLEADING = frozenset(("PYTHONSAFEPATH", "PYTHONHOME", "PYTHONIOENCODING"))
"""They keep a Python from its own modules, or from UTF-8."""
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "PROXY")
"""What the deploy tool takes for a proxy, in any case, without regard to NO_PROXY (`aws/config.js` of osls)."""
_NO_AWS_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
"""uv's own list lacks those of a company whose proxy reads TLS; by its newer name and its older one."""
_NO_PROXY = ("NO_PROXY", "no_proxy")


def of_program(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a program that may reach the Internet, from `given` (default: this process's)."""
    whole = os.environ if given is None else given
    variables = {name: value for name, value in whole.items() if name not in _MISLEADING}
    _reach_this_machine_directly(variables)
    return {
        **(_SYSTEM_CERTIFICATES if _has_certificates() else {}),
        **variables,
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
    }


def of_deploy_tool(scratch: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return those of the deploy tool; `scratch` is a folder for what it caches where it may not write to HOME."""
    variables = of_program(given)
    home = Path(variables.get("HOME") or "/nonexistent")
    if "SLS_SCHEMA_CACHE_BASE_DIR" not in variables and not (home.is_dir() and os.access(home, os.W_OK)):
        variables["SLS_SCHEMA_CACHE_BASE_DIR"] = str(scratch)
    return variables


def of_local_deploy_tool(scratch: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return those of a deploy tool that deploys to this machine: without settings of AWS, and of its own.

    Its own requests take no proxy, because they are all to this machine; the pip or uv that it starts may need one, and
    both read ALL_PROXY too, which the deploy tool does not.
    """
    foreign = (*_OF_AWS, *_OF_THE_DEPLOY_TOOL)
    whole = os.environ if given is None else given
    kept = {name: value for name, value in whole.items() if not name.startswith(foreign)}
    proxies = {name.upper(): kept.pop(name) for name in list(kept) if name.upper() in _PROXIES}
    proxy = next((proxies[name] for name in _PROXIES if proxies.get(name)), None)
    if proxy and not (kept.get("ALL_PROXY") or kept.get("all_proxy")):
        kept["ALL_PROXY"] = proxy
    return of_deploy_tool(scratch, kept) | _NO_AWS_FILES


def forget_aws_settings() -> None:
    """Remove every AWS setting from this process's environment variables and hide `~/.aws` from boto3.

    Otherwise the shell's profile, region or certificates would reach clients of the local engine, and a profile that
    does not exist would make them fail.
    """
    for name in [name for name in os.environ if name.startswith(_OF_AWS)]:
        del os.environ[name]
    os.environ.update(_NO_AWS_FILES)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def prepare_this_process() -> None:
    """Reach this machine without a proxy from here on, and print whatever the terminal's character set lacks as `?`."""
    _reach_this_machine_directly(os.environ)
    for stream in (sys.stdout, sys.stderr):
        _never_fails(stream)


def _reach_this_machine_directly(variables: MutableMapping[str, str]) -> None:
    """Add the loopback interface to NO_PROXY; both spellings, because programs read one of them."""
    named = [part.strip() for name in _NO_PROXY for part in variables.get(name, "").split(",")]
    whole = ",".join(dict.fromkeys(part for part in (*named, *_LOOPBACK) if part))
    variables.update(dict.fromkeys(_NO_PROXY, whole))


def _has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return any(path and Path(path).exists() for path in (paths.cafile, paths.capath))


def _never_fails(stream: TextIO) -> None:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
