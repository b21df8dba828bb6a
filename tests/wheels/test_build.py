"""What the wheels hold, what they need, and that the same files always give the same bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import pilotlight
from pilotlight_build.source_facts import imports_of
from tests.support.project import PROJECT
from tests.support.wheels import Wheels, metadata_of, names_in, text_in
from wheels import build as builder

MODULES_OF = {"opentelemetry-proto": "opentelemetry", "pyyaml": "yaml"}
"""Where a distribution's name is not that of its module."""
SUPPLIED = {"botocore", "google", "hypercorn"}
"""What boto3, the engine and OTLP's messages bring along, and nobody has without them."""
TYPES_ONLY = re.compile(r"^mypy_boto3_")


def test_the_wheel_pilotlight_is_the_folder_and_its_licence(wheels: Wheels) -> None:
    files = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "pilotlight").rglob("*") if path.is_file()}
    sources = {name for name in files if "__pycache__" not in name}
    folder = f"pilotlight-{pilotlight.__version__}.dist-info"
    described = {f"{folder}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")}
    assert "pilotlight/py.typed" in sources
    assert names_in(wheels.pilotlight) == sources | described


def test_it_needs_nothing_and_offers_two_extras(wheels: Wheels) -> None:
    metadata = metadata_of(wheels.pilotlight)
    needed = metadata.get_all("Requires-Dist") or []
    assert [each for each in needed if "extra ==" not in each] == []
    extras = {re.split(r"[^\w-]", each)[0]: each.partition("extra == ")[2].strip("'") for each in needed}
    assert extras == {"boto3": "warmer", "aws-xray-sdk": "xray", "wrapt": "xray"}
    assert any(each.startswith("wrapt<2;") for each in needed)


def test_the_extra_xray_admits_what_this_service_deploys(wheels: Wheels) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE))
    offered = [Requirement(each) for each in metadata_of(wheels.pilotlight).get_all("Requires-Dist") or []]
    assert {each.name: each.specifier.contains(locked[each.name]) for each in offered} == dict.fromkeys(
        ("boto3", "aws-xray-sdk", "wrapt"), True
    )


@pytest.mark.parametrize("which", ["pilotlight", "tools"])
def test_both_are_described_for_an_index(wheels: Wheels, which: str) -> None:
    wheel: Path = getattr(wheels, which)
    metadata = metadata_of(wheel)
    assert metadata["Version"] == pilotlight.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (PROJECT / "wheels" / builder.WHEELS[which == "tools"] / "README.md").read_text()
    assert str(metadata.get_payload()).strip() == readme.strip()
    # A description has no folder that a relative address could start from.
    assert re.findall(r"\]\((?!https://)[^)]*\)", readme) == []
    assert text_in(wheel, "licenses/LICENSE") == (PROJECT / "LICENSE").read_text()


def test_the_tools_depend_on_the_repositorys_own_list_and_on_the_same_version(wheels: Wheels) -> None:
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    needed = {Requirement(each) for each in metadata_of(wheels.tools).get_all("Requires-Dist") or []}
    assert needed == {Requirement(each) for each in (f"pilotlight=={pilotlight.__version__}", *groups["tools"])}
    assert groups["run"][:2] == [{"include-group": "service"}, {"include-group": "tools"}]


def test_the_tools_import_what_they_depend_on(wheels: Wheels) -> None:
    needed = [re.split(r"[^\w-]", each)[0] for each in metadata_of(wheels.tools).get_all("Requires-Dist") or []]
    allowed = {MODULES_OF.get(name, name) for name in needed} | SUPPLIED | {"pilotlight_tools"}
    imported = set()
    with zipfile.ZipFile(wheels.tools) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                imported |= {found.module.split(".")[0] for found in imports_of(archive.read(name), name)}
    third_party = {name for name in imported if name not in sys.stdlib_module_names and not TYPES_ONLY.match(name)}
    assert third_party <= allowed
    assert {"boto3", "ministack", "rich"} <= third_party


def test_the_tools_leave_out_what_serves_this_repository_alone(wheels: Wheels) -> None:
    names = names_in(wheels.tools)
    assert "pilotlight_tools/local/supervisor.py" in names
    assert [name for name in names if re.search(r"policies|local/runtime|dashboard_preview|__pycache__", name)] == []


