"""docs/reliability.md is true: every row's test exists and fails without the row's line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.reliability import Fault, faults, verdict_without_line, verdicts
from tests.support.project import PROJECT

FAULTS = list(faults())


def test_the_table_has_a_row_for_each_kind_of_fault() -> None:
    faults_of_ticks, _, _ = (PROJECT / "docs" / "reliability.md").read_text().partition("\n## The largest requests")
    rows = [row for row in faults_of_ticks.splitlines() if row.startswith("| ")]
    headings = [row for row in rows if row.startswith("| fault |")]
    assert len(FAULTS) == len(rows) - len(headings), "a row does not have the form that the script reads"
    assert len(FAULTS) >= 19


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.test)
def test_a_row_names_a_test_and_a_line_that_exist(fault: Fault) -> None:
    folders = [PROJECT / folder for folder in fault.tests if not folder.startswith("--")]
    sources = [path.read_text() for folder in folders for path in folder.rglob("test_*.py")]
    assert sum(bool(re.search(rf"^def {fault.test}\(", source, re.MULTILINE)) for source in sources) == 1
    assert fault.without_line((PROJECT / fault.path).read_text())


@pytest.mark.slow
def test_no_row_holds_without_its_line(tmp_path: Path) -> None:
    assert {fault.test: said for fault, said in verdicts(tmp_path, verdict_without_line) if said} == {}
