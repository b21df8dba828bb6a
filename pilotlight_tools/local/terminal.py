"""What a person reads: answers on stdout, progress on stderr; colour on a terminal only, and never with NO_COLOR."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status


def answers() -> Console:
    """The console for what was asked for. Lines are never broken: they may be copied, or read by a program."""
    return Console(highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """`text` without characters that could steer a terminal: it may come from anybody's request."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


class Progress:
    """Shows what is being done: a moving line on a terminal, elsewhere one line for each step (not for its details)."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status = Status("", console=self._console) if sys.stderr.isatty() else None
        self._step = ""

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, step: str, detail: str = "") -> None:
        """Say that `step` is being done, and how far it has come."""
        if self._status is not None:
            self._status.update(f"{step} [dim]{printable(detail)}[/dim]" if detail else step)
        elif step != self._step:
            self._console.print(f"{step} …")
        self._step = step
