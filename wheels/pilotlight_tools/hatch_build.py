"""What the wheel `pilotlight-cli` needs and holds.

It needs the group `tools` of the repository's pyproject.toml, and `pilotlight` of its own version. It holds
pilotlight_tools/ without what serves this repository alone, and the chart library of the latency page, which
`npm ci` has put into node_modules.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PACKAGE = "pilotlight_tools"
OF_THE_REPOSITORY = ("dashboard_preview", "local/runtime", "policies")
"""What needs more than the group: a picture, the sandbox of tests and benchmarks, simulations."""
CHART = f"{PACKAGE}/latency/chart"
"""Where pilotlight_tools.latency.page looks for the chart library first."""
CHART_FILES = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js")
CHART_PACKAGE = "@observablehq/plot"


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
        """Add each file. An editable install is the repository, where the chart library is in node_modules."""
        self._temporary = tempfile.mkdtemp()
        repository = _repository(self.root)
        if version == "editable":
            return
        modules = repository / "node_modules"
        if not (modules / CHART_PACKAGE).exists():
            self.app.abort(f"{modules} has no {CHART_PACKAGE}, which the latency page shows: run `npm ci`")
        included = build_data["force_include"]
        included |= {str(repository / path): path for path in files_of(repository)}
        included |= {str(modules / path): f"{CHART}/{Path(path).name}" for path in CHART_FILES}
        licences = Path(self._temporary, "LICENSES.txt")
        licences.write_text("\n".join(licences_of(CHART_PACKAGE, modules)), encoding="utf-8")
        included[str(licences)] = f"{CHART}/{licences.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the file of licences."""
        del version, build_data, artifact_path
        shutil.rmtree(self._temporary, ignore_errors=True)


def files_of(repository: Path) -> list[str]:
    """The paths of the package's files that the wheel holds."""
    folder = repository / PACKAGE
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [f"{PACKAGE}/{path}" for path in paths if not _is_left_out(path)]


def licences_of(package: str, modules: Path) -> Iterator[str]:
    """The licence of a package in node_modules and of each that it depends on, because its one file holds them all."""
    for name in sorted(_with_dependencies(package, modules)):
        described = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
        texts = sorted(path for path in (modules / name).iterdir() if path.name.upper().startswith("LICEN"))
        yield f"{name} {described['version']}: {described['license']}\n"
        yield from (text.read_text(encoding="utf-8") for text in texts)


def _with_dependencies(package: str, modules: Path) -> set[str]:
    found, waiting = set[str](), [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += json.loads((modules / name / "package.json").read_text(encoding="utf-8")).get("dependencies", {})
    return found


def _is_left_out(path: str) -> bool:
    if "__pycache__" in path:
        return True
    return any(path == each or path.startswith(f"{each}/") for each in OF_THE_REPOSITORY)


def _repository(project: str) -> Path:
    return Path(project).resolve().parent.parent
