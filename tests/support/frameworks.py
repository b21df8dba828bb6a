"""Frameworks that services use, each set of pinned requirements in a folder of its own, for the deployed Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pilotlight_tools.local.runtime.prepared_folder import alone, digest, is_current, run_uv, write_stamp
from pilotlight_tools.local.runtime.python import INSTALL, runtime_python
from pilotlight_tools.local.runtime.sandbox import Sandbox
from tests.support.project import PROJECT

_REQUIREMENTS = PROJECT / "bench" / "requirements"
_BUILD = PROJECT / "build" / "frameworks"


def framework(name: str) -> Path:
    """Return the folder with what bench/requirements/<name>.txt pins; installed once, until that changes."""
    locked, folder, python = _REQUIREMENTS / f"{name}.txt", _BUILD / name, runtime_python(PROJECT)
    with alone(_BUILD / "lock"):
        stamp = digest(locked.read_bytes(), str(python.resolve()).encode())
        if not is_current(folder, stamp):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            run_uv(*INSTALL, "-q", "--python", str(python), "--target", str(folder), "-r", str(locked))
            write_stamp(folder, stamp)
    return folder


def service(folder: Path, code: str, *frameworks: str, **variables: str) -> Sandbox:
    """An execution environment of `code`, whose `handler` is run by Lambda's runtime client beside these frameworks."""
    (folder / "service.py").write_text(code)
    paths = [str(PROJECT), *(str(framework(name)) for name in frameworks)]
    environment: dict[str, Any] = {"PYTHONPATH": ":".join(paths), **variables}
    return Sandbox(folder, "service.handler", python=runtime_python(PROJECT), environment=environment)
