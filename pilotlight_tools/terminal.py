"""Terminal output: results on stdout, progress on stderr; colour on a terminal only, and never with NO_COLOR."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

LINE_EVERY_SECONDS = 10.0
"""How often a long step is reported again where the output is not a terminal."""


def results() -> Console:
    """Make the console for results. Lines are never broken, so that people can copy and programs read them."""
    return Console(highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """Replace characters that could control a terminal: `text` may come from anybody's request."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


class Progress:
    """Shows the current step, from any thread: a status line on a terminal, elsewhere one line for each step.

    A long step gets a line with its detail every ten seconds. The first `quiet_seconds` show nothing.
    """

    def __init__(
        self,
        *,
        quiet_seconds: float = 0.0,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._status = Status("", console=self._console) if self._console.is_terminal else None
        self._clock = clock
        self._loud_from = clock() + quiet_seconds
        self._next_line = 0.0
        self._step = ""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, step: str, detail: str = "") -> None:
        """Show the current `step`, and how far it has come."""
        with self._lock:
            if self._clock() < self._loud_from:
                return
            if self._status is not None:
                self._status.update(f"{step} [dim]{printable(detail)}[/dim]" if detail else step)
                self._status.start()
            else:
                self._print_line(step, detail)

    def _print_line(self, step: str, detail: str) -> None:
        now, is_new = self._clock(), step != self._step
        if is_new or now >= self._next_line:
            self._console.print(f"{step} …" if is_new else f"{step}: {printable(detail)}", markup=False)
            self._step, self._next_line = step, now + LINE_EVERY_SECONDS


def counting(progress: Progress, step: str) -> Callable[[str, int, int | None], None]:
    """Make a callback that shows what `step` counts, how many are done, and the total (None: not known yet)."""

    def counted(kind: str, done: int, total: int | None) -> None:
        progress(step, f"{done:,} {kind}" if total is None else f"{done:,} of {total:,} {kind}")

    return counted
