"""Bytecode that Lambda can use: compiled by the deployed minor version of Python, never checked against the source.

Timestamp-based .pyc are never valid on Lambda: unpacking gives the sources new times, and /var/task is read-only, so
every cold start would compile everything again. "Unchecked hash-based" .pyc (PEP 552) are used as they are.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_TASK_ROOT = "/var/task"
"""The folder where Lambda unpacks the zip; tracebacks name files in it."""


class PackagingError(Exception):
    """The package cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Python:
    """An interpreter that runs, and the version that it reported, such as "3.13.0"."""

    path: str
    version: str


def find_python(wanted: tuple[int, int]) -> Python | None:
    """Find a CPython of minor version `wanted` on this machine, or None. Each candidate is run, not only looked up."""
    if sys.implementation.name == "cpython" and sys.version_info[:2] == wanted:
        return Python(sys.executable, ".".join(map(str, sys.version_info[:3])))
    code = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3])"
    for candidate in _candidates(".".join(map(str, wanted))):
        try:
            done = subprocess.run(
                [candidate, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        implementation, _, version = done.stdout.strip().partition(" ")
        if implementation == "cpython" and version.startswith(f"{wanted[0]}.{wanted[1]}."):
            return Python(candidate, version)
    return None


def compiled(files: Mapping[str, bytes], python: Python) -> dict[str, bytes]:
    """Compile each .py among `files`; return each .pyc by its path in the zip. Skip what does not compile."""
    with tempfile.TemporaryDirectory() as temporary:
        for name, content in files.items():
            if name.endswith(".py"):
                path = Path(temporary, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        command = [python.path, "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
        subprocess.run(
            [*command, "-s", temporary, "-p", _TASK_ROOT, temporary],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            check=False,
        )
        pyc = sorted(Path(temporary).rglob("*.pyc"))
        return {path.relative_to(temporary).as_posix(): path.read_bytes() for path in pyc}


def missing_notice(wanted: tuple[int, int]) -> str:
    """Return what a package without bytecode costs, and the remedy."""
    version = ".".join(map(str, wanted))
    return (
        f"No Python {version} on this machine, so the package has no bytecode: each cold start compiles every module "
        f"again, which makes it about 1.4 times as long (2.4 times with a large framework). To ship it, install Python "
        f"{version} (`.venv/bin/uv python install {version}`, or `pyenv install {version}`) and package again."
    )


def _candidates(version: str) -> Iterator[str]:
    if "PYTHON" in os.environ:
        yield os.environ["PYTHON"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))
    folders = [*pyenv.glob(f"versions/{version}*/bin"), *uv.glob(f"cpython-{version}*/bin")]
    name = f"python{version}"
    yield from (str(folder / name) for folder in folders)  # before PATH, whose python may be a slow script of pyenv
    yield name
    yield from (f"{folder}/{name}" for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"))


def source_of(name: str) -> str:
    """The source of a file of bytecode, by their paths in the zip; any other file is its own."""
    found = re.fullmatch(r"(.*/|)__pycache__/([^/]+)\.cpython-\d+\.pyc", name)
    return f"{found[1]}{found[2]}.py" if found else name
