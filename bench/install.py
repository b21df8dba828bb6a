"""Sets up what the bench measures, under build/bench/: a folder for each app with its pinned requirements."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.apps import OURS, REQUIREMENTS, ROOT, App
from pilotlight_tools.local.runtime.prepared_folder import (
    SetupError,
    alone,
    digest,
    is_current,
    run_uv,
    say,
    stamp_file,
    write_stamp,
)
from pilotlight_tools.local.runtime.python import DEPLOYED_PYTHON, INSTALL
from pilotlight_tools.local.runtime.python import REQUIREMENTS as RUNTIME_REQUIREMENTS
from pilotlight_tools.local.runtime.sandbox import EXEC_WRAPPER

_BUILD = ROOT / "build" / "bench"

Packaging = Literal["as shipped", "valid bytecode"]
"""`as shipped`: a pip install as `sls package` ships it. The zip rewrites every modification time, so no .pyc is valid,
and /var/task is read-only, so every start compiles again. `valid bytecode`: unchecked-hash .pyc. In both, Pilotlight is
the output of its own `sls package`, which has valid bytecode."""

_UNUSED_AFTER_SECONDS = 3600
"""Folders of earlier sources are removed after this time without use."""

_ZIP_EPOCH = 315_532_800
"""1980-01-01, the modification time of every file in a zip of the deploy tool."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An app ready to start: its folder, the Python that runs it, and the address for its X-Ray records."""

    app: App
    folder: Path
    python: Path
    daemon_address: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that it needs besides Lambda's own."""
        wrapper = {EXEC_WRAPPER: "/var/task/pilotlight/runtime/bootstrap"} if self.app.lean else {}
        return {"AWS_XRAY_DAEMON_ADDRESS": self.daemon_address, "PILOTLIGHT_SERVICE": "pilotlight-bench", **wrapper}


def app_folder(app: App, packaging: Packaging, python: Path) -> Path:
    """Return the folder in place of /var/task, with the app and its requirements in that packaging."""
    with alone(_BUILD / "lock"):
        return _app_folder(app, packaging, python)


def shipped_zip() -> Path | None:
    """Return the zip that `sls package` makes of this project; None where there is no Node to run it."""
    with alone(_BUILD / "lock"):
        return _shipped_zip()


def node_folder() -> Path:
    """Return the folder of the Node warmers; the SDK that Lambda's Node runtime provides is the deploy tool's.

    Raises SetupError where there is no Node.
    """
    with alone(_BUILD / "lock"):
        return _node_folder()


