"""Sets up what the bench measures, under build/bench/: a Python with the runtime client, and a folder for each app.

Everything is pinned with hashes in bench/requirements/; a folder is made again only when what went into it has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bench.apps import OURS, REQUIREMENTS, ROOT, App

DEPLOYED_PYTHON = "3.13"
BUILD = ROOT / "build" / "bench"

Packaging = Literal["as shipped", "valid bytecode"]
"""as shipped: what `sls package` makes of a pip install: the zip rewrites every modification time, so that no .pyc is
valid, and /var/task is read-only, so that every start compiles again. valid bytecode: unchecked-hash .pyc."""

ZIP_EPOCH = 315_532_800
"""1980-01-01, the modification time that a zip of the deploy tool gives to every file."""

# Copies, no hard links: modification times are changed below, and must not change in another folder.
INSTALL = ("pip", "install", "--require-hashes", "--link-mode", "copy")


class SetupError(Exception):
    """Something that the bench needs could not be set up; the message says what, and the installer's own words."""


def deployed_python() -> Path:
    """A Python of the deployed minor where the machine has one (tried by running it), else the one that runs us."""
    for candidate in _candidates():
        try:
            answer = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"],
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            ).stdout.split(maxsplit=1)
        except (OSError, subprocess.SubprocessError):
            continue
        if answer and answer[0] == DEPLOYED_PYTHON:
            return Path(answer[1].strip())
    return Path(sys.executable)


def runtime_python() -> Path:
    """The Python that runs the apps: with awslambdaric and boto3, as Lambda's own has them."""
    base = deployed_python()
    folder = BUILD / "runtime"
    python = folder / "bin" / "python"
    requirements = REQUIREMENTS / "runtime.txt"
    stamp = _digest(requirements.read_bytes(), str(base).encode())
    if _is_current(folder, stamp) and python.exists():
        return python
    _progress(f"setting up the Lambda runtime client for {base}")
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "-q", "--python", str(base), str(folder))
    _uv(*INSTALL, "--python", str(python), "--compile-bytecode", "-r", str(requirements))
    _write_stamp(folder, stamp)
    return python


def app_folder(app: App, packaging: Packaging, python: Path) -> Path:
    """The folder that stands for /var/task, with the app and what it needs in that packaging."""
    folder = BUILD / packaging.replace(" ", "-") / app.name
    stamp = _digest(*_inputs(app), packaging.encode(), str(python.resolve()).encode())
    if _is_current(folder, stamp):
        return folder
    _progress(f"setting up {app.title} ({packaging})")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if app is OURS:
        _unpack_ours(folder)
    if app.requirements:
        locked = str(REQUIREMENTS / f"{app.requirements}.txt")
        _uv(*INSTALL, "--python", str(python), "--target", str(folder), "-r", locked)
    if app.source:
        shutil.copy(ROOT / "bench" / "peers" / app.source, folder / app.source)
    for stale in list(folder.rglob("__pycache__")):
        shutil.rmtree(stale)
    _compile(folder, packaging, python)
    _write_stamp(folder, stamp)
    return folder


def shipped_zip() -> Path | None:
    """The zip that `sls package` made of this project, if there is one newer than the sources."""
    zips = sorted(ROOT.glob(".serverless/*.zip"), key=lambda path: path.stat().st_mtime)
    newest_source = max(path.stat().st_mtime for path in _our_sources())
    return zips[-1] if zips and zips[-1].stat().st_mtime >= newest_source else None


def lock() -> None:
    """Compile bench/requirements/*.in to *.txt with hashes; the peers take botocore in the version the runtime has."""
    for source in sorted(REQUIREMENTS.glob("*.in"), key=lambda path: path.stem != "runtime"):
        constraints = [] if source.stem == "runtime" else ["-c", str(REQUIREMENTS / "runtime.txt")]
        _progress(f"locking {source.name}")
        _uv(
            *("pip", "compile", "-q", "--python-version", DEPLOYED_PYTHON, "--generate-hashes", "--no-annotate"),
            *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "python -m bench lock"),
            *(str(source), *constraints, "-o", str(source.with_suffix(".txt"))),
        )


def _candidates() -> Iterator[str]:
    if chosen := os.environ.get("PILOTLIGHT_BENCH_PYTHON"):
        yield chosen
    yield f"python{DEPLOYED_PYTHON}"
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(versions.glob(f"{DEPLOYED_PYTHON}*/bin/python{DEPLOYED_PYTHON}")))
    yield sys.executable


def _our_sources() -> list[Path]:
    return [ROOT / "handler.py", *sorted((ROOT / "pilotlight").rglob("*.py")), *sorted(ROOT.glob("warmer.py"))]


def _inputs(app: App) -> Iterator[bytes]:
    if app is OURS:
        yield from (path.read_bytes() for path in _our_sources())
        if shipped := shipped_zip():
            yield shipped.read_bytes()
    if app.requirements:
        yield (REQUIREMENTS / f"{app.requirements}.txt").read_bytes()
    if app.source:
        yield (ROOT / "bench" / "peers" / app.source).read_bytes()


def _unpack_ours(folder: Path) -> None:
    if shipped := shipped_zip():
        with zipfile.ZipFile(shipped) as archive:
            archive.extractall(folder)
        return
    for path in _our_sources():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)


def _compile(folder: Path, packaging: Packaging, python: Path) -> None:
    mode = "unchecked-hash" if packaging == "valid bytecode" else "timestamp"
    # Some packages carry templates that are no Python: what does not compile is left as pip leaves it.
    subprocess.run(
        [python, "-m", "compileall", "-q", "--invalidation-mode", mode, folder], capture_output=True, check=False
    )
    if packaging == "as shipped":
        for path in folder.rglob("*.py"):
            os.utime(path, (ZIP_EPOCH, ZIP_EPOCH))


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"uv {' '.join(arguments)} failed:\n{done.stderr.strip()}")


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _stamp_file(folder: Path) -> Path:
    return folder.with_name(folder.name + ".stamp")  # beside the folder: nothing that is not the app's lies in it


def _is_current(folder: Path, stamp: str) -> bool:
    file = _stamp_file(folder)
    return folder.is_dir() and file.is_file() and file.read_text() == stamp


def _write_stamp(folder: Path, stamp: str) -> None:
    _stamp_file(folder).write_text(stamp)


def _progress(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)
