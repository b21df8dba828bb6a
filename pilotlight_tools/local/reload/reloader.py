"""Saved files become running code: the packages are built and swapped, or the service is deployed again."""

from __future__ import annotations

import json
import queue
import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3

from pilotlight_tools.commands import command
from pilotlight_tools.configuration import ConfigurationError, read_configuration, service_name
from pilotlight_tools.local.deploy_tool import OUTPUT, DeployToolError
from pilotlight_tools.local.deployed_stage import DeployedStage
from pilotlight_tools.local.notice import Notice
from pilotlight_tools.local.reload.builds import Builds, Package
from pilotlight_tools.local.reload.changes import Changes
from pilotlight_tools.local.reload.watching import ProjectWatcher

_TARGETS = "PILOTLIGHT_TARGETS"
_GOES_ON = "what ran before goes on"
_UNSUPPORTED = ("provisionedConcurrency", "snapStart", "durableConfig")
"""Where a function has one of these, the API invokes a version of it, which only a deployment publishes."""


class Reloader:
    """Watches `project` from its making on; brings what is saved into the running stage between `start` and `stop`.

    `tell` is called with what came of it, in a thread of the reloader.
    """

    def __init__(self, project: Path, tell: Callable[[Notice], object]) -> None:
        self._project = project.resolve()
        self._tell = tell
        self._paths: queue.SimpleQueue[set[str] | None] = queue.SimpleQueue()
        self._watcher = ProjectWatcher(project, self._paths.put, self._not_watched)
        self._thread = threading.Thread(target=self._run, name="reloader", daemon=True)
        self._stopping = False
        self._has_failed = False
        self._needs_deployment = False

    def __enter__(self) -> Self:
        self._name = service_name(self._project)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._watcher.stop()
        if self._thread.is_alive():
            self._paths.put(None)
            self._stage.deploy_tool.cancel()
            if self._builds is not None:
                self._builds.cancel()
            self._thread.join(10)

    def start(self, stage: DeployedStage, redeployed: Callable[[], object] = lambda: None) -> None:
        """Begin with what changed since the watching began; call it once.

        `redeployed` is called in the reloader's thread after each deployment, also of code alone.
        """
        self._stage = stage
        self._redeployed = redeployed
        self._functions = boto3.client("lambda", **stage.connection)
        self._read_deployment()
        self._thread.start()

    def _run(self) -> None:
        while (paths := self._next()) is not None:
            began = time.monotonic()
            try:
                self._bring(paths, began)
            except Exception as error:  # whatever it is, the next change gets its chance
                if not self._stopping:
                    self._has_failed = True
                    self._tell(Notice("reload", f"{self._in_one_line(error)} ({_GOES_ON})", is_problem=True))

    def _next(self) -> set[str] | None:
        """Wait for changes and return all that there are; None at the end."""
        found: set[str] = set()
        while not found or not self._paths.empty():
            paths = self._paths.get()
            if paths is None:
                return None
            found |= paths
        return found

    def _bring(self, paths: set[str], began: float) -> None:
        for path in sorted(paths & {"package.json", "package-lock.json", "pyproject.toml"}):
            self._tell(Notice("reload", f"{path} changed: {_remedy(path)}"))
        code, configuration = self._changes.code(paths), self._changes.configuration(paths)
        if configuration or self._needs_deployment or (code and not self._is_swapped):
            self._needs_deployment = True  # until one has succeeded
            self._deploy_again(configuration or code or paths, began)
        elif code and self._builds is not None:
            self._swap(self._builds, code, began)

    @property
    def _is_swapped(self) -> bool:
        """Whether new code needs no deployment."""
        functions: Iterable[dict[str, Any]] = self._stage.configuration["functions"].values()
        return self._builds is not None and not any(name in each for each in functions for name in _UNSUPPORTED)

    def _swap(self, builds: Builds, paths: Iterable[str], began: float) -> None:
        for path in (path for path in sorted(paths) if path.endswith(".txt")):
            self._tell(Notice("reload", f"{path}: installing what is new …"))
        changed = builds.changed(self._stage.engine.folder / "packages")
        for package in changed:
            self._update(package)
            builds.deployed(package)
        if changed:
            self._redeployed()
        if changed or self._has_failed:
            keys = ", ".join(key for package in changed for key in package.keys)
            self._say(paths, f"new code of {keys}" if keys else "back to the code that runs", began)

    def _update(self, package: Package) -> None:
        zipped = package.artifact.read_bytes()
        names = [self._stage.functions[key] for key in package.keys]
        for name in names:
            self._functions.update_function_code(FunctionName=name, ZipFile=zipped)
        if self._stage.warmer is not None and self._stage.warmer not in package.keys:
            self._expect(package.build, names, self._stage.functions[self._stage.warmer])

    def _expect(self, build: str, names: list[str], warmer: str) -> None:
        """Let the warmer expect the new build of targets that have another package than its own."""
        described = self._functions.get_function_configuration(FunctionName=warmer)
        variables = described.get("Environment", {}).get("Variables", {})
        targets = json.loads(variables.get(_TARGETS, "[]"))
        for target in targets:
            if "build" in target and target["function"].split(":")[0] in names:
                target["build"] = build
        variables[_TARGETS] = json.dumps(targets)
        self._functions.update_function_configuration(FunctionName=warmer, Environment={"Variables": variables})

    def _deploy_again(self, paths: Iterable[str], began: float) -> None:
        # Where it cannot be read, the deploy tool says why.
        if read_configuration(self._project).get("service", self._name) != self._name:
            raise ConfigurationError(f"the service has another name: stop and run `{command('start')}` again")
        self._stage.deploy_again()
        self._needs_deployment = False
        self._read_deployment()
        self._redeployed()
        self._say(paths, "deployed again", began)

    def _read_deployment(self) -> None:
        folder = self._stage.deploy_tool.folder
        self._builds = Builds.noted(folder, self._project)
        self._changes = Changes(self._project, self._stage.configuration, self._builds, _packaged(folder))

    def _say(self, paths: Iterable[str], what: str, began: float) -> None:
        self._has_failed = False
        first, *others = sorted(paths)
        more = f" and {len(others)} more" if others else ""
        self._tell(Notice("reload", f"{first}{more}: {what} ({time.monotonic() - began:.1f} s)"))

    def _not_watched(self, reason: str) -> None:
        text = f"changes are not noticed, because this system refuses to watch the files: {reason}"
        self._tell(Notice("reload", f"{text}. Stop and start again after a change", is_problem=True))

    def _in_one_line(self, error: Exception) -> str:
        """The reason in an error; of a deploy tool's, its first line. Paths are those of the project."""
        text = str(error)
        if isinstance(error, DeployToolError):
            text = text.partition(OUTPUT)[2].strip().partition("\n")[0] or text
        return " ".join(text.split()).replace(f"{self._project}/", "").replace(f"{self._stage.deploy_tool.folder}/", "")


def _remedy(path: str) -> str:
    if path == "pyproject.toml":
        return "if its dependencies did, run `npm run lock`, and the new requirements.txt is shipped"
    return f"if what it installs did, stop and run `{command('start')}` again"


def _packaged(folder: Path) -> set[str]:
    """The names of the files in the last packages."""
    names: set[str] = set()
    for artifact in (folder / ".serverless").glob("*.zip"):
        with zipfile.ZipFile(artifact) as archive:
            names.update(archive.namelist())
    return names
