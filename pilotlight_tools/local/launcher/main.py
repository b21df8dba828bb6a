"""The engine's process: loads `ministack`, changes what this project needs otherwise, and serves it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pilotlight_tools.local.launcher import lifeline
from pilotlight_tools.local.launcher.guard import Guard
from pilotlight_tools.local.launcher.paths import RawPaths

CHANGED = 3
"""The exit code where the engine's internals are not as the changes expect."""


def main() -> None:
    """Serve the engine until the process ends; environment variables say how, as for `python -m ministack`.

    The last argument is the file with the guard's secret, which is read once and removed before a function can run.
    """
    file = Path(sys.argv[-1])
    secret = file.read_text(encoding="utf-8")
    file.unlink()
    sys.argv[1:] = []  # the engine parses its own command line
    lifeline.install()
    import hypercorn.asyncio
    from ministack import app

    from pilotlight_tools.local.launcher import initialization, invocations, logs, loopback, retention

    try:
        logs.install()
        initialization.install()
        invocations.install()
        loopback.install()
        retention.install()
    except (AttributeError, ValueError) as error:
        print(f"This version of ministack is not the one that the launcher knows: {error}", file=sys.stderr)
        sys.exit(CHANGED)
    serve: Any = hypercorn.asyncio.serve

    async def guarded(application: Any, *arguments: Any, **options: Any) -> None:
        guard = Guard(RawPaths(application), secret, int(os.environ["GATEWAY_PORT"]))
        await serve(invocations.Invocations(guard), *arguments, **options)

    vars(hypercorn.asyncio)["serve"] = guarded  # the engine takes it from there when it starts
    app.main()
