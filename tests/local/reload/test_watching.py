"""What is saved in a project is told; what only programs write is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotlight_tools.local.reload.watching import ProjectWatcher
from tests.conftest import until


class Watched:
    """A project, and the changes that were told."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.told: set[str] = set()
        self.failures: list[str] = []
        self.watcher = ProjectWatcher(project, self.told.update, self.failures.append)

    def write(self, path: str) -> None:
        """Write a file anew, as an editor does."""
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.swp")
        temporary.write_text("new")
        temporary.replace(file)

    def until_told(self, *paths: str) -> None:
        """Wait until these were told."""
        until(lambda: self.told.issuperset(paths), what=str(paths))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    for folder in ("orders", "node_modules/x", ".venv/x", ".git"):
        (tmp_path / folder).mkdir(parents=True)
    watched = Watched(tmp_path)
    watched.watcher.start()
    # The operating system's watching begins in threads: from when it tells of a file on, it tells of all.
    for probe in ("probe.txt", "orders/probe.txt"):

        def is_told(probe: str = probe) -> bool:
            watched.write(probe)
            return probe in watched.told

        until(is_told)
    yield watched
    watched.watcher.stop()


def test_saved_files_are_told(watched: Watched) -> None:
    for path in ("handler.py", "orders/deep/prices.py"):
        watched.write(path)
        watched.until_told(path)


def test_removed_files_are_told(watched: Watched) -> None:
    (watched.project / "orders/probe.txt").unlink()
    (watched.project / "probe.txt").unlink()
    watched.told.clear()
    watched.until_told("orders/probe.txt", "probe.txt")


def test_files_of_a_new_folder_are_told_also_later(watched: Watched) -> None:
    watched.write("customers/first.py")
    watched.until_told("customers/first.py")

    def second_is_told() -> bool:
        watched.write("customers/second.py")
        return "customers/second.py" in watched.told

    until(second_is_told)


def test_removed_folder_does_not_end_the_watching(watched: Watched) -> None:
    (watched.project / "orders/probe.txt").unlink()
    (watched.project / "orders").rmdir()
    watched.write("customers/first.py")
    watched.until_told("customers/first.py")
    assert watched.failures == []


def test_what_programs_write_is_not_told(watched: Watched) -> None:
    for path in ("node_modules/x/y.js", ".venv/x/y.py", ".git/index", "orders/__pycache__/y.pyc", "orders/y.py~"):
        (watched.project / path).parent.mkdir(exist_ok=True)
        (watched.project / path).write_text("new")
    watched.write("handler.py")
    watched.write("orders/last.py")
    watched.until_told("handler.py", "orders/last.py")
    assert watched.told <= {"handler.py", "orders/last.py", "probe.txt", "orders/probe.txt"}


def test_folder_that_cannot_be_watched_is_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "missing")
    watched.watcher.start()
    until(lambda: watched.failures, what="the failure")
    watched.watcher.stop()
