"""The Python for sandboxes: the deployed minor version, with the runtime client and the SDK that Lambda has."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pilotlight_build.bytecode import find_python
from pilotlight_tools.local.runtime.prepared_folder import alone, digest, is_current, run_uv, say, write_stamp

DEPLOYED_PYTHON = (3, 13)
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
"""Pinned with hashes by `npm run bench -- lock`, from requirements.in beside it."""
INSTALL = ("pip", "install", "--require-hashes", "--link-mode", "copy")
"""Copies, no hard links: the bench changes modification times, which must not change in other folders."""


def deployed_python() -> Path:
    """Return a Python of the deployed minor version if the machine has one, else the Python that runs this."""
    found = find_python(DEPLOYED_PYTHON)
    return Path(found.path if found else sys.executable)


def runtime_python(project: Path | None = None) -> Path:
    """Set up the functions' Python under build/runtime/ of the project (default: the working directory).

    Raises SetupError.
    """
    folder = (project or Path.cwd()) / "build" / "runtime"
    with alone(folder.with_suffix(".lock")):
        return _set_up(folder)


def _set_up(folder: Path) -> Path:
    base = deployed_python()
    python = folder / "bin" / "python"
    stamp = digest(REQUIREMENTS.read_bytes(), str(base).encode())
    if is_current(folder, stamp) and python.exists():
        return python
    if str(base) == sys.executable and sys.version_info[:2] != DEPLOYED_PYTHON:
        wanted = ".".join(map(str, DEPLOYED_PYTHON))
        say(f"no Python {wanted} on this machine: functions run in {sys.version.split()[0]} instead")
    say(f"setting up the Lambda runtime client for {base}")
    shutil.rmtree(folder, ignore_errors=True)
    run_uv("venv", "-q", "--python", str(base), str(folder))
    run_uv(*INSTALL, "--python", str(python), "--compile-bytecode", "-r", str(REQUIREMENTS))
    write_stamp(folder, stamp)
    return python
