"""The Python for sandboxes: the deployed minor version, with the runtime client and the SDK that Lambda has."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pilotlight_build.bytecode import find_python
from pilotlight_tools.local.runtime.prepared_folder import (
    NoRuntimeClientError,
    alone,
    digest,
    is_current,
    run_uv,
    say,
    write_stamp,
)

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
    return _set_up(_folder(project), deployed_python())


def runtime_python_of(version: tuple[int, int], project: Path | None = None) -> Path | None:
    """The same for another minor version of Python, or None where this machine has none. Raises SetupError."""
    found = find_python(version)
    if found is None:
        return None
    if version == DEPLOYED_PYTHON:
        return runtime_python(project)
    return _set_up(_folder(project).with_name("runtime-{}.{}".format(*version)), Path(found.path))


def _folder(project: Path | None) -> Path:
    return (project or Path.cwd()) / "build" / "runtime"


def refuse_other_systems(platform: str = sys.platform) -> None:
    """Raise NoRuntimeClientError where awslambdaric has no wheel: it is for Linux alone."""
    if platform != "linux":
        raise NoRuntimeClientError("Lambda's runtime client (awslambdaric) is for Linux alone")


def _set_up(folder: Path, base: Path) -> Path:
    refuse_other_systems()
    with alone(folder.with_name(f"{folder.name}.lock")):
        return _set_up_alone(folder, base)


def _set_up_alone(folder: Path, base: Path) -> Path:
    python = folder / "bin" / "python"
    stamp = digest(REQUIREMENTS.read_bytes(), str(base).encode())
    if is_current(folder, stamp) and python.exists():
        return python
    if folder.name == "runtime" and str(base) == sys.executable and sys.version_info[:2] != DEPLOYED_PYTHON:
        wanted = ".".join(map(str, DEPLOYED_PYTHON))
        say(f"no Python {wanted} on this machine: functions run in {sys.version.split()[0]} instead")
    say(f"setting up the Lambda runtime client for {base}")
    shutil.rmtree(folder, ignore_errors=True)
    run_uv("venv", "-q", "--python", str(base), str(folder))
    run_uv(*INSTALL, "--python", str(python), "--compile-bytecode", "-r", str(REQUIREMENTS))
    write_stamp(folder, stamp)
    return python
