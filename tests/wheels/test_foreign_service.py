"""The installed tools in the folder of a service that is none of this repository's: no file of it is reachable there.

The service has its own deploy tool, a function whose key is not `api`, and a warmer of its own making.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.conftest import until
from tests.support.project import PROJECT
from tests.support.wheels import Wheels, outside, uv

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

SERVERLESS_YML = """\
service: shop
provider:
  name: aws
  runtime: python3.13
  stage: ${opt:stage, 'dev'}
  memorySize: 768
  tracing: { lambda: Active }
  environment: { PILOTLIGHT_SERVICE: 'shop-${sls:stage}' }
  iam:
    role:
      statements: [{ Effect: Allow, Action: ['lambda:*', 'xray:*'], Resource: '*' }]
functions:
  list-orders:
    handler: orders.handler
    events:
      - http: GET /orders
  keeper:
    handler: pilotlight.warmer.handler
    timeout: 30
    environment:
      PILOTLIGHT_TARGETS: '[{"function": "shop-${sls:stage}-list-orders", "concurrency": 3}]'
    events:
      - schedule: { rate: rate(1 minute), enabled: true }
custom:
  pilotlight:
    warmer: keeper
"""
ORDERS = """\
from pilotlight import warmable


@warmable
def handler(event, context):
    return {"statusCode": 200, "body": "orders"}
