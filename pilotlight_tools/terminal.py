"""Terminal output: results on stdout, progress on stderr; colour on a terminal only, and never with NO_COLOR."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table

LINE_EVERY_SECONDS = 10.0
"""How often a long step is reported again where the output is not a terminal."""


def results() -> Console:
    """Make the console for results. Lines are never broken, so that people can copy and programs read them."""
    return Console(highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """Replace characters that could control a terminal: `text` may come from anybody's request."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def number_of(count: int, thing: str, things: str | None = None) -> str:
    """Say how many there are: `1 trace`, `2,000 traces`; `things` where the plural is no `s`."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def show_table(console: Console, table: Table, least_important_first: Sequence[str]) -> None:
    """Print a table; where the terminal is too narrow, leave out columns by their headers, and say which."""
    kept, left_out = table, list[str]()
    unlimited = console.options.update(max_width=10_000)  # else nothing measures more than the terminal has
    for header in least_important_first:
        if Measurement.get(console, unlimited, kept).maximum <= console.width:
            break
        kept = _without(kept, header)
        left_out.append(" ".join(header.split()))
    console.print(kept)
    if left_out:
        console.print(f"[dim]Left out, because the terminal is narrow: {', '.join(left_out)}.[/dim]", highlight=False)


def _without(table: Table, header: str) -> Table:
    kept = copy.copy(table)
    columns = [column for column in table.columns if column.header != header]
    kept.columns = [replace(column, _index=index) for index, column in enumerate(columns)]
    return kept


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
