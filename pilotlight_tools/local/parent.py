"""Whether the command that started this process still runs: `npm start` is a chain of processes, and any may be killed.

scripts/setup.mjs passes its own process id on. Started in another way, this process is nobody's: whoever puts it into
the background may leave.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

_VARIABLE = "PILOTLIGHT_STARTED_BY"


class Parent:
    """The process that started this one, if it asked to be watched."""

    def __init__(self, environment: Mapping[str, str] = os.environ, parent_id: Callable[[], int] = os.getppid) -> None:
        self._parent_id = parent_id
        # An inherited variable may be of a process further up.
        self._watched = parent_id() if environment.get(_VARIABLE) == str(parent_id()) else None

    def has_ended(self) -> bool:
        """Whether it has ended before this process, as it does only when it is killed."""
        return self._watched is not None and self._parent_id() != self._watched
