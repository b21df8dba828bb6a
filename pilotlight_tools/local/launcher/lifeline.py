"""Ends the engine and its execution environments when its supervisor was killed, which then cannot do so."""

from __future__ import annotations

import os
import signal
import threading

_VARIABLE = "PILOTLIGHT_LIFELINE"


def install() -> None:
    """Kill this process group as soon as the pipe from supervisor.py ends. Functions get neither pipe nor variable."""
    text = os.environ.pop(_VARIABLE, None)
    if text is None:
        return
    descriptor = int(text)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with, args=(descriptor,), name="lifeline", daemon=True).start()


def _end_with(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.killpg(0, signal.SIGKILL)