def lock() -> None:
    """Compile every *.in to *.txt with hashes; the peers get the runtime's version of botocore."""
    runtime = RUNTIME_REQUIREMENTS.with_suffix(".in")
    for source in (runtime, *sorted(REQUIREMENTS.glob("*.in"))):
        constraints = () if source == runtime else ("-c", str(RUNTIME_REQUIREMENTS))
        say(f"locking {source.name}")
        run_uv(
            *("pip", "compile", "-q", "--python-version", ".".join(map(str, DEPLOYED_PYTHON))),
            *("--generate-hashes", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *("--custom-compile-command", "python -m bench lock"),
            *(str(source), *constraints, "-o", str(source.with_suffix(".txt"))),
        )


def _app_folder(app: App, packaging: Packaging, python: Path) -> Path:
    stamp = digest(*_inputs(app), packaging.encode(), str(python.resolve()).encode())
    # The name contains the sources' digest: a running measurement keeps its folder while another makes a newer one.
    folder = _BUILD / packaging.replace(" ", "-") / f"{app.name}-{stamp[:12]}"
    if is_current(folder, stamp):
        os.utime(folder)
        return folder
    say(f"setting up {app.title} ({packaging})")
    _forget_unused(folder.parent, app.name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if app.source != OURS.source or not _put_ours(folder, python):
        if app.requirements:
            locked = str(REQUIREMENTS / f"{app.requirements}.txt")
            run_uv(*INSTALL, "--python", str(python), "--target", str(folder), "-r", locked)
        if app.source:
            shutil.copy(ROOT / "bench" / "peers" / app.source, folder / app.source)
        if app.wrapped:
            _copy_sources(_wheel(), folder)
        for stale in list(folder.rglob("__pycache__")):
            shutil.rmtree(stale)
        _compile(folder, packaging, python)
    if app.lean:
        _put_lean_client(folder, python)
    write_stamp(folder, stamp)
    return folder


def _shipped_zip() -> Path | None:
    deploy_tool = ROOT / "node_modules" / ".bin" / "serverless"
    if not deploy_tool.exists():
        return None
    folder = _BUILD / "package"
    stamp = digest(*(path.read_bytes() for path in _our_sources()))
    if not is_current(folder, stamp):
        say("packaging Pilotlight as `sls package` does")
        command = [str(deploy_tool), "package", "--stage", "dev", "--package", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"`sls package` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        write_stamp(folder, stamp)
    zips = [path for path in folder.glob("*.zip") if path.name != "custom-resources.zip"]
    if len(zips) != 1:
        raise SetupError(f"`sls package` made {len(zips)} zips in {folder}, but one was expected")
    return zips[0]


def _node_folder() -> Path:
    folder = _BUILD / "node"
    sources = [*sorted((REQUIREMENTS / "node").iterdir()), *sorted((ROOT / "bench" / "peers").glob("*.cjs"))]
    stamp = digest(*(path.read_bytes() for path in sources))
    if is_current(folder, stamp):
        return folder
    npm = shutil.which("npm")
    if npm is None or not (ROOT / "node_modules" / "@aws-sdk" / "client-lambda").is_dir():
        raise SetupError("the warmers for Node need Node and this project's node_modules (npm install)")
    say("setting up the warmers for Node")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sources:
        shutil.copy(path, folder / path.name)
    done = subprocess.run(
        [npm, "ci", "--legacy-peer-deps", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"npm ci failed:\n{done.stdout}{done.stderr}")
    write_stamp(folder, stamp)
    return folder


def _our_sources() -> list[Path]:
    """All files that our package is made from, and those that make it."""
    named = [ROOT / name for name in ("handler.py", "warmer.py", "serverless.yml", "requirements.txt")]
    in_folders = [path for folder in ("pilotlight", "plugin", "infra") for path in (ROOT / folder).rglob("*")]
    return [*named, *sorted(path for path in in_folders if path.suffix != ".pyc" and path.is_file())]


def _inputs(app: App) -> Iterator[bytes]:
    if app.lean:
        yield from (path.read_bytes() for path in _lean_client())
    if app.source == OURS.source:
        yield from (path.read_bytes() for path in _our_sources())
    if app.wrapped:
        yield from (path.read_bytes() for path in _wheel())
    if app.requirements:
        yield (REQUIREMENTS / f"{app.requirements}.txt").read_bytes()
    if app.source:
        yield (ROOT / "bench" / "peers" / app.source).read_bytes()


def _put_ours(folder: Path, python: Path) -> bool:
    """Install our package as shipped, with bytecode, and return True; without Node, only the sources, and False."""
    if shipped := _shipped_zip():
        with zipfile.ZipFile(shipped) as archive:
            archive.extractall(folder)
        _put_our_routes(folder, python)
        return True
    say("no Node here: measuring Pilotlight from its sources, not from its package")
    _copy_sources([ROOT / "handler.py", ROOT / "warmer.py", *_wheel()], folder)
    _put_our_routes(folder, python)
    return False


def _wheel() -> list[Path]:
    """The modules that our wheel installs."""
    return sorted((ROOT / "pilotlight").rglob("*.py"))


def _lean_client() -> list[Path]:
    files = [path for path in (ROOT / "pilotlight" / "runtime").iterdir() if path.is_file()]
    return sorted([ROOT / "pilotlight" / "__init__.py", *files])


def _put_lean_client(folder: Path, python: Path) -> None:
    """Add the lean client with valid bytecode, as our own packages have it in either packaging."""
    _copy_sources(_lean_client(), folder)
    mode = ("--invalidation-mode", "unchecked-hash")
    subprocess.run([python, "-m", "compileall", "-q", "-f", *mode, folder / "pilotlight" / "runtime"], check=True)
    subprocess.run([python, "-m", "compileall", "-q", "-f", *mode, folder / "pilotlight" / "__init__.py"], check=True)


def _copy_sources(paths: list[Path], folder: Path) -> None:
    for path in paths:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def _put_our_routes(folder: Path, python: Path) -> None:
    """Replace handler.py, which is the user's, with the bench's routes and their bytecode, as in the package."""
    for stale in folder.glob("__pycache__/handler.*"):
        stale.unlink()
    handler = shutil.copy(ROOT / "bench" / "peers" / OURS.source, folder / "handler.py")
    command = [str(python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(handler)]
    subprocess.run(command, capture_output=True, check=True)


def _compile(folder: Path, packaging: Packaging, python: Path) -> None:
    mode = "unchecked-hash" if packaging == "valid bytecode" else "timestamp"
    # Some packages contain templates that are not valid Python: files that do not compile stay as pip leaves them.
    subprocess.run(
        [python, "-m", "compileall", "-q", "--invalidation-mode", mode, folder], capture_output=True, check=False
    )
    if packaging == "as shipped":
        for path in folder.rglob("*.py"):
            os.utime(path, (_ZIP_EPOCH, _ZIP_EPOCH))


def _forget_unused(parent: Path, name: str) -> None:
    for folder in parent.glob(f"{name}-{'[0-9a-f]' * 12}"):
        if time.time() - folder.stat().st_mtime > _UNUSED_AFTER_SECONDS:
            shutil.rmtree(folder)
            stamp_file(folder).unlink(missing_ok=True)
