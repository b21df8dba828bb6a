"""The wheels as `npm run build` makes them, and folders and virtual environments that they are installed in."""

from __future__ import annotations

import email
import email.message
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import PROJECT
from wheels.build import WHEELS, build_wheel


@dataclass(frozen=True)
class Wheels:
    """The two built files."""

    pilotlight: Path
    tools: Path

    @classmethod
    def built_in(cls, folder: Path, project: Path = PROJECT) -> Wheels:
        """Build both of the checkout in `project`."""
        return cls(*(build_wheel(project / "wheels" / name, folder) for name in WHEELS))


def names_in(wheel: Path) -> set[str]:
    """The paths of its files."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def text_in(wheel: Path, end: str) -> str:
    """The text of its only file whose path ends so."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(end)]
        return archive.read(name).decode()


def metadata_of(wheel: Path) -> email.message.Message:
    """What an index shows and an installer reads."""
    return email.message_from_string(text_in(wheel, ".dist-info/METADATA"))


def install_into(folder: Path, wheel: Path, python: Path) -> Path:
    """Install a wheel without dependencies, as `pip install --target` does; no index is asked, so it can have none."""
    uv("pip", "install", "-q", "--no-index", "--python", str(python), "--target", str(folder), str(wheel))
    return folder


def uv(*arguments: str) -> None:
    """Run the locked uv; its output is in the error."""
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def outside(**environment: str) -> dict[str, str]:
    """Environment variables by which no process finds this checkout's modules, or the developer's AWS."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1", **environment}
