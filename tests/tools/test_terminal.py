"""Progress on stderr: a line for each step, its progress every ten seconds, and nothing for a step done at once."""

from __future__ import annotations

import io

from rich.console import Console

from pilotlight_tools.terminal import LINE_EVERY_SECONDS, Progress, counting, printable


class Shown:
    """A progress with its own clock, on a stream that is a terminal or not."""

    def __init__(self, quiet_seconds: float = 0.0, *, terminal: bool = False) -> None:
        self.now = 100.0
        self._stream = io.StringIO()
        console = Console(file=self._stream, highlight=False, soft_wrap=True, force_terminal=terminal, width=200)
        self.progress = Progress(quiet_seconds=quiet_seconds, console=console, clock=lambda: self.now)

    @property
    def text(self) -> str:
        return self._stream.getvalue()


def test_a_step_is_one_line_however_many_details_it_has() -> None:
    shown = Shown()
    for detail in ("packaging", "ApiFunction", "ApiStage"):
        shown.progress("Deploying", detail)
    shown.progress("Ticking")
    assert shown.text == "Deploying …\nTicking …\n"


def test_a_long_step_shows_its_progress_every_ten_seconds() -> None:
    shown = Shown()
    counted = counting(shown.progress, "Reading X-Ray")
    counted("summaries", 1, None)
    shown.now += LINE_EVERY_SECONDS - 0.1
    counted("traces", 1000, 2000)
    shown.now += 0.1
    counted("traces", 1500, 2000)
    counted("traces", 1600, 2000)
    assert shown.text == "Reading X-Ray …\nReading X-Ray: 1,500 of 2,000 traces\n"


def test_a_short_step_shows_nothing() -> None:
    shown = Shown(quiet_seconds=2.0)
    shown.now += 1.9
    shown.progress("Reading")
    assert shown.text == ""
    shown.now += 0.1
    shown.progress("Reading")
    assert shown.text == "Reading …\n"


def test_a_terminal_gets_one_moving_line_without_control_characters() -> None:
    shown = Shown(terminal=True)
    with shown.progress as progress:
        progress("Deploying", "Api\x07Function")
    assert "Deploying" in shown.text
    assert "Api\N{REPLACEMENT CHARACTER}Function" in shown.text
    assert "\x07" not in shown.text


def test_printable_text_stays_as_it_is() -> None:
    assert printable("/caf\u00e9?a=1") == "/caf\u00e9?a=1"
