"""The zip for Lambda, as serverless.yml describes it, built without the deploy tool."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from pilotlight_build.build import Service, build
from pilotlight_build.bytecode import find_python
from pilotlight_build.platforms import Platform


@dataclass(frozen=True)
class Packaging:
    """The settings of the package in serverless.yml."""

    patterns: list[str]
    handlers: list[str]
    platform: Platform

    @classmethod
    def of(cls, project: Path) -> Packaging:
        """Read them from the service in `project`."""
        settings = yaml.load((project / "serverless.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (no tags are built)
        handlers = [function["handler"] for function in settings["functions"].values()]
        platform = Platform.lambda_runtime(settings["provider"]["runtime"], settings["provider"]["architecture"])
        return cls([*settings["package"]["patterns"], "!pilotlight/runtime/**"], handlers, platform)


def unpacked_package(project: Path, folder: Path) -> Path:
    """Build the zip of the service in `project`, unpack it in `folder`, and return the folder of its files."""
    packaging = Packaging.of(project)
    # For the deployed Python if this machine has it, else for the Python that the local engine runs.
    platform = packaging.platform if find_python(packaging.platform.python) else Platform.this_machine()
    cache = project / "node_modules" / ".cache" / "pilotlight"  # the plugin's own: nothing is installed twice
    zip_file = folder / "package.zip"
    built = build(Service(project, packaging.patterns, packaging.handlers), platform, zip_file, cache)
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(folder / "task")
    return folder / "task"
