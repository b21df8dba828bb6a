"""What a function wrote, as lines for a terminal: with the paths of the developer's own files, without the engine's."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.terminal import printable

_HEAD_LINES, _TAIL_LINES = 30, 90
"""How much of a long log is shown."""
_ENGINE_FRAME = re.compile(
    r'  File "(?:[^"]*/_worker\.py|<frozen importlib[^"]*>|[^"]*/importlib/__init__\.py)", line \d+, in \w+\n'
    r"(?:    .*\n)*"
)
_FILE = re.compile(r'File "([^"]+)", line (\d+)')
_TRACEBACK = "Traceback (most recent call last):"


class LogLines:
    """The logs of the functions of the service in `project`, seen from the folder `here`."""

    def __init__(self, project: Path, here: Path | None = None) -> None:
        self._project = project.resolve()
        self._here = (here or Path.cwd()).resolve()

    def of(self, invocation: Invocation) -> list[str]:
        """The lines of a log and its error, of a long log the first and the last; without lines that are metrics."""
        return _shortened([printable(line.replace("\t", "    ")) for line in self._text(invocation).splitlines()])

    def cause(self, invocation: Invocation) -> str:
        """Where and why it failed, in one line: `handler.py, line 3: KeyError: 'TABLE'`."""
        text = self._text(invocation)
        last = next((line for line in reversed(text.splitlines()) if line and not line[0].isspace()), invocation.error)
        own = [(file, line) for file, line in _FILE.findall(text) if (self._here / file).is_file()]
        where = "{}, line {}: ".format(*own[-1]) if own else ""
        return printable(f"{where}{last}")

    def _text(self, invocation: Invocation) -> str:
        log = "\n".join(line for line in invocation.log.splitlines() if not _is_for_programs(line))
        # A failed import has told its cause in the log, with more than the error knows.
        error = "" if invocation.failed_init and _TRACEBACK in log else invocation.error
        text = _ENGINE_FRAME.sub("", "".join(f"{part}\n" for part in (log, error) if part))
        own = re.compile(re.escape(f"{invocation.folder}/") + r'([^"\s:]+)')
        return own.sub(lambda found: self._path(found[1]), text)

    def _path(self, name: str) -> str:
        """The path of a file of the package: as a developer opens it, or, of a dependency, as it stands there."""
        file = self._project / name
        if not file.is_file():
            return name
        return os.path.relpath(file, self._here) if file.is_relative_to(self._here) else str(file)


def _is_for_programs(line: str) -> bool:
    """Whether a line holds metrics (CloudWatch's embedded metric format), or the result of a tick."""
    if not line.startswith("{"):
        return False
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return "_aws" in document or (document.get("message") == "tick" and "level" in document)


def _shortened(lines: list[str]) -> list[str]:
    left_out = len(lines) - _HEAD_LINES - _TAIL_LINES
    if left_out <= 1:
        return lines
    return [*lines[:_HEAD_LINES], f"… {left_out:,} lines more: `sls logs` shows all …", *lines[-_TAIL_LINES:]]