def test_the_tools_hold_the_latency_page_and_nobody_elses_code(wheels: Wheels) -> None:
    """The page's scripts are all its own: the wheel has one licence."""
    page = PROJECT / "pilotlight_tools" / "latency" / "page"
    parts = sorted(path.name for path in page.iterdir())
    assert {"page.html", "page.css", "main.js"} <= {*parts}
    for name in parts:
        assert text_in(wheels.tools, f"latency/page/{name}") == (page / name).read_text()
    assert metadata_of(wheels.tools)["License-Expression"] == "MIT"


def test_the_same_files_give_the_same_bytes(wheels: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another folder, by other file times, permissions and bytecode. SOURCE_DATE_EPOCH sets the files' time."""
    copy = copied_checkout(tmp_path / "elsewhere")
    for path in (copy / "pilotlight").rglob("*.py"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
    (copy / "pilotlight" / "__pycache__").mkdir()
    (copy / "pilotlight" / "__pycache__" / "entry.cpython-311.pyc").write_bytes(b"bytecode")
    (tmp_path / "again").mkdir()
    again = Wheels.built_in(tmp_path / "again", copy)
    assert again.pilotlight.read_bytes() == wheels.pilotlight.read_bytes()
    assert again.tools.read_bytes() == wheels.tools.read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    (tmp_path / "dated").mkdir()
    dated = builder.build_wheel(copy / "wheels" / "pilotlight", tmp_path / "dated")
    with zipfile.ZipFile(dated) as archive:
        assert {file.date_time for file in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}


def test_one_version_for_wheels_plugin_and_changelog(wheels: Wheels) -> None:
    versions = {metadata_of(wheel)["Version"] for wheel in (wheels.pilotlight, wheels.tools)}
    versions |= {re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]}
    if (PROJECT / "plugin" / "package.json").exists():
        versions |= {json.loads((PROJECT / "plugin" / "package.json").read_text())["version"]}
    if own := json.loads((PROJECT / "package.json").read_text()).get("version"):
        versions |= {own}
    assert versions == {pilotlight.__version__}


def test_a_tag_of_another_version_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert builder.main(["--tag", "v9.9.9", "--folder", str(tmp_path / "dist")]) == 1
    assert capsys.readouterr().err.startswith("error: the tag v9.9.9 is not of version ")
    assert not (tmp_path / "dist").exists()


@pytest.mark.slow
def test_build_leaves_the_files_of_a_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "pilotlight-0.0.1-py3-none-any.whl").touch()
    assert builder.main(["--folder", str(dist), "--tag", f"v{pilotlight.__version__}"]) == 0
    wheels = [f"{name}-{pilotlight.__version__}-py3-none-any.whl" for name in ("pilotlight", "pilotlight_cli")]
    tarballs = [f"serverless-pilotlight-{pilotlight.__version__}.tgz"] * (PROJECT / "plugin/package.json").exists()
    assert [path.name for path in sorted(dist.iterdir())] == [*wheels, *tarballs]
    assert len(capsys.readouterr().out.splitlines()) == len([*wheels, *tarballs])


@pytest.mark.slow
def test_the_repository_itself_installs_the_package(tmp_path: Path) -> None:
    """It has several top-level packages, of which pip could not tell which to install."""
    target = tmp_path / "target"
    options = ["--no-build-isolation", "--no-index", "--no-deps", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), "."]
    subprocess.run(command, cwd=PROJECT, check=True)
    installed = {path.name for path in target.iterdir()}
    assert installed == {"pilotlight", f"pilotlight-{pilotlight.__version__}.dist-info"}


def copied_checkout(folder: Path) -> Path:
    """What the wheels are built from, in another folder."""
    without = shutil.ignore_patterns("__pycache__")
    for name in ("pilotlight", "pilotlight_tools", "wheels"):
        shutil.copytree(PROJECT / name, folder / name, ignore=without)
    shutil.copyfile(PROJECT / "pyproject.toml", folder / "pyproject.toml")
    return folder
