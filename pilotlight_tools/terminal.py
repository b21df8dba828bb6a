"""What a person reads: answers on stdout, progress on stderr; colour on a terminal only, and never with NO_COLOR."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

LINE_EVERY_SECONDS = 10.0
"""How often a step that goes on is told again where no line can move."""


def answers() -> Console:
    """The console for what was asked for. Lines are never broken: they may be copied, or read by a program."""
    return Console(highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """`text` without characters that could steer a terminal: it may come from anybody's request."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


class Progress:
    """Shows what is being done, from any thread: a moving line on a terminal, elsewhere a line for each step.

    A step that takes long gets a line with its detail every ten seconds. `quiet_seconds` pass before the first.
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
        """Say that `step` is being done, and how far it has come."""
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
    """Tells `progress` what is being counted in `step`, how many are done, and of how many (None: not known yet)."""

    def counted(kind: str, done: int, total: int | None) -> None:
        progress(step, f"{done:,} {kind}" if total is None else f"{done:,} of {total:,} {kind}")

    return counted
