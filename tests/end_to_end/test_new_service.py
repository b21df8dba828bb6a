"""`npm run new`, and what the service that it writes does by its own commands, with real installs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest
import requests

from pilotlight_tools.local.deploy_tool import Output
from pilotlight_tools.local.engine import Engine
from tests.conftest import until
from tests.support.foreign import run
from tests.support.processes import children_of, is_alive
from tests.support.project import PROJECT
from tests.support.wheels import outside

# As `npm run build` in the checkout, it has `npm pack` copy files within plugin/: never two at once.
pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("adopting")]

NOT_OF_A_CLONE = {".git", ".venv", "node_modules", "build", "__pycache__", ".serverless", ".hypothesis"}
NAME = "billing"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new service, set up by its own `npm test`."""
    folder = tmp_path_factory.mktemp("new") / NAME
    made = new(folder)
    assert made.exit_code == 0, made.text
    assert f"Made the service {NAME}: " in made.text
    tested = own(folder, "npm", "test")
    assert tested.exit_code == 0, tested.text
    assert "5 passed" in tested.text
    return folder


def new(folder: Path, *arguments: str) -> Output:
    """`npm run new -- folder …` in the checkout."""
    return run(["npm", "run", "-s", "new", "--", str(folder), *arguments], PROJECT)


def own(folder: Path, *command: str, **environment: str) -> Output:
    """A command in the service's folder; nothing leads to the checkout."""
    done = subprocess.run(
        command, cwd=folder, env=outside(NO_COLOR="1", **environment),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )  # fmt: skip
    return Output(done.returncode, done.stdout)


def size_of(folder: Path) -> tuple[int, int]:
    """The number of files, and their bytes, of what a clone would have."""
    files = []
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_OF_A_CLONE and not name.endswith("_cache")]
        files += [Path(at, name) for name in names]
    return len(files), sum(file.stat().st_size for file in files)


def test_it_runs_with_the_wheels_and_nothing_of_the_checkout(service: Path) -> None:
    code = "import pilotlight, pilotlight_tools; print(pilotlight.__file__, pilotlight_tools.__file__)"
    found = own(service, ".venv/bin/python", "-c", code).text.split()
    assert len(found) == 2
    assert all(Path(file).is_relative_to(service / ".venv") for file in found), found
    checked = own(service, ".venv/bin/python", "-m", "pip", "check")
    assert checked.exit_code == 0, checked.text
    paths = [path for path in service.rglob("*") if path.is_symlink() and path.parent.name != "bin"]
    assert [path for path in paths if not path.resolve().is_relative_to(service)] == []
    texts = [path.read_bytes() for path in (service / "tools").rglob("*.mjs")]
    assert not any(str(PROJECT).encode() in text for text in texts)


def test_a_second_command_installs_nothing(service: Path) -> None:
    assert "set-up:" not in own(service, "npm", "test", "--", "-q").text


def test_it_is_packaged_for_lambda(service: Path) -> None:
    packaged = own(service, "npx", "sls", "package")
    assert packaged.exit_code == 0, packaged.text
    assert re.search(r"Package for python3\.13 on arm64: 0\.\d+ MB", packaged.text)
    with zipfile.ZipFile(service / ".serverless" / f"{NAME}.zip") as archive:
        names = set(archive.namelist())
    assert names >= {"handler.py", "warmer.py", "pilotlight/entry.py", "pilotlight/warmer.py", "pilotlight/build.txt"}
    assert not any(name.startswith(("pilotlight_tools/", "tests/", "vendor/", "tools/")) for name in names)


def test_its_deployment_ends_in_the_proof(service: Path) -> None:
    with Engine() as engine:
        deployed = own(service, "npx", "sls", "deploy", "--stage", "prod", **engine.environment)
    assert deployed.exit_code == 0, deployed.text
    assert f"10 of 10 environments of {NAME}-prod-api warm" in deployed.text


def test_it_starts_serves_and_ends_without_leaving_anything(service: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with output.open("w") as file:
        process = subprocess.Popen(
            ["npm", "start"],
            cwd=service, env=outside(PORT="0", TMPDIR=str(temporary)), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(
            lambda: "Stop with Ctrl-C" in output.read_text() or process.poll() is not None, seconds=90, what="the start"
        )
        api = re.search(r"API +(http\S+)", output.read_text())
        page = re.search(r"latency (http\S+) in a browser; or npm run latency", output.read_text())
        assert api, output.read_text()
        assert page, output.read_text()
        said = requests.get(f"{api[1]}/hello?name=marie", timeout=60).json()
        assert (said["message"], said["query"]) == ("Hello from Lambda", {"name": "marie"})
        assert requests.get(page[1], timeout=60).ok
        until(lambda: re.search(r"GET +/hello.* 200 ", output.read_text()), what="the request's line")
        processes = children_of(process.pid)
        assert len(processes) >= 4
        until(lambda: requests.get(f"{page[1]}report.json", timeout=60).json()["requests"] == 1, what="the request")
        assert requests.get(f"{page[1]}report.json", timeout=60).json()["source"] == "access log"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, processes)), what="the end of what it started")
    assert "Stopping …" in output.read_text()
    assert list(temporary.iterdir()) == []


def test_an_update_repairs_what_is_pilotlights_and_the_next_command_installs_it(service: Path) -> None:
    assert "Nothing to update" in new(service, "--update").text
    [wheel] = service.glob("vendor/pilotlight-*.whl")
    wheel.write_bytes(b"no wheel")
    handler = (service / "handler.py").read_text()
    (service / "handler.py").write_text(handler + "# mine\n")
    updated = new(service, "--update")
    assert f"~ vendor/{wheel.name} (it had been edited here)" in updated.text
    assert (service / "handler.py").read_text() == handler + "# mine\n"
    (service / ".venv" / ".pilotlight-stamp").unlink()
    tested = own(service, "npm", "test")
    assert tested.exit_code == 0, tested.text
    assert "set-up: wheels in vendor/" in tested.text


def test_it_is_small(service: Path) -> None:
    """What is the user's to read, beside a clone of this repository; and all of it."""
    files, size = size_of(service)
    _, vendored = size_of(service / "vendor")
    _, tools = size_of(service / "tools")
    lock = (service / "package-lock.json").stat().st_size
    _, clone = size_of(PROJECT)
    assert 100 * (size - vendored - tools - lock) < clone
    assert files < 40
    assert size < 1_000_000
