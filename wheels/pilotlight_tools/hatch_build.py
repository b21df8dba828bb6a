"""What the wheel `pilotlight-cli` needs and holds.

It needs the group `tools` of the repository's pyproject.toml, and `pilotlight` of its own version. It holds
pilotlight_tools/ without what serves this repository alone.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PACKAGE = "pilotlight_tools"
OF_THE_REPOSITORY = ("dashboard_preview", "local/runtime", "policies")
"""What needs more than the group: a picture, the sandbox of tests and benchmarks, simulations."""


class Needs(MetadataHookInterface):
    """The dependencies: one list for the repository and for the wheel."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what the group names, and the other wheel."""
        table = (_repository(self.root) / "pyproject.toml").read_text(encoding="utf-8")
        groups = tomllib.loads(table)["dependency-groups"]
        metadata["dependencies"] = [f"pilotlight=={metadata['version']}", *groups["tools"]]


class Holds(BuildHookInterface[Any]):
    """The files, from the root of the repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add each file. An editable install is the repository itself."""
        if version != "editable":
            repository = _repository(self.root)
            build_data["force_include"] |= {str(repository / path): path for path in files_of(repository)}


def files_of(repository: Path) -> list[str]:
    """The paths of the package's files that the wheel holds."""
    folder = repository / PACKAGE
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [f"{PACKAGE}/{path}" for path in paths if not _is_left_out(path)]


def _is_left_out(path: str) -> bool:
    if "__pycache__" in path:
        return True
    return any(path == each or path.startswith(f"{each}/") for each in OF_THE_REPOSITORY)


def _repository(project: str) -> Path:
    return Path(project).resolve().parent.parent
