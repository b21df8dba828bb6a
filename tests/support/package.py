"""The zip that Lambda gets, as serverless.yml asks for it, built without the deploy tool."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from pilotlight_build.dependencies import Target
from pilotlight_build.package import build


@dataclass(frozen=True)
class Packaging:
    """What serverless.yml says of the package."""

    patterns: list[str]
    handlers: list[str]
    target: Target

    @classmethod
    def of(cls, project: Path) -> Packaging:
        """Read it from the service in `project`."""
        said = yaml.load((project / "serverless.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (no tags are built)
        handlers = [function["handler"] for function in said["functions"].values()]
        target = Target.lambda_runtime(said["provider"]["runtime"], said["provider"]["architecture"])
        return cls(said["package"]["patterns"], handlers, target)


def unpacked_package(project: Path, folder: Path) -> Path:
    """The files of the zip that Lambda gets of the service in `project`, in `folder`."""
    packaging = Packaging.of(project)
    cache = project / "node_modules" / ".cache" / "pilotlight"  # the plugin's own: nothing is installed twice
    zip_file = folder / "package.zip"
    built = build(project, packaging.patterns, packaging.handlers, packaging.target, zip_file, cache)
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(folder / "task")
    return folder / "task"
