"""The first tick of `npm start`: at once. The schedule's own first one comes only when its rate has passed once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.local.deployed_stage import DeployedStage, WarmerError
from pilotlight_tools.local.introduction import schedule_of


def tick_at_start(stage: DeployedStage, tell: Callable[[str], None]) -> threading.Thread | None:
    """Tick in a thread, if the warmer has a schedule that is enabled; `tell` gets what went wrong."""
    if stage.warmer is None or not schedule_of(stage):
        return None

    def tick() -> None:
        try:
            stage.tick()
        except (BotoCoreError, ClientError, WarmerError, ValueError) as error:
            if stage.engine.running():  # else all of this is ending
                tell(f"The first tick failed: {error}")

    thread = threading.Thread(target=tick, name="first-tick", daemon=True)
    thread.start()
    return thread
