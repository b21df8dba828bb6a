"""Sets up what the bench measures, under build/bench/: a Python with the runtime client, and a folder for each app.

Everything is pinned with hashes in bench/requirements/; a folder is made again only when what went into it has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from bench.apps import OURS, REQUIREMENTS, ROOT, App
from pilotlight_build.bytecode import find_python

DEPLOYED_PYTHON = (3, 13)
BUILD = ROOT / "build" / "bench"

Packaging = Literal["as shipped", "valid bytecode"]
"""as shipped: what `sls package` makes of a pip install: the zip rewrites every modification time, so that no .pyc is
valid, and /var/task is read-only, so that every start compiles again. valid bytecode: unchecked-hash .pyc. Pilotlight
is in both what its own `sls package` makes: that has valid bytecode."""

UNUSED_AFTER_S = 3600
"""Folders of earlier sources are removed when they have not been used for so long."""

ZIP_EPOCH = 315_532_800
"""1980-01-01, the modification time that a zip of the deploy tool gives to every file."""

# Copies, no hard links: modification times are changed below, and must not change in another folder.
INSTALL = ("pip", "install", "--require-hashes", "--link-mode", "copy")


class SetupError(Exception):
    """Something that the bench needs could not be set up; the message says what, and the installer's own words."""


def deployed_python() -> Path:
    """A Python of the deployed minor where the machine has one, else the one that runs us."""
    found = find_python(DEPLOYED_PYTHON)
    if found is None:
        _progress(f"no Python {_version()} on this machine: measuring with {sys.version.split()[0]} instead")
    return Path(found.path if found else sys.executable)


def runtime_python() -> Path:
    """The Python that runs the apps: with awslambdaric and boto3, as Lambda's own has them."""
    with _alone():
        return _runtime_python()


def app_folder(app: App, packaging: Packaging, python: Path) -> Path:
    """The folder that stands for /var/task, with the app and what it needs in that packaging."""
    with _alone():
        return _app_folder(app, packaging, python)


def shipped_zip() -> Path | None:
    """The zip that `sls package` makes of this project; None where there is no Node to run it."""
    with _alone():
        return _shipped_zip()


def node_folder() -> Path:
    """The folder of the warmers that run in Node; the SDK that Lambda's Node runtime brings is the deploy tool's own.

    Raises SetupError where there is no Node.
    """
    with _alone():
        return _node_folder()


def lock() -> None:
    """Compile bench/requirements/*.in to *.txt with hashes; the peers take botocore in the version the runtime has."""
    for source in sorted(REQUIREMENTS.glob("*.in"), key=lambda path: path.stem != "runtime"):
        constraints = [] if source.stem == "runtime" else ["-c", str(REQUIREMENTS / "runtime.txt")]
        _progress(f"locking {source.name}")
        _uv(
            *("pip", "compile", "-q", "--python-version", _version(), "--generate-hashes", "--no-annotate"),
            *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "python -m bench lock"),
            *(str(source), *constraints, "-o", str(source.with_suffix(".txt"))),
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time sets up: tests run in several."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _runtime_python() -> Path:
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


def _app_folder(app: App, packaging: Packaging, python: Path) -> Path:
    stamp = _digest(*_inputs(app), packaging.encode(), str(python.resolve()).encode())
    # Its name holds what it is made from: a measurement under way keeps its folder while another makes a newer one.
    folder = BUILD / packaging.replace(" ", "-") / f"{app.name}-{stamp[:12]}"
    if _is_current(folder, stamp):
        os.utime(folder)
        return folder
    _progress(f"setting up {app.title} ({packaging})")
    _forget_unused(folder.parent, app.name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if app is not OURS or not _put_ours(folder, python):
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


def _shipped_zip() -> Path | None:
    deploy_tool = ROOT / "node_modules" / ".bin" / "serverless"
    if not deploy_tool.exists():
        return None
    folder = BUILD / "package"
    stamp = _digest(*(path.read_bytes() for path in _our_sources()))
    if not _is_current(folder, stamp):
        _progress("packaging Pilotlight as `sls package` does")
        command = [str(deploy_tool), "package", "--stage", "dev", "--package", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"`sls package` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        _write_stamp(folder, stamp)
    zips = [path for path in folder.glob("*.zip") if path.name != "custom-resources.zip"]
    if len(zips) != 1:
        raise SetupError(f"`sls package` left {len(zips)} zips in {folder}, where one was expected")
    return zips[0]


def _node_folder() -> Path:
    folder = BUILD / "node"
    sources = [*sorted((REQUIREMENTS / "node").iterdir()), *sorted((ROOT / "bench" / "peers").glob("*.cjs"))]
    stamp = _digest(*(path.read_bytes() for path in sources))
    if _is_current(folder, stamp):
        return folder
    npm = shutil.which("npm")
    if npm is None or not (ROOT / "node_modules" / "@aws-sdk" / "client-lambda").is_dir():
        raise SetupError("the warmers for Node need Node and this project's node_modules (npm install)")
    _progress("setting up the warmers for Node")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sources:
        shutil.copy(path, folder / path.name)
    done = subprocess.run(
        [npm, "ci", "--legacy-peer-deps", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"npm ci failed:\n{done.stdout}{done.stderr}")
    _write_stamp(folder, stamp)
    return folder


def _our_sources() -> list[Path]:
    made_from = [ROOT / name for name in ("handler.py", "warmer.py", "serverless.yml", "requirements.txt")]
    folders = [*(ROOT / "pilotlight").rglob("*.py"), *(ROOT / "plugin").rglob("*.*")]
    return [*made_from, *sorted(folders)]


def _version() -> str:
    return ".".join(map(str, DEPLOYED_PYTHON))


def _inputs(app: App) -> Iterator[bytes]:
    if app is OURS:
        yield from (path.read_bytes() for path in _our_sources())
    if app.requirements:
        yield (REQUIREMENTS / f"{app.requirements}.txt").read_bytes()
    if app.source:
        yield (ROOT / "bench" / "peers" / app.source).read_bytes()


def _put_ours(folder: Path, python: Path) -> bool:
    """Our package as it ships, bytecode and all; or, without Node, the sources alone: then False."""
    if shipped := _shipped_zip():
        with zipfile.ZipFile(shipped) as archive:
            archive.extractall(folder)
        _put_our_routes(folder, python)
        return True
    _progress("no Node here: measuring Pilotlight from its sources, not from its package")
    for path in [ROOT / "handler.py", *(ROOT / "pilotlight").rglob("*.py")]:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    _put_our_routes(folder, python)
    return False


def _put_our_routes(folder: Path, python: Path) -> None:
    """Put the bench's routes in place of handler.py's, which are the user's, with bytecode as the package has it."""
    for stale in folder.glob("__pycache__/handler.*"):
        stale.unlink()
    handler = shutil.copy(ROOT / "bench" / "peers" / OURS.source, folder / "handler.py")
    command = [str(python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(handler)]
    subprocess.run(command, capture_output=True, check=True)


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


def _forget_unused(parent: Path, name: str) -> None:
    for folder in parent.glob(f"{name}-{'[0-9a-f]' * 12}"):
        if time.time() - folder.stat().st_mtime > UNUSED_AFTER_S:
            shutil.rmtree(folder)
            _stamp_file(folder).unlink(missing_ok=True)


def _is_current(folder: Path, stamp: str) -> bool:
    file = _stamp_file(folder)
    return folder.is_dir() and file.is_file() and file.read_text() == stamp


def _write_stamp(folder: Path, stamp: str) -> None:
    _stamp_file(folder).write_text(stamp)


def _progress(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)
