"""`npm run -s local-env`: the variables by which any AWS command line uses the stack that `npm start` runs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from pilotlight_tools.commands import command
from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.running import find
from pilotlight_tools.local.engine import environment_of

_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
"""Variables of the developer's that tools prefer to the others, or send with them."""


def local_env(project: Path, inherited: Mapping[str, str], output: TextIO = sys.stdout) -> int:
    """Print the lines of a shell for the stack that runs from `project`. Raises Problem when none does.

    `inherited` are the variables of the shell that gets them: its exceptions from a proxy stay.
    """
    running = find(project)
    if running is None or running.engine_url is None:
        raise Problem(
            f"No local stack runs from {project.resolve()}.", f"Start it in another terminal: {command('start')}"
        )
    variables = {**environment_of(running.engine_url), "AWS_ENDPOINT_URL_XRAY": running.xray_endpoint}
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = _added(variables[name], inherited.get(name, ""))
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    print(f"unset {' '.join(_IN_THE_WAY)}\nexport {exports}", file=output)
    if output.isatty():
        print(f'# For this shell: eval "$({command("local-env")})", then for example', file=sys.stderr)
        print(f"# npx sls logs --function NAME --stage {running.stage}", file=sys.stderr)
    return 0


def _added(host: str, before: str) -> str:
    hosts = [each for each in before.split(",") if each]
    return ",".join(hosts if host in hosts else [*hosts, host])
