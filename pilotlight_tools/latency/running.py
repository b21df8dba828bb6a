"""The small file that each `npm start` writes while it runs, and by which `npm run latency` finds it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pilotlight_tools.commands import command, notice

_FOLDER = Path("build", "running")
"""In the service's folder. A file is named by the port of its X-Ray, which no two stacks of a machine share."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that `npm start` runs, and its addresses; `service` is its API's name, stage included.

    `engine_url` is the endpoint of AWS's other services.
    """

    service: str
    stage: str
    api_url: str
    xray_endpoint: str
    page_url: str | None = None
    engine_url: str | None = None


@contextlib.contextmanager
def announce(service: RunningService, project: Path = Path()) -> Iterator[None]:
    """Let `find` return this service while the block runs; where the folder is read-only, say what to do instead."""
    folder = project / _FOLDER
    file = folder / f"{urlsplit(service.xray_endpoint).port}.json"
    try:
        _remove_ended(folder)
        _write(file, json.dumps(asdict(service) | {"pid": os.getpid()}, indent=2) + "\n")
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
        with contextlib.suppress(OSError):
            file.unlink()
            folder.rmdir()  # where they hold nothing else, both were made for this file
            folder.parent.rmdir()


def find_all(project: Path = Path()) -> list[RunningService]:
    """Return the services that run from this folder, the latest first."""
    try:
        files = sorted((project / _FOLDER).glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [found for file in files if (found := _read(file))]


def find(project: Path = Path()) -> RunningService | None:
    """Return the service that was started last from this folder and still runs; None when there is none."""
    return next(iter(find_all(project)), None)


def _read(file: Path) -> RunningService | None:
    """The service of a file; None where it is none, or its process has ended."""
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        os.kill(fields.pop("pid"), 0)
        return RunningService(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _remove_ended(folder: Path) -> None:
    """Remove the files of stacks that were ended by force."""
    for file in folder.glob("*.json"):
        if _read(file) is None:
            file.unlink(missing_ok=True)


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written to another file and renamed, so that no reader sees half of it.
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(file)
