"""Build a service's packages again as plugin/package.cjs built them, without the seconds that the deploy tool takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

from pilotlight_tools.local.engine import SUPERVISOR

_FILE = ".serverless/pilotlight-builds.json"


class BuildError(Exception):
    """A package cannot be built; the message is one line that names file and line."""


@dataclass(frozen=True, slots=True)
class Package:
    """What functions `keys` of serverless.yml ship; `build` is what its own copies say in replies to pings."""

    keys: tuple[str, ...]
    patterns: tuple[str, ...]
    sha256: str
    command: tuple[str, ...]
    build: str = ""
    artifact: Path = Path()


class Builds:
    """The packages of the deployed service in `project`, which the builder can build again."""

    def __init__(self, project: Path, python_path: str, packages: list[Package]) -> None:
        self.packages = packages
        self._project = project.resolve()
        self._python_path = python_path
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def noted(cls, folder: Path, project: Path) -> Self | None:
        """Those that the deployment of `folder` noted; None where the plugin did not package the service."""
        try:
            noted = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(project, noted["pythonPath"], [_package(each) for each in noted["packages"]])

    def may_hold(self, path: str) -> bool:
        """Whether the file `path` of the project may be in a package; also where a later pattern takes it out again."""
        patterns = (pattern for package in self.packages for pattern in package.patterns if pattern[0] != "!")
        return any(may_match(path, pattern) for pattern in patterns)

    def changed(self, into: Path) -> list[Package]:
        """Build the packages from the project's files as they are now, and return those that differ from the deployed.

        The zips are in the folder `into`. Raises BuildError, with one line.
        """
        into.mkdir(exist_ok=True)
        built = [self._build(package, into / f"{index}.zip") for index, package in enumerate(self.packages)]
        return [now for now, before in zip(built, self.packages, strict=True) if now.sha256 != before.sha256]

    def deployed(self, package: Package) -> None:
        """Note that a changed package is deployed."""
        self.packages = [package if each.keys == package.keys else each for each in self.packages]

    def cancel(self) -> None:
        """End the builder, from another thread."""
        if (process := self._process) is not None and process.stdin is not None:
            process.stdin.close()

    def _build(self, package: Package, artifact: Path) -> Package:
        # The last of an option counts. The supervisor ends the builder, and pip with it, when this process ends.
        command = [*package.command, "--root", str(self._project), "--output", str(artifact)]
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
            subprocess.Popen(
                [sys.executable, "-E", "-S", str(SUPERVISOR), str(artifact.with_suffix(".tmp")), *command],
                cwd=artifact.parent,
                env={**os.environ, "PYTHONPATH": self._python_path, "PYTHONPYCACHEPREFIX": str(artifact.parent)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                start_new_session=True,
            ) as process,
        ):
            self._process = process
            assert process.stdout is not None  # noqa: S101 (for mypy: it was opened as a pipe)
            printed = process.stdout.read()
            exit_code = process.wait()
            errors.seek(0)
            problem = " ".join(errors.read().split())
        self._process = None
        if exit_code != 0 or not printed:
            raise BuildError(problem or f"the builder ended with exit code {exit_code}")
        built = json.loads(printed)
        return replace(package, sha256=built["sha256"], build=built["build"], artifact=artifact)


def may_match(path: str, pattern: str) -> bool:
    """Whether a pattern of serverless.yml may match a file: never no where the builder or the deploy tool says yes.

    `*` of fnmatch is any path, so that `**/` needs no folder; it has no `{a,b}`.
    """
    return "{" in pattern or fnmatchcase(path, pattern.removeprefix("./").replace("**/", "*"))


def _package(noted: Mapping[str, Any]) -> Package:
    return Package(tuple(noted["keys"]), tuple(noted["patterns"]), noted["sha256"], tuple(noted["command"]))
