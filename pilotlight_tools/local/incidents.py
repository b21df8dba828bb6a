"""What went wrong beside the requests, for the terminal: one line when it begins, and how often it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

EACH_SECONDS = 5.0
"""The same notice comes at most so often: a load makes thousands."""

Notify = Callable[[str], None]
"""Takes a notice of one line, in any thread; it returns at once."""


class Incidents:
    """Collects notices from any thread; `take` returns the lines that are due, each with how often it happened."""

    def __init__(self, *, each_seconds: float = EACH_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._each_seconds = each_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, int] = {}
        self._said_at: dict[str, float] = {}

    def __call__(self, text: str) -> None:
        """Add a notice; the same text is the same notice."""
        with self._lock:
            self._waiting[text] = self._waiting.get(text, 0) + 1

    def take(self) -> list[str]:
        """Take the lines that are due now."""
        now = self._clock()
        with self._lock:
            self._said_at = {text: at for text, at in self._said_at.items() if now - at < self._each_seconds}
            due = [text for text in self._waiting if text not in self._said_at]
            self._said_at.update(dict.fromkeys(due, now))
            return [_line(text, self._waiting.pop(text)) for text in due]

    def take_all(self) -> list[str]:
        """Take the lines that wait, due or not: at the end."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            return [_line(text, count) for text, count in waiting.items()]


def _line(text: str, count: int) -> str:
    return text if count == 1 else f"{text} ({count:,} times)"
