"""Services that are not this project: in a folder of their own, with the plugin as `npm pack` makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from pilotlight_tools.local.deploy_tool import Output
from pilotlight_tools.local.engine import LOOPBACK, Engine
from tests.support.project import PROJECT
from tests.support.template import Packaged

DEPLOY_TOOL = PROJECT / "node_modules" / "serverless" / "bin" / "serverless.js"
_NEITHER_OURS_NOR_AWS = ("AWS_", "SLS_", "SERVERLESS_", "PYTHONPATH", "PYTHON", "VIRTUAL_ENV", "npm_")
PLAIN_HANDLER = "def handler(event, context): return {'statusCode': 200, 'body': str(event)}\n"
HTTP_EVENT = [{"httpApi": "GET /orders"}]
TARGET = {"function": "orders", "concurrency": 3}


def pack(folder: Path) -> Path:
    """Make the plugin's tarball from a copy of its sources, which `prepack` may change; return its path."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("plugin", "pilotlight"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    shutil.copy(PROJECT / "LICENSE", folder)
    # Bytecode beside the sources, as running the tests leaves it.
    (folder / "pilotlight" / "__pycache__").mkdir()
    (folder / "pilotlight" / "__pycache__" / "ping.cpython-311.pyc").write_bytes(b"")
    run(["npm", "pack", "./plugin", "--silent"], folder)
    (tarball,) = folder.glob("*.tgz")
    return tarball


def unpack(tarball: Path, node_modules: Path) -> None:
    """Put the plugin where `npm install` would."""
    with tarfile.open(tarball) as archive:
        archive.extractall(node_modules, filter="data")
    (node_modules / "package").rename(node_modules / "serverless-pilotlight")


def install(folder: Path, packed_in: Path) -> None:
    """`npm install` of the packed plugin and of what the service's package.json names, from the registry."""
    installed = run(["npm", "install", "--no-audit", "--no-fund", str(pack(packed_in))], folder)
    assert installed.exit_code == 0, installed.text


def get(engine: Engine, api: str, path: str) -> requests.Response:
    """Request a path of an API of the engine by the API's id."""
    headers = {"Host": f"{api}.execute-api.localhost:{engine.port}"}
    return requests.get(f"http://{LOOPBACK}:{engine.port}{path}", headers=headers, timeout=30)


def run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> Output:
    """Run a program in `folder`, without the settings of this checkout and what another run has cached.

    serverless-python-requirements keeps what it installed by the requirements' names alone: of another Python, or of an
    older `pilotlight`.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith(_NEITHER_OURS_NOR_AWS)}
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            **mine,
            "NO_COLOR": "1",
            "SLS_AWS_MONITORING_FREQUENCY": "200",
            "XDG_CACHE_HOME": str(folder.parent / "cache"),
            **(environment or {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return Output(done.returncode, done.stdout)


@dataclass(frozen=True)
class Foreign:
    """A service in `folder`; `environment` names an engine."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, configuration: Mapping[str, Any], files: Mapping[str, str] | None = None) -> Foreign:
        """Write serverless.yml and the service's other files."""
        (self.folder / "serverless.yml").write_text(yaml.safe_dump(dict(configuration), sort_keys=False))
        for name, content in (files or {"orders.py": PLAIN_HANDLER}).items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content)
        return self

    def sls(self, *arguments: str) -> Output:
        """Run the deploy tool, which is not among the service's own modules."""
        return run(["node", str(DEPLOY_TOOL), *arguments], self.folder, self.environment)

    def must(self, *arguments: str) -> str:
        """Run the deploy tool, which has to succeed, and return what it printed."""
        output = self.sls(*arguments)
        assert output.exit_code == 0, output.text
        return output.text

    def package(self, *arguments: str) -> Packaged:
        """`sls package`, which has to succeed."""
        return Packaged(self.folder, self.must("package", *arguments))

    def refused(self, *arguments: str) -> str:
        """What `sls package` says when it refuses the service: an error without a stack."""
        output = self.sls("package", *arguments)
        assert output.exit_code == 1, output.text
        assert "\n    at " not in output.text
        return output.text


def service(*, pilotlight: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A small service with one function, kept warm by the six lines of an adopter; `changes` replace its keys."""
    return {
        "service": "shop",
        "provider": {"name": "aws", "runtime": "python3.13"},
        "functions": {"orders": {"handler": "orders.handler", "events": HTTP_EVENT}},
        "plugins": ["serverless-pilotlight"],
        "custom": {"pilotlight": {"targets": [TARGET]} if pilotlight is None else dict(pilotlight)},
        **changes,
    }


def wheel(folder: Path, version: str = "") -> Path:
    """A wheel of this checkout's `pilotlight`, by hand; with another `version`, the package says that one."""
    path = folder / f"pilotlight-{version or '0'}-py3-none-any.whl"
    information = f"pilotlight-{version or '0'}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in pilotlight_files(version).items():
            archive.writestr(name, content)
        archive.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: pilotlight\nVersion: {version or '0'}\n"
        )
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    return path


def pilotlight_files(version: str = "") -> dict[str, str]:
    """The files of this checkout's `pilotlight`, by their paths; with another `version`, the package says that one."""
    found = {path.relative_to(PROJECT).as_posix(): path.read_text() for path in (PROJECT / "pilotlight").rglob("*.py")}
    if version:
        found["pilotlight/__init__.py"] = f'__version__ = "{version}"\n'
    return found
