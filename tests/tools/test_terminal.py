"""Progress on stderr: a line for each step, its progress every ten seconds, and nothing for a step done at once."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from pilotlight_tools.cost.__main__ import main as cost
from pilotlight_tools.terminal import LINE_EVERY_SECONDS, Progress, counting, number_of, printable, show_table


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


def test_one_thing_is_not_a_plural() -> None:
    assert [number_of(count, "trace") for count in (0, 1, 2000)] == ["0 traces", "1 trace", "2,000 traces"]
    assert number_of(2, "reply", "replies") == "2 replies"


WIDE = {"name": "api", "p50": "1,234.5", "p90": "2,345.6", "p99": "3,456.7"}


@pytest.mark.parametrize(("width", "left_out"), [(80, []), (34, ["p90"]), (24, ["p90", "p50"]), (10, ["p90", "p50"])])
def test_a_narrow_terminal_gets_fewer_columns_and_no_cut_figures(width: int, left_out: list[str]) -> None:
    console = Console(file=io.StringIO(), width=width, record=True)
    table = Table()
    for header in WIDE:
        table.add_column(header, no_wrap=True)
    table.add_row(*WIDE.values())
    show_table(console, table, ["p90", "p50"])
    text = console.export_text()
    if width > 10:
        assert {each for each in WIDE.values() if each in text} == {WIDE[name] for name in WIDE if name not in left_out}
        assert "\N{HORIZONTAL ELLIPSIS}" not in text
    said = " ".join(text.partition("Left out")[2].split())
    assert said == (f", because the terminal is narrow: {', '.join(left_out)}." if left_out else "")
    assert [column.header for column in table.columns] == list(WIDE), "the table itself stays as it is"


@pytest.mark.parametrize("columns", ["50", "69", "80"])
def test_the_table_of_cost_has_whole_figures_at_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert cost([]) == 0
    printed = capsys.readouterr().out
    assert "\N{HORIZONTAL ELLIPSIS} " not in printed.partition("Requests a month")[0]
    assert "provisioned concurrency" in printed
    assert "364 restored" in printed or "Left out" in printed
