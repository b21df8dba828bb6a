"""Tells in the terminal what happens: each request's line, and below it what its route wrote."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text

from pilotlight_tools.local.console import invocation_line, line_of, log_block, notice_line, start_failure
from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.log_lines import LogLines
from pilotlight_tools.local.notice import Notice
from pilotlight_tools.local.pair import Pair

_PATIENCE_SECONDS = 3.0
"""How long a log waits for its request's line; longer than a request without a record waits for that (joiner.py)."""
_GRACE_SECONDS = 1.0
"""How long a line waits for its log, which the engine tells before it responds."""


class Narrator:
    """Shows pairs and invocations, in whichever order the two of a request arrive. One thread calls it.

    Without `logs`, as with `--quiet`, it shows the pairs' lines alone.
    """

    def __init__(
        self,
        show: Callable[[Text], object],
        logs: LogLines | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._show = show
        self._logs = logs
        self._clock = clock
        self._pairs: dict[str, tuple[float, Pair]] = {}
        self._invocations: dict[str, tuple[float, Invocation]] = {}
        self._failures: dict[str, str] = {}

    def pair(self, pair: Pair) -> None:
        """Show a pair, as soon as the log of its invocation is known."""
        if self._logs is None or pair.request_id is None:
            self._show_pair(pair, [])
        elif pair.request_id in self._invocations:
            _, invocation = self._invocations.pop(pair.request_id)
            self._show_pair(pair, self._lines(invocation))
        else:
            self._pairs[pair.request_id] = (self._clock() + _GRACE_SECONDS, pair)

    def invocation(self, invocation: Invocation) -> None:
        """Show a log, below the line of its pair. Why a function does not start is shown at once, and only once."""
        if self._logs is None:
            return
        if invocation.failed_init:
            self._tell_failure(invocation, self._logs)
        else:
            self._failures.pop(invocation.function, None)
        _, pair = self._pairs.pop(invocation.request_id, (0.0, None))
        if pair is not None:
            self._show_pair(pair, self._lines(invocation))
        else:
            self._invocations[invocation.request_id] = (self._clock() + _PATIENCE_SECONDS, invocation)

    def notice(self, notice: Notice) -> None:
        """Show what `npm start` itself has to say."""
        self._show(notice_line(notice))

    def expire(self) -> None:
        """Show what has waited too long for its counterpart; call this a few times a second."""
        now = self._clock()
        for request_id, (until, pair) in [*self._pairs.items()]:
            if until <= now:
                del self._pairs[request_id]
                self._show_pair(pair, [])
        for request_id, (until, invocation) in [*self._invocations.items()]:
            if until <= now:
                del self._invocations[request_id]
                if lines := self._lines(invocation):
                    self._show(log_block(invocation_line(invocation.function), lines))

    def _show_pair(self, pair: Pair, lines: list[str]) -> None:
        line = line_of(pair)
        if line is None and lines:
            line = invocation_line(f"{pair.kind}, {pair.start}")
        if line is not None:
            self._show(log_block(line, lines))

    def _lines(self, invocation: Invocation) -> list[str]:
        if self._logs is None:
            return []
        if invocation.failed_init:
            return [f"it did not start: {self._failures[invocation.function]}"]
        return self._logs.of(invocation)

    def _tell_failure(self, invocation: Invocation, logs: LogLines) -> None:
        cause = logs.cause(invocation)
        if self._failures.get(invocation.function) != cause:
            self._failures[invocation.function] = cause
            self._show(log_block(start_failure(invocation.function, cause), logs.of(invocation)))
