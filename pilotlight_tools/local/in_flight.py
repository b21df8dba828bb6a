"""The requests at the front door that have no response yet: a record may belong to one of them."""

from __future__ import annotations

import threading
from collections import Counter


class InFlight:
    """The moments (epoch seconds) at which they arrived; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived: Counter[float] = Counter()

    def begin(self, at: float) -> None:
        """Add a request that arrived at this moment."""
        with self._lock:
            self._arrived[at] += 1

    def end(self, at: float) -> None:
        """Remove one that arrived at this moment."""
        with self._lock:
            self._arrived[at] -= 1
            if self._arrived[at] <= 0:
                del self._arrived[at]

    def any_before(self, moment: float) -> bool:
        """Whether one of them arrived before this moment."""
        with self._lock:
            return any(at <= moment for at in self._arrived)
