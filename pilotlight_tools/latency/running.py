"""Where a project's running `npm start` is: a small file that it writes and `npm run latency` reads."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "build/running.json"
"""Where it is, in the service's folder."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that `npm start` runs, and the addresses it answers at; `service` is its API's name, stage included."""

    service: str
    stage: str
    api_url: str
    xray_endpoint: str
    page_url: str | None = None


@contextlib.contextmanager
def announce(service: RunningService, project: Path = Path()) -> Iterator[None]:
    """Have `find` find this service while the block runs; one announced earlier from this folder gives way."""
    file = project / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(asdict(service) | {"pid": os.getpid()}, indent=2) + "\n"
    # Written beside and renamed, so that no reader ever sees half of it.
    beside = file.with_suffix(f".{os.getpid()}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(file)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if file.read_text(encoding="utf-8") == content:
                file.unlink()


def find(project: Path = Path()) -> RunningService | None:
    """The service that runs from this folder, or None when there is none or its process has ended."""
    try:
        fields = json.loads((project / FILE).read_text(encoding="utf-8"))
        os.kill(fields.pop("pid"), 0)
        return RunningService(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
