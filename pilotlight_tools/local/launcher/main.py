"""The engine's process: loads `ministack`, changes what this project needs otherwise, and serves it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pilotlight_tools.local.launcher import lifeline
from pilotlight_tools.local.launcher.guard import Guard
from pilotlight_tools.local.launcher.paths import RawPaths

INVOCATIONS_PIPE = "PILOTLIGHT_INVOCATIONS_PIPE"
"""The variable with the path of the named pipe for what each invocation wrote."""
DEBUG_FOLDER = "PILOTLIGHT_DEBUG_FOLDER"
"""The variable with the folder where environments note at which port a debugger listens; none without it."""
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

    from pilotlight_tools.local.launcher import (
        breakpoints,
        debugging,
        gateway,
        init_errors,
        initialization,
        invocations,
        log_events,
        logs,
        loopback,
        permissions,
        replacing,
        retention,
        telling,
    )

    pipe = os.environ.pop(INVOCATIONS_PIPE, None)  # functions inherit the engine's variables
    debug_folder = os.environ.pop(DEBUG_FOLDER, None)
    try:
        logs.install()
        init_errors.install()
        breakpoints.install()
        initialization.install()
        invocations.install()
        gateway.install()
        log_events.install()
        replacing.install()
        if pipe is not None:
            telling.install(pipe)
        if debug_folder is not None:
            debugging.install(Path(debug_folder))
        loopback.install()
        permissions.install()
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
