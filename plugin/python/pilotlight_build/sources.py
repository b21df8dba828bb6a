"""The facts about the package's sources, with the grammar of the Python that is deployed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pilotlight_build
from pilotlight_build import source_facts
from pilotlight_build.bytecode import Python
from pilotlight_build.conditions import Target
from pilotlight_build.source_facts import Facts, facts_of

_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from pilotlight_build.source_facts import main; main()"


class Sources:
    """Reads sources as the target does; use it by `with`.

    A target of another version than this Python reads them itself, in one process for all, if this machine has it.
    """

    def __init__(self, files: Mapping[str, bytes], target: Target, python: Python | None) -> None:
        """`files` are those of the package, by their paths in the zip; `python` is the target's interpreter."""
        self.files = files
        self.unreadable: dict[str, str] = {}
        """Why a source could not be read here, where the target, which this machine lacks, may read it."""
        self.target = target
        self._known: dict[str, Facts] = {}
        self._reader = _start(python, target) if python and target.python != sys.version_info[:2] else None

    def __enter__(self) -> Sources:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the target's process."""
        if self._reader:
            self._reader.communicate()

    def facts(self, name: str) -> Facts:
        """Return what is certain about a file: nothing where it is not a source."""
        if name not in self._known:
            self._known[name] = self._read(name) if name.endswith(".py") and name in self.files else Facts()
        return self._known[name]

    def _read(self, name: str) -> Facts:
        found = self._ask(name) if self._reader else facts_of(self.files[name], name, self.target)
        if found.error and not self._reader and self.target.python > sys.version_info[:2]:
            line, message = found.error
            self.unreadable[name] = f"line {line}: {message}"
            return Facts()
        return found

    def _ask(self, name: str) -> Facts:
        assert self._reader is not None  # noqa: S101 (for mypy, like the next two: they are pipes)
        assert self._reader.stdin is not None  # noqa: S101
        assert self._reader.stdout is not None  # noqa: S101
        try:
            self._reader.stdin.write(json.dumps([name, self.files[name].decode("latin-1")]) + "\n")
            self._reader.stdin.flush()
            answer = self._reader.stdout.readline()
        except BrokenPipeError:
            answer = ""
        return source_facts.from_plain(json.loads(answer)) if answer else Facts()


def _search_path() -> str:
    (folder,) = pilotlight_build.__path__
    return str(Path(folder).parent)


def _start(python: Python, target: Target) -> subprocess.Popen[str] | None:
    command = [python.path, "-I", "-S", "-B", "-W", "ignore", "-c", _PROGRAM, _search_path()]
    try:
        reader = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
    except OSError:
        return None
    assert reader.stdin  # noqa: S101 (for mypy: it was opened as a pipe)
    reader.stdin.write(json.dumps([list(target.python), target.platform]) + "\n")
    return reader
