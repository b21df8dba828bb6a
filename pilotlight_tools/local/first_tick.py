"""The first tick of `npm start`: at once. The schedule's own first one comes only when its rate has passed once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.local.deployed_stage import WarmerError


def tick_at_start(
    tick: Callable[[], object], *, is_running: Callable[[], bool], tell: Callable[[str], None]
) -> threading.Thread:
    """Tick in a thread; `tell` gets what went wrong, unless the engine does not run any more."""

    def run() -> None:
        try:
            tick()
        except (BotoCoreError, ClientError, WarmerError, ValueError) as error:
            if is_running():  # else all of this is ending
                tell(f"The first tick failed: {error}")

    thread = threading.Thread(target=run, name="first-tick", daemon=True)
    thread.start()
    return thread
