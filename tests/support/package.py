"""The zip that Lambda gets, as serverless.yml asks for it, built without the deploy tool."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from pilotlight_build.bytecode import find_python
from pilotlight_build.dependencies import Platform
from pilotlight_build.package import build


@dataclass(frozen=True)
class Packaging:
    """What serverless.yml says of the package."""

    patterns: list[str]
    handlers: list[str]
    platform: Platform

    @classmethod
    def of(cls, project: Path) -> Packaging:
        """Read it from the service in `project`."""
        said = yaml.load((project / "serverless.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (no tags are built)
        handlers = [function["handler"] for function in said["functions"].values()]
        platform = Platform.lambda_runtime(said["provider"]["runtime"], said["provider"]["architecture"])
        return cls(said["package"]["patterns"], handlers, platform)


def unpacked_package(project: Path, folder: Path) -> Path:
    """The files of the zip that Lambda gets of the service in `project`, in `folder`."""
    packaging = Packaging.of(project)
    # Bytecode of the Python that will run it; without the deployed one on this machine, what the local engine runs.
    platform = packaging.platform if find_python(packaging.platform.python) else Platform.this_machine()
    cache = project / "node_modules" / ".cache" / "pilotlight"  # the plugin's own: nothing is installed twice
    zip_file = folder / "package.zip"
    built = build(project, packaging.patterns, packaging.handlers, platform, zip_file, cache)
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(folder / "task")
    return folder / "task"
