"""uv, where this machine has it: the command, and what uv.lock pins."""

import functools
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pilotlight_build.bytecode import PackagingError


@functools.cache
def find_uv() -> tuple[str, ...] | None:
    """The command that runs uv: of this Python, or on PATH; None where there is none."""
    if importlib.util.find_spec("uv"):
        return (sys.executable, "-m", "uv")
    found = shutil.which("uv")
    return (found,) if found else None


def lock_of(root: Path) -> Path | None:
    """The uv.lock of a service: beside its pyproject.toml, or of the workspace that it is in; None without one."""
    if not (root / "pyproject.toml").is_file():
        return None
    for folder in (root.resolve(), *root.resolve().parents):
        lock = folder / "uv.lock"
        if lock.is_file() and (folder == root.resolve() or _is_workspace(folder)):
            return lock
    return None


def exported(root: Path, lock: Path) -> str:
    """What `lock` pins for the service in `root`, as a requirements file: no group of development, not the service."""
    uv = find_uv()
    if uv is None:
        raise PackagingError(
            f"{lock.name} has the requirements, and only uv reads it: install it (`pip install uv`), or write "
            "requirements.txt by `uv export --no-default-groups --no-emit-project -o requirements.txt`."
        )
    options = ["--frozen", "--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
    done = subprocess.run(
        [*uv, "export", *options, "--format", "requirements-txt"], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingError(
            f"uv cannot export {lock.name} for {root.name}; `uv lock` there writes it again. uv says:\n  "
            + done.stderr.strip()
        )
    return done.stdout


def _is_workspace(folder: Path) -> bool:
    project = folder / "pyproject.toml"
    return project.is_file() and bool(re.search(r"^\[tool\.uv\.workspace\]", project.read_text("utf-8"), re.MULTILINE))
