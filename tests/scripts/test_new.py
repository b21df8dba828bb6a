"""`npm run new`: which names and folders it takes, and that it writes a whole service or nothing.

What it builds is made by a stand-in here; tests/end_to_end/test_new_service.py has the real wheels and plugin.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.scripts.test_setup import REQUIREMENTS, wait_for, write_stamps
from tests.support.project import PROJECT

USAGE = "Usage: npm run new -- FOLDER [--name NAME | --update]"
STAND_IN = """
import os, sys, time
from pathlib import Path
folder, version = Path(sys.argv[1]), os.environ.get("STAND_IN_VERSION", "0.2.0")
(folder / f"pilotlight-{version}-py3-none-any.whl").write_text(version)
if os.environ.get("STAND_IN_DOES") == "fail":
    sys.exit("no space for wheels")
if os.environ.get("STAND_IN_DOES") == "wait":
    Path("waiting").touch()
    time.sleep(60)
(folder / f"pilotlight_tools-{version}-py3-none-any.whl").write_text(version)
(folder / f"serverless-pilotlight-{version}.tgz").write_bytes(Path(f"{version}.tgz").read_bytes())
"""
"""In place of `python -m wheels.build --folder …`."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is set up, where a stand-in builds wheels and tarballs."""
    folder = tmp_path / "pilotlight"
    for name in ("scripts", "template"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in ("package.json", "package-lock.json", "pyproject.toml", "LICENSE", *REQUIREMENTS.values()):
        shutil.copyfile(PROJECT / name, folder / name)
    (folder / "stand_in.py").write_text(STAND_IN)
    for version in ("0.2.0", "0.3.0"):
        (folder / f"{version}.tgz").write_bytes(tarball(version))
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    build = f'[ "$2" != wheels.build ] || exec "{sys.executable}" stand_in.py "$4"'
    python.write_text(f'#!/bin/sh\n{build}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / "node_modules").mkdir()
    write_stamps(folder, "run", "dev")
    return folder


def tarball(version: str) -> bytes:
    """What `npm pack` makes, as far as npm reads it for a lock."""
    content = json.dumps({"name": "serverless-pilotlight", "version": version}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def new(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `npm run new -- …` does."""
    return subprocess.run(
        ["node", "scripts/new.mjs", *arguments],
        cwd=checkout, env=environment_with(environment), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def environment_with(environment: dict[str, str]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "INIT_CWD")}
    return {**mine, **environment}


def made(checkout: Path, name: str = "billing", version: str = "0.2.0") -> Path:
    """A new service beside the checkout."""
    done = new(checkout, f"../{name}", STAND_IN_VERSION=version)
    assert done.returncode == 0, done.stderr
    return checkout.parent / name


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their paths."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "no folder"),
        (["../one", "../two"], "more than one folder"),
        (["../one", "--force"], "Unknown option '--force'"),
        (["../one", "--name", "two", "--update"], "--name does not go with --update"),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments: list[str], problem: str) -> None:
    done = new(PROJECT, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {problem}. {USAGE}\n"


def test_help_says_what_it_writes() -> None:
    done = new(PROJECT, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in done.stdout for word in ("FOLDER", "--name", "--update", "vendor/", "Exit codes"))


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Orders API", "orders-api"),
        ("orders_api", "orders-api"),
        ("7-orders", "orders"),
        ("Überweisung", "uberweisung"),
        ("a", "my-service"),
        ("o" * 41, "o" * 40),
        ("-", "my-service"),
    ],
)
def test_a_name_that_aws_or_the_deploy_tool_refuses_gets_a_suggestion(tmp_path: Path, name: str, better: str) -> None:
    by_folder = new(PROJECT, "--", str(tmp_path / name))
    by_option = new(PROJECT, str(tmp_path / "fine"), f"--name={name}")
    assert (by_folder.returncode, by_option.returncode) == (2, 2)
    [line] = by_folder.stderr.splitlines()
    assert line.startswith("error: the folder's name ")
    assert line.endswith(f"Name it by --name {better}")
    assert by_option.stderr.endswith(f"Try --name {better}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_kind_is_refused(checkout: Path) -> None:
    parent = checkout.parent
    (parent / "file").write_text("")
    (parent / "full").mkdir()
    (parent / "full" / "notes.txt").write_text("")
    (parent / "link").symlink_to(checkout)
    before = contents(parent)
    problems = {
        "../file": "is a file: name another folder",
        "../full": "is not empty (it has notes.txt): name another folder",
        "../no/such": "is no folder: make it first, or name another",
        "inside": "is inside this checkout of Pilotlight: name a folder outside, such as ../inside",
        "../link/inside": "is inside this checkout of Pilotlight",
    }
    for folder, problem in problems.items():
        done = new(checkout, folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert problem in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert contents(parent) == before


def test_a_service_has_its_folders_name_everywhere(checkout: Path) -> None:
    service = made(checkout)
    configuration = yaml.safe_load((service / "serverless.yml").read_text())
    assert configuration["service"] == "billing"
    for name in ("package.json", "package-lock.json"):
        assert json.loads((service / name).read_text())["name"] == "billing"
    everything = b"".join(contents(service).values()).decode(errors="replace")
    assert "orders-api" not in everything


def test_a_name_may_be_given(checkout: Path) -> None:
    done = new(checkout, "../My Folder", "--name", "Billing", INIT_CWD=str(checkout))
    assert done.returncode == 0, done.stderr
    service = checkout.parent / "My Folder"
    assert "service: Billing\n" in (service / "serverless.yml").read_text()
    assert json.loads((service / "package.json").read_text())["name"] == "billing", "npm takes small letters only"


def test_the_folder_is_where_npm_was_called(checkout: Path) -> None:
    (checkout.parent / "work").mkdir()
    assert new(checkout, "billing", INIT_CWD=str(checkout.parent / "work")).returncode == 0
    assert (checkout.parent / "work" / "billing" / "handler.py").exists()


def test_an_empty_folder_and_an_empty_repository_are_filled(checkout: Path) -> None:
    (checkout.parent / "billing" / ".git").mkdir(parents=True)
    service = made(checkout)
    assert (service / ".git").exists()
    assert (service / "handler.py").exists()


def test_it_holds_the_template_and_pilotlights_files_and_nothing_else(checkout: Path) -> None:
    (checkout / "template" / "node_modules").mkdir()
    (checkout / "template" / "node_modules" / "left.js").write_text("")
    files = set(contents(made(checkout)))
    theirs = {name for name in files if not name.startswith(("vendor/", "tools/"))}
    template = {name for name in contents(PROJECT / "template") if "__pycache__" not in name}
    assert theirs == {name for name in template if not name.startswith("tools/")} | {"package-lock.json"}
    assert {name for name in files if name.startswith("vendor/")} == {
        *("vendor/LICENSE", "vendor/pilotlight.json", "vendor/pilotlight.txt", "vendor/requirements.txt"),
        *("vendor/pilotlight-0.2.0-py3-none-any.whl", "vendor/pilotlight_tools-0.2.0-py3-none-any.whl"),
        "vendor/serverless-pilotlight.tgz",
    }


def test_its_set_up_is_this_repositorys_but_for_what_it_installs(checkout: Path) -> None:
    service = made(checkout)
    ours = contents(PROJECT / "scripts" / "setup")
    theirs = contents(service / "tools" / "setup")
    assert (service / "tools" / "setup.mjs").read_bytes() == (PROJECT / "scripts" / "setup.mjs").read_bytes()
    assert theirs.pop("packages.mjs") == (PROJECT / "template" / "tools" / "setup" / "packages.mjs").read_bytes()
    ours.pop("packages.mjs")
    assert theirs == ours


def test_its_locks_pin_everything_and_name_no_registry(checkout: Path) -> None:
    service = made(checkout)
    lock = json.loads((service / "package-lock.json").read_text())
    ours = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    packages = {path: each for path, each in lock["packages"].items() if path}
    plugin = packages.pop("node_modules/serverless-pilotlight")
    assert {each.get("resolved") for each in packages.values()} == {None}
    assert plugin["resolved"] == "file:vendor/serverless-pilotlight.tgz"
    assert {path: each["version"] for path, each in packages.items()}.items() <= {
        path: each.get("version") for path, each in ours.items()
    }.items()
    assert "node_modules/@biomejs/biome" not in packages
    locked = (service / "vendor" / "requirements.txt").read_text()
    lines = [line for line in locked.splitlines() if not line.startswith((" ", "#"))]
    assert "://" not in locked
    assert all(re.fullmatch(r"[\w.-]+==\S+( ; [^\\]+)? \\", line) for line in lines)
    names = {re.split("[^\\w.-]", line)[0] for line in lines}
    assert names >= {"ministack", "boto3", "botocore", "pytest", "pluggy", "six"}
    assert names.isdisjoint({"aws-xray-sdk", "hatchling", "mypy", "wrapt"})


def test_the_template_asks_for_the_deploy_tool_of_this_repository() -> None:
    """Else its lock could not be made of this one."""
    wanted, ours = (json.loads((PROJECT / name).read_text()) for name in ("template/package.json", "package.json"))
    assert wanted["dependencies"]["serverless"] == ours["dependencies"]["serverless"]
    assert wanted["engines"] == ours["engines"]
    assert (PROJECT / "template" / ".npmrc").read_text() == (PROJECT / ".npmrc").read_text()


def test_a_failure_leaves_nothing(checkout: Path) -> None:
    before = {path.name for path in checkout.parent.iterdir()}
    done = new(checkout, "../billing", STAND_IN_DOES="fail")
    assert done.returncode == 1
    assert "no space for wheels" in done.stderr
    assert {path.name for path in checkout.parent.iterdir()} == before


@pytest.mark.parametrize("arguments", [["../billing"], ["../shop", "--update"]])
def test_an_interruption_leaves_everything_as_it_was(checkout: Path, arguments: list[str]) -> None:
    made(checkout, "shop")
    before = contents(checkout.parent / "shop")
    names = {path.name for path in checkout.parent.iterdir()}
    process = subprocess.Popen(
        ["node", "scripts/new.mjs", *arguments],
        cwd=checkout, env=environment_with({"STAND_IN_DOES": "wait"}), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: (checkout / "waiting").exists())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "error: stopped by SIGINT" in errors
    assert {path.name for path in checkout.parent.iterdir()} == names
    assert contents(checkout.parent / "shop") == before


def test_a_folder_that_may_not_be_written_is_one_error(checkout: Path) -> None:
    (checkout.parent / "blocked").write_text("")
    done = new(checkout, "../blocked/billing")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "    at " not in done.stderr


def test_an_update_replaces_pilotlights_files_alone(checkout: Path) -> None:
    service = made(checkout)
    own = {"handler.py": b"# mine\n", "requirements.txt": b"# mine\n", "vendor/mine.whl": b"mine"}
    for name, content in own.items():
        (service / name).write_bytes(content)
    (service / "tools" / "setup" / "errors.mjs").write_text("// edited\n")
    (checkout / "scripts" / "setup" / "fresh.mjs").write_text("// fresh\n")
    before = contents(service)
    done = new(checkout, "../billing", "--update", STAND_IN_VERSION="0.3.0")
    assert done.returncode == 0, done.stderr
    after = contents(service)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    said = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert changed == {*said, "vendor/pilotlight.json"}
    assert said == {
        "package-lock.json": "~",
        "tools/setup/errors.mjs": "~",
        "tools/setup/fresh.mjs": "+",
        "vendor/pilotlight-0.2.0-py3-none-any.whl": "-",
        "vendor/pilotlight-0.3.0-py3-none-any.whl": "+",
        "vendor/pilotlight.txt": "~",
        "vendor/pilotlight_tools-0.2.0-py3-none-any.whl": "-",
        "vendor/pilotlight_tools-0.3.0-py3-none-any.whl": "+",
        "vendor/serverless-pilotlight.tgz": "~",
    }
    assert "Updated Pilotlight from 0.2.0 to 0.3.0:" in done.stdout
    assert "~ tools/setup/errors.mjs (it had been edited here)\n" in done.stdout
    assert own.items() <= after.items()


def test_an_update_changes_one_entry_of_the_lock(checkout: Path) -> None:
    """Else `npm ci` would refuse the new tarball."""
    service = made(checkout)
    before = json.loads((service / "package-lock.json").read_text())["packages"]
    assert new(checkout, "../billing", "--update", STAND_IN_VERSION="0.3.0").returncode == 0
    after = json.loads((service / "package-lock.json").read_text())["packages"]
    assert [path for path in after if after[path] != before[path]] == ["node_modules/serverless-pilotlight"]
    anew = json.loads((made(checkout, "shop", "0.3.0") / "package-lock.json").read_text())["packages"]
    assert after == anew | {"": after[""]}, "as npm writes it"


def test_an_update_without_news_says_so_and_writes_nothing(checkout: Path) -> None:
    service = made(checkout)
    before = {path: path.stat().st_mtime_ns for path in service.rglob("*") if path.is_file()}
    done = new(checkout, "../billing", "--update")
    assert done.returncode == 0
    assert "Nothing to update" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in service.rglob("*") if path.is_file()} == before


def test_a_lost_file_comes_back(checkout: Path) -> None:
    service = made(checkout)
    wheel = service / "vendor" / "pilotlight-0.2.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wheel.unlink()
    assert f"+ vendor/{wheel.name}\n" in new(checkout, "../billing", "--update").stdout
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == digest


def test_a_failed_update_puts_everything_back(checkout: Path) -> None:
    service = made(checkout)
    # A file where a new folder should be: what was replaced before it has to come back.
    (service / "tools" / "setup" / "errors.mjs").write_text("// edited\n")
    (service / "tools" / "setup" / "more").write_text("mine")
    (checkout / "scripts" / "setup" / "more").mkdir()
    (checkout / "scripts" / "setup" / "more" / "fresh.mjs").write_text("")
    before = contents(service)
    done = new(checkout, "../billing", "--update", STAND_IN_VERSION="0.3.0")
    assert done.returncode == 1
    assert contents(service) == before


@pytest.mark.parametrize("held", [None, "{", "[]", '{"version": 2}'])
def test_an_update_of_no_such_service_is_refused(checkout: Path, held: str | None) -> None:
    folder = checkout.parent / "other"
    (folder / "vendor").mkdir(parents=True)
    if held is not None:
        (folder / "vendor" / "pilotlight.json").write_text(held)
    before = contents(folder)
    done = new(checkout, "../other", "--update")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is no service that `npm run new` wrote: it has no valid vendor/pilotlight.json" in done.stderr
    assert contents(folder) == before
