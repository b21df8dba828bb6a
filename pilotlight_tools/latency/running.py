"""The small file that `npm start` writes while it runs, and by which `npm run latency` finds it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pilotlight_tools.commands import command, notice

_FILE = "build/running.json"
"""The file's path in the service's folder."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that `npm start` runs, and its addresses; `service` is its API's name, stage included."""

    service: str
    stage: str
    api_url: str
    xray_endpoint: str
    page_url: str | None = None


@contextlib.contextmanager
def announce(service: RunningService, project: Path = Path()) -> Iterator[None]:
    """Let `find` return this service while the block runs, in place of any announced earlier from this folder."""
    file = project / _FILE
    content = json.dumps(asdict(service) | {"pid": os.getpid()}, indent=2) + "\n"
    try:
        _write(file, content)
    except OSError as error:
        notice(
            f"{file} cannot be written ({error.strerror}), so `{command('latency', '--stage', service.stage)}` "
            f"does not find this service: run it with AWS_ENDPOINT_URL_XRAY={service.xray_endpoint}"
        )
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if file.read_text(encoding="utf-8") == content:
                file.unlink()
        with contextlib.suppress(OSError):
            file.parent.rmdir()  # where it holds nothing else, it was made for this file


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written to another file and renamed, so that no reader sees half of it.
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(file)


def find(project: Path = Path()) -> RunningService | None:
    """Return the service that runs from this folder; None when there is none or its process has ended."""
    try:
        fields = json.loads((project / _FILE).read_text(encoding="utf-8"))
        os.kill(fields.pop("pid"), 0)
        return RunningService(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
