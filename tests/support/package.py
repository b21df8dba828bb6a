"""The package as it ships, for the tests that run it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import yaml

from pilotlight_build.bytecode import find_python
from pilotlight_build.dependencies import Platform
from pilotlight_build.package import build
from pilotlight_tools.local.runtime.prepared_folder import alone
from tests.support.project import PROJECT

FOLDER = PROJECT / "build" / "tests"


def unpacked_package() -> Path:
    """The folder of the unpacked package, built again only when what goes into it has changed.

    It is the deployed one, so that its bytecode is of `runtime_python`'s minor version; without that Python on this
    machine, it is the one that the local engine runs.
    """
    configuration = yaml.load((PROJECT / "serverless.yml").read_text(), yaml.BaseLoader)  # noqa: S506 (no tags are built)
    provider = configuration["provider"]
    handlers = [function["handler"] for function in configuration["functions"].values()]
    deployed = Platform.lambda_runtime(provider["runtime"], provider["architecture"])
    platform = deployed if find_python(deployed.python) else Platform.this_machine()
    with alone(FOLDER / "lock"):
        artifact, cache = FOLDER / "package.zip", FOLDER / "cache"
        built = build(PROJECT, configuration["package"]["patterns"], handlers, platform, artifact, cache)
        folder = FOLDER / f"package-{built.sha256[:12]}"
        if not folder.exists():
            _unpack(Path(built.artifact), folder)
    return folder


def _unpack(artifact: Path, folder: Path) -> None:
    for older in FOLDER.glob("package-*"):
        shutil.rmtree(older)
    whole = FOLDER / "unpacking"
    shutil.rmtree(whole, ignore_errors=True)
    with zipfile.ZipFile(artifact) as archive:
        archive.extractall(whole)
    whole.rename(folder)  # in one step, so that no folder is ever half of a package
