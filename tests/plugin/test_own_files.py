"""What `package.patterns` select: own files with their execute bits, through links, and never outside the service."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from pilotlight_build.archive import write_zip
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.own_files import executables, own_files
from pilotlight_tools.local.deploy_tool import copy_service


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service's folder, with a folder beside it that it shares with others."""
    for name in (
        *("service/app.py", "service/bin/tool", "service/data/a.csv", "service/data/deep/b.csv", "service/.hidden"),
        *("service/data/__pycache__/c.pyc", "shared/common.py", "shared/deep/more.py"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "service"


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["app.py", "data/**"], ["app.py", "data/a.csv", "data/deep/b.csv"]),
        (["./app.py", "./data/**"], ["app.py", "data/a.csv", "data/deep/b.csv"]),
        (["data/*"], ["data/a.csv"]),
        (["data/**", "!data/deep/**"], ["data/a.csv"]),
        (["data/**/*.csv", "data/*.csv"], ["data/a.csv", "data/deep/b.csv"]),
        (["*.py", ".hidden"], [".hidden", "app.py"]),
        (["app.py", "!app.py", "app.p?"], ["app.py"]),
    ],
)
def test_patterns_select_files(service: Path, patterns: list[str], names: list[str]) -> None:
    assert list(own_files(service, patterns)) == names


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("../shared/**", "leaves the service's folder.*ln -s ../shared shared"),
        ("data/../../shared/**", "leaves the service's folder"),
        ("/data/**", "leaves the service's folder"),
        ("!/data/**", "leaves the service's folder"),
        ("C:\\data\\**", "leaves the service's folder"),
        ("data", r"'data' matches no file: for the folder, write 'data/\*\*'"),
        ("data/", r"for the folder, write 'data/\*\*'"),
        ("nothing.py", r"'nothing.py' matches no file\."),
        ("**", "would ship the whole folder"),
    ],
)
def test_a_pattern_that_must_be_a_mistake_is_refused_with_the_way_out(
    service: Path, pattern: str, message: str
) -> None:
    with pytest.raises(PackagingError, match=message):
        own_files(service, [pattern])


@pytest.mark.parametrize(("mode", "shipped"), [(0o755, 0o755), (0o700, 0o755), (0o644, 0o644), (0o600, 0o644)])
def test_execute_bits_are_kept_and_nothing_else_of_a_mode(service: Path, mode: int, shipped: int) -> None:
    (service / "bin" / "tool").chmod(mode)
    found = own_files(service, ["bin/**"])
    write_zip(service / "a.zip", {name: path.read_bytes() for name, path in found.items()}, executables(found))
    with zipfile.ZipFile(service / "a.zip") as archive:
        assert stat.S_IMODE(archive.getinfo("bin/tool").external_attr >> 16) == shipped


def test_what_links_lead_to_is_shipped(service: Path) -> None:
    (service / "common").symlink_to("../shared")
    (service / "data" / "linked").symlink_to("../../shared/deep")
    (service / "one.py").symlink_to("../shared/common.py")
    found = own_files(service, ["common/**", "data/**", "one.py"])
    assert found.keys() >= {"common/common.py", "common/deep/more.py", "data/linked/more.py", "one.py"}
    assert found["one.py"].read_text() == "shared/common.py"


def test_a_loop_of_links_ends(service: Path) -> None:
    (service / "data" / "again").symlink_to(".")
    (service / "data" / "deep" / "up").symlink_to("../..")
    assert "data/deep/b.csv" in own_files(service, ["data/**"])


def test_a_private_copy_for_the_local_engine_has_what_links_lead_to(service: Path, tmp_path: Path) -> None:
    (service / "common").symlink_to("../shared")
    (service / "one.py").symlink_to("../shared/common.py")
    (service / "inner").symlink_to("data")
    (service / "gone").symlink_to("../nowhere")
    copy = tmp_path / "elsewhere" / "deeper" / "copy"
    copy.parent.mkdir(parents=True)
    copy_service(service, copy)
    assert (copy / "common" / "deep" / "more.py").read_text() == "shared/deep/more.py"
    assert (copy / "one.py").read_text() == "shared/common.py"
    assert (copy / "inner").is_symlink()
    assert (copy / "inner" / "a.csv").exists()
    assert "common/deep/more.py" in own_files(copy, ["common/**"])
