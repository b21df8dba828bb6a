"""Run the deploy tool `sls` on a private copy of the service.

The tool writes `.serverless` and the package beside `serverless.yml`. Two runs in one folder would overwrite each
other's files, so each stage deploys from its own copy: `npm test` can run beside `npm start`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotlight_tools.deploy_output import reason_in
from pilotlight_tools.local.engine import SUPERVISOR
from pilotlight_tools.node_modules import PROGRAM, find_node_modules, not_installed
from pilotlight_tools.variables import of_local_deploy_tool

_SHARED = ("node_modules", ".venv")
"""Large folders that are only read: they are linked, not copied."""
_LEFT_OUT_OF_ROOT = frozenset((".git", ".serverless"))
"""Left out at the top level only: a deeper folder of such a name may be the service's code."""
_LEFT_OUT_UNLESS_NAMED = frozenset(("build", "tests", "docs"))
"""Left out there too, unless serverless.yml names the folder: then it is the service's code, or packaged with it."""
_LEFT_OUT = ("__pycache__", ".*_cache", ".hypothesis", "*.pyc")
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")


OUTPUT = "Its output:"
"""What precedes the deploy tool's own words in an error."""


class DeployToolError(Exception):
    """The deploy tool failed; the message includes its output."""


def copy_service(project: Path, folder: Path) -> None:
    """Copy what a deployment needs from `project` into `folder`; link the large folders that are only read."""
    everywhere = shutil.ignore_patterns(*_LEFT_OUT)
    unused = {*_LEFT_OUT_OF_ROOT, *_SHARED, *_not_named(project)}

    def left_out(path: str, names: list[str]) -> set[str]:
        in_root = unused if Path(path) == project else set[str]()
        return everywhere(path, names) | in_root.intersection(names)

    shutil.copytree(project, folder, symlinks=True, ignore=left_out)
    _make_writable(folder)
    _mend_links(project, folder)
    for name in _SHARED:
        if (project / name).exists():
            (folder / name).symlink_to(project / name)


def _make_writable(folder: Path) -> None:
    """The copy of a folder that may only be read may be written: the deploy tool does."""
    for path in (folder, *_inside(folder)):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))


def _mend_links(project: Path, folder: Path) -> None:
    """Lead each link of the copy that leaves the service, or leads to what is left out, to where it led before.

    One to a folder that holds the service stays as it is, and holds the copy.
    """
    home = project.resolve()
    for link in [path for path in _inside(folder) if path.is_symlink()]:
        target = (project / link.relative_to(folder)).resolve()
        is_right = target.is_relative_to(home) and link.exists()
        if not is_right and target.exists() and not home.is_relative_to(target):
            link.unlink()
            link.symlink_to(target)


def _inside(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        yield from (Path(path, name) for name in (*folders, *names))


def _not_named(project: Path) -> set[str]:
    files = (file for file in sorted(project.glob("serverless.*")) if file.is_file())
    text = "\n".join(_COMMENT.sub("", file.read_text(encoding="utf-8", errors="replace")) for file in files)
    return {name for name in _LEFT_OUT_UNLESS_NAMED if not re.search(rf"(?<![\w./-]){name}[/.]", text)}


@dataclass(frozen=True)
class Output:
    """The exit code of one run, and everything that it printed (stdout and stderr together)."""

    exit_code: int
    text: str


class DeployTool:
    """`sls` for one engine: `environment` holds that engine's endpoint and credentials."""

    def __init__(self, folder: Path, environment: Mapping[str, str], project: Path = Path()) -> None:
        """Copy the service in `project` into `folder`, which must not exist yet."""
        self._project = project = project.resolve()
        self._running: subprocess.Popen[str] | None = None
        modules = find_node_modules(project)
        if modules is None:
            raise DeployToolError(not_installed(project))
        self.program = modules / PROGRAM
        self.folder = folder
        copy_service(project, folder)
        if modules.parent != project:
            (folder.parent / "node_modules").symlink_to(modules)  # above the copy, as it is above the service
        self._environment = {
            **of_local_deploy_tool(folder.parent),
            **environment,
            "SLS_AWS_MONITORING_FREQUENCY": "200",  # milliseconds between polls of the stack; 5000 suits AWS
        }

    def run(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> Output:
        """Run `sls` with `arguments`, giving each line to `on_line` as it is printed."""
        lines: list[str] = []
        # This process holds the other end of stdin: if it dies, the supervisor ends the tool and removes its folder.
        with subprocess.Popen(
            [sys.executable, "-E", "-S", str(SUPERVISOR), str(self.folder), str(self.program), *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self._running = process
            assert process.stdout is not None  # noqa: S101 (for mypy: it was opened as a pipe)
            for line in process.stdout:
                lines.append(line)
                on_line(line.rstrip())
            exit_code = process.wait()
        self._running = None
        return Output(exit_code, "".join(lines))

    def copy_again(self) -> None:
        """Take the service as it is in its project now."""
        shutil.rmtree(self.folder)
        copy_service(self._project, self.folder)

    def cancel(self) -> None:
        """End a run, from another thread, and remove the folder."""
        if (process := self._running) is not None and process.stdin is not None:
            process.stdin.close()

    def packaged_service(self) -> dict[str, Any]:
        """Return serverless.yml as the last run that packaged resolved it, with what plugins added."""
        state = json.loads((self.folder / ".serverless" / "serverless-state.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = state["service"]
        return found

    def must_run(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> str:
        """Run `sls` and return its output. Raises `DeployToolError` with the output when it fails."""
        output = self.run(*arguments, on_line=on_line)
        if output.exit_code != 0:
            reason = reason_in(output.text, self._project, self.folder)
            raise DeployToolError(
                f"`sls {' '.join(arguments)}` failed with exit code {output.exit_code}. {OUTPUT}\n\n{reason}"
            )
        return output.text
