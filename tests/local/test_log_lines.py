"""What a function wrote, as a developer reads it: own paths, no frames of the engine, no metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.log_lines import LogLines

FOLDER = "/tmp/engine/function-7/code"
TRACEBACK = f"""\
Traceback (most recent call last):
  File "/tmp/engine/function-7/_worker.py", line 154, in run
    result = handler_fn(event, context)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "{FOLDER}/handler.py", line 3, in handler
    return 1 / 0
           ~~^~~
  File "{FOLDER}/library/deep.py", line 9, in divide
    pass
ZeroDivisionError: division by zero
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").touch()
    return tmp_path


def invocation(log: str = "", error: str = "", *, failed_init: bool = False) -> Invocation:
    return Invocation("api", "7", FOLDER, log, error, failed_init)


def test_files_of_the_project_are_named_as_they_are_opened_from_here(project: Path) -> None:
    lines = LogLines(project, project).of(invocation("before", TRACEBACK))
    assert lines[:3] == ["before", "Traceback (most recent call last):", '  File "handler.py", line 3, in handler']


def test_files_of_the_project_are_named_whole_from_elsewhere(project: Path, tmp_path: Path) -> None:
    lines = LogLines(project, tmp_path / "elsewhere").of(invocation(error=TRACEBACK))
    assert f'  File "{project}/handler.py", line 3, in handler' in lines


def test_files_of_dependencies_are_named_as_they_are_in_the_package(project: Path) -> None:
    assert '  File "library/deep.py", line 9, in divide' in LogLines(project, project).of(invocation(error=TRACEBACK))


def test_frames_of_the_engine_are_left_out(project: Path) -> None:
    assert "handler_fn" not in "\n".join(LogLines(project, project).of(invocation(error=TRACEBACK)))


def test_cause_names_the_last_own_file_and_the_error(project: Path) -> None:
    cause = LogLines(project, project).cause(invocation(TRACEBACK, "Worker init failed", failed_init=True))
    assert cause == "handler.py, line 3: ZeroDivisionError: division by zero"


def test_failed_import_is_told_once(project: Path) -> None:
    lines = LogLines(project, project).of(invocation(TRACEBACK, "Worker init failed: division", failed_init=True))
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_metrics_and_results_of_ticks_are_left_out(project: Path) -> None:
    log = '{"_aws": {"Timestamp": 1}, "ColdStarts": 1}\nmine\n{"level": "INFO", "message": "tick", "unique": 2}'
    assert LogLines(project, project).of(invocation(log)) == ["mine"]


def test_own_lines_of_json_stay(project: Path) -> None:
    log = '{"level": "INFO", "message": "paid"}\n{broken'
    assert LogLines(project, project).of(invocation(log)) == log.splitlines()


def test_long_log_is_shortened_in_the_middle(project: Path) -> None:
    lines = LogLines(project, project).of(invocation("\n".join(map(str, range(500)))))
    assert len(lines) == 121
    assert (lines[0], lines[-1]) == ("0", "499")
    assert "380 lines more" in lines[30]


def test_nothing_in_a_log_controls_the_terminal(project: Path) -> None:
    [line] = LogLines(project, project).of(invocation("\x1b[2Jgone"))
    assert "\x1b" not in line
