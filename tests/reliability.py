"""`python -m tests.reliability`: takes out each line that docs/reliability.md names, and sees its test fail.

A line is replaced by `pass` in a copy of the project, so that what is left still runs. Exit code 1 if a test passes
without its line, or fails with it.
"""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pilotlight_tools.local.deploy_tool import copy_service
from tests.support.project import PROJECT

TABLE = PROJECT / "docs" / "reliability.md"
_ROW = re.compile(
    r"^\| (?P<fault>[^|]+) \| [^|]+ \| `(?P<test>test_\w+)` \| `(?P<file>[\w/.]+)`: `(?P<line>[^`]+)` \|$"
)
_OF_TOOLS = ("local/", "latency/")
"""Files of these rooms are named without `pilotlight_tools/`, and those of `pilotlight/` without that."""
_AT_ONCE = 2
_SECONDS = 20
"""For one test. A line whose removal makes its test hang fails it by this."""


@dataclass(frozen=True)
class Fault:
    """A row of a table: the test that shows it, and the line of `path` that the test depends on."""

    name: str
    test: str
    file: str
    line: str

    @property
    def path(self) -> str:
        """The file's path in the project."""
        return f"pilotlight_tools/{self.file}" if self.file.startswith(_OF_TOOLS) else f"pilotlight/{self.file}"

    @property
    def tests(self) -> tuple[str, ...]:
        """Where its test is, as arguments of pytest."""
        if self.file.startswith(_OF_TOOLS):
            return ("tests/local", "tests/latency")
        return ("tests/pilotlight", "--ignore=tests/pilotlight/warming/test_reliability.py")

    def without_line(self, source: str) -> str:
        """The source with `pass` in the line's place. Raises ValueError unless it stands there exactly once."""
        pattern = re.compile(rf"^( *){re.escape(self.line)}$", re.MULTILINE)
        changed, count = pattern.subn(r"\1pass", source)
        if count != 1:
            raise ValueError(f"{self.path} has {count} lines {self.line!r}, where 1 is expected")
        return changed


def main() -> int:
    """Return the exit code."""
    with tempfile.TemporaryDirectory(prefix="pilotlight-reliability-") as temporary:
        failed = 0
        for fault, said in verdicts(Path(temporary), verdict):
            failed += bool(said)
            print(f"{'FAIL' if said else 'ok  '}  {fault.name}{said and f': {said}'}", flush=True)
    print(f"{failed} of {len(list(faults()))} rows do not hold" if failed else "every row holds")
    return 1 if failed else 0


def verdicts(folder: Path, judge: Callable[[Path, Fault], str]) -> Iterator[tuple[Fault, str]]:
    """What `judge` says of each row, in the table's order; each thread changes a copy of the project of its own."""
    projects: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(_AT_ONCE):
        copy_project(folder / f"project-{number}")
        projects.put(folder / f"project-{number}")

    def judged(fault: Fault) -> str:
        project = projects.get()
        try:
            return judge(project, fault)
        finally:
            projects.put(project)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        rows = list(faults())
        yield from zip(rows, threads.map(judged, rows), strict=True)


def faults() -> Iterator[Fault]:
    """The rows of docs/reliability.md."""
    for row in TABLE.read_text(encoding="utf-8").splitlines():
        if found := _ROW.match(row):
            yield Fault(found["fault"], found["test"], found["file"], found["line"])


def copy_project(folder: Path) -> None:
    """Copy the project with its tests; what is installed is linked."""
    copy_service(PROJECT, folder)
    subprocess.run(["cp", "-R", str(PROJECT / "tests"), str(PROJECT / "docs"), str(folder)], check=True)


def verdict(project: Path, fault: Fault) -> str:
    """Why the row does not hold, or an empty text."""
    if code := run_test(project, fault):
        return f"{fault.test} ended with exit code {code} with the line in place"
    return verdict_without_line(project, fault)


def verdict_without_line(project: Path, fault: Fault) -> str:
    """Why the test does not depend on the line, or an empty text."""
    file = project / fault.path
    source = file.read_text(encoding="utf-8")
    file.write_text(fault.without_line(source), encoding="utf-8")
    try:
        code = run_test(project, fault)
    finally:
        file.write_text(source, encoding="utf-8")
    return "" if code == 1 else f"{fault.test} ended with exit code {code} without the line {fault.line!r}"


def run_test(project: Path, fault: Fault) -> int:
    """The exit code of pytest with this one test: 0 passed, 1 failed, anything else is neither."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"--timeout={_SECONDS}"]
    # A hanging thread of the broken code must not keep the process: it gets twice the time of one test.
    done = subprocess.run(
        [*command, "-k", fault.test, *fault.tests], cwd=project, capture_output=True, timeout=4 * _SECONDS, check=False
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