"""
EVERY_MODULE = """
import importlib, json, os, pkgutil
import pilotlight, pilotlight_tools
os.environ["PILOTLIGHT_HANDLER"] = "json.loads"  # pilotlight.redirect needs one
names = [found.name for package in (pilotlight, pilotlight_tools)
         for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
files = [importlib.import_module(name).__file__ for name in names if not name.endswith("__main__")]
print(json.dumps([pilotlight.__file__, *files]))
"""


@dataclass(frozen=True)
class Tools:
    """A virtual environment that has the two wheels, and what they depend on, and nothing else."""

    folder: Path

    def run(self, service: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment in a folder."""
        command = [str(self.folder / "bin" / arguments[0]), *arguments[1:]]
        return subprocess.run(command, cwd=service, env=outside(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tools(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """With the locked versions."""
    folder = tmp_path_factory.mktemp("locked")
    locked = re.findall(r"^[\w.-]+==[^\\\n]+", (PROJECT / "requirements-run.txt").read_text(), re.MULTILINE)
    (folder / "constraints.txt").write_text("\n".join(locked))
    return installed_tools(folder, wheels, "-c", str(folder / "constraints.txt"))


@pytest.fixture(scope="module")
def tools_of_the_oldest_versions(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """With the oldest versions that the wheel admits."""
    oldest = ("--resolution", "lowest-direct", "--group", f"{PROJECT / 'pyproject.toml'}:tools")
    return installed_tools(tmp_path_factory.mktemp("oldest"), wheels, *oldest)


def installed_tools(folder: Path, wheels: Wheels, *options: str) -> Tools:
    environment = folder / "venv"
    uv("venv", "-q", "--python", sys.executable, str(environment))
    python = ("--python", str(environment / "bin" / "python"))
    uv("pip", "install", "-q", *python, *options, str(wheels.pilotlight), str(wheels.tools))
    return Tools(environment)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The service's folder; its node_modules has the deploy tool alone."""
    folder = tmp_path / "shop"
    binaries = folder / "node_modules" / ".bin"
    binaries.mkdir(parents=True)
    (folder / "node_modules" / "serverless").symlink_to(PROJECT / "node_modules" / "serverless")
    (binaries / "sls").symlink_to("../serverless/bin/serverless.js")
    (folder / "serverless.yml").write_text(SERVERLESS_YML)
    (folder / "orders.py").write_text(ORDERS)
    return folder


@contextmanager
def started(tools: Tools, service: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`pilotlight start` and the file of what it prints; ended by Ctrl-C."""
    output = service.parent / "output"
    environment = outside(PORT="0", TMPDIR=str(service.parent))
    with output.open("w") as file:
        process = subprocess.Popen(
            [tools.folder / "bin" / "pilotlight", "start"],
            cwd=service, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        yield process, output
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_every_module_of_the_wheels_loads_without_the_checkout(tools: Tools, service: Path) -> None:
    done = tools.run(service, "python", "-c", EVERY_MODULE)
    assert done.returncode == 0, done.stderr
    files = [Path(file) for file in json.loads(done.stdout)]
    assert len(files) > 90
    assert [file for file in files if not file.is_relative_to(tools.folder)] == []


@pytest.mark.parametrize("name", ["latency", "cost", "start"])
def test_each_subcommand_has_help_in_its_own_name(tools: Tools, service: Path, name: str) -> None:
    for command in (["pilotlight"], ["python", "-m", "pilotlight_tools"]):
        done = tools.run(service, *command, name, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: pilotlight {name} ")
        assert "npm" not in done.stdout


def test_cost_reads_the_services_own_functions(tools: Tools, service: Path) -> None:
    done = tools.run(service, "pilotlight", "cost", "--stage", "prod", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)["plan"]
    read = {name: plan[name] for name in ("memory_mb", "architecture", "concurrency", "interval_minutes")}
    assert read == {"memory_mb": 768, "architecture": "x86_64", "concurrency": 3, "interval_minutes": 1}


@pytest.mark.parametrize("versions", ["tools", "tools_of_the_oldest_versions"])
def test_start_serves_the_api_ticks_and_reports(versions: str, service: Path, request: pytest.FixtureRequest) -> None:
    tools: Tools = request.getfixturevalue(versions)
    with started(tools, service) as (process, output):
        until(
            lambda: "Stop with Ctrl-C" in output.read_text() or process.poll() is not None, seconds=90, what="the start"
        )
        printed = output.read_text()
        api, page = re.search(r"API +(http\S+)", printed), re.search(r"latency (http\S+)", printed)
        assert api, printed
        assert page, printed
        assert "rate(1 minute), environments kept warm: 3 of shop-local-list-orders" in printed
        assert "or pilotlight latency --stage local" in printed
        assert requests.get(f"{api[1]}/orders", timeout=30).text == "orders"
        assert "function overTime" in requests.get(page[1], timeout=30).text
        until(lambda: "3 of 3 environments warm" in output.read_text(), seconds=120, what="a tick of the schedule")
        done = tools.run(service, "pilotlight", "latency", "--stage", "local", "--json", "--html", "report.html")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
    assert process.returncode == 0, output.read_text()
    assert report["service"] == "shop-local"
    assert "function overTime" in (service / "report.html").read_text()
    assert sorted(path.name for path in service.iterdir()) == [
        *("node_modules", "orders.py", "report.html", "serverless.yml")
    ]


def test_without_a_rest_api_start_says_what_is_missing(tools: Tools, service: Path) -> None:
    (service / "serverless.yml").write_text(SERVERLESS_YML.replace("http: GET", "httpApi: GET"))
    done = tools.run(service, "pilotlight", "start", "--port", "0")
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "no REST API of its own, which `pilotlight start` serves" in line
    assert "httpApi, schedule events" in line


def test_without_the_deploy_tool_the_remedy_is_named(tools: Tools, service: Path) -> None:
    (service / "node_modules" / ".bin" / "sls").unlink()
    for arguments in (["start", "--port", "0"], ["cost", "--stage", "dev"]):
        done = tools.run(service, "pilotlight", *arguments)
        assert done.returncode == 1
        assert f"error: the deploy tool is not installed in {service}: run `npm install --save-dev osls" in done.stderr


def test_without_a_running_service_latency_says_how_to_start_it(tools: Tools, service: Path) -> None:
    done = tools.run(service, "pilotlight", "latency", "--stage", "local")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: No local stack is running here. Start it in another terminal: pilotlight start"
    ]
