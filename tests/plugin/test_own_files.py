"""What `package.patterns` select: own files with their execute bits, through links, and never outside the service."""

from __future__ import annotations

import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from pilotlight_build.archive import LARGEST_UNZIPPED_BYTES, check_size, write_zip
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.own_files import executables, left_out, own_files, read, select
from pilotlight_tools.local.deploy_tool import DeployTool, Output, copy_service
from tests.support.template import replaced


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
        (["./app.py", "./data/**", ".//app.py"], ["app.py", "data/a.csv", "data/deep/b.csv"]),
        ([".\\data\\**", "!data\\deep\\**"], ["data/a.csv"]),
        (["data/*"], ["data/a.csv"]),
        (["data/**", "!data/deep/**"], ["data/a.csv"]),
        (["data/**", "!./data/deep/**/"], ["data/a.csv"]),
        (["data/**/*.csv"], ["data/a.csv", "data/deep/b.csv"]),
        (["**/*.csv"], ["data/a.csv", "data/deep/b.csv"]),
        (["*/*.csv"], ["data/a.csv"]),
        (["{data,bin}/*"], ["bin/tool", "data/a.csv"]),
        (["data/{a,deep/b}.csv"], ["data/a.csv", "data/deep/b.csv"]),
        (["{app,{b,c}in/t*}{,.py}"], ["app.py", "bin/tool"]),
        (["data/[ab].csv", "data/[!a-z]*"], ["data/a.csv"]),
        (["[!b-z.]pp.py"], ["app.py"]),
        (["app.py", "app.py", "*.py"], ["app.py"]),
        (["*.py", ".hidden"], [".hidden", "app.py"]),
        (["*"], [".hidden", "app.py"]),
        (["app.py", "!app.py", "app.p?"], ["app.py"]),
        (["!app.py", "app.py"], ["app.py"]),
        (["app.py", "!**", "data/*"], ["data/a.csv"]),
        (["app.py", "data/**", "!**/*.csv"], ["app.py"]),
        (["app.py", "!../other/**"], ["app.py"]),
    ],
)
def test_patterns_select_files(service: Path, patterns: list[str], names: list[str]) -> None:
    if "data/[!a-z]*" in patterns:
        (service / "data" / "0.csv").touch()
        names = ["data/0.csv", *names]
    assert list(own_files(service, patterns)) == names


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("../shared/**", r"leaves the service's folder.*ln -s \.\./shared shared.*'shared/\*\*'"),
        ("data/../../shared/**", "leaves the service's folder"),
        ("..", "leaves the service's folder"),
        ("/data/**", r"is absolute, and leaves the service's folder: .*'data/\*\*'"),
        ("!/data/**", "leaves the service's folder"),
        ("C:\\data\\**", "leaves the service's folder"),
        ("data", r"'data' matches no file: for the folder, write 'data/\*\*'"),
        ("data/", r"for the folder, write 'data/\*\*'"),
        ("nothing.py", r"'nothing.py' matches no file\."),
        ("nowhere/**", r"'nowhere/\*\*' matches no file\."),
        ("**", "would ship the whole folder"),
        ("./**/*", "would ship the whole folder"),
        ("", "names no file"),
        ("!", "names no file"),
        ("gone/**", r"matches no file: gone is a link to \.\./gone, which does not exist"),
        ("here/**", r"matches no file: here is a link to \., which holds the service itself"),
    ],
)
def test_a_pattern_that_must_be_a_mistake_is_refused_with_the_way_out(
    service: Path, pattern: str, message: str
) -> None:
    (service / "gone").symlink_to("../gone")
    (service / "here").symlink_to(".")
    with pytest.raises(PackagingError, match=message):
        own_files(service, [pattern])


def test_a_folder_that_a_pattern_means_to_remove_is_a_notice(service: Path) -> None:
    found = select(service, ["app.py", "data/**", "!data/deep"])
    assert "data/deep/b.csv" in found.files
    assert found.notices == [
        "package.patterns in serverless.yml: '!data/deep' removes nothing; for the folder, write '!data/deep/**'."
    ]
    assert select(service, ["app.py", "!node_modules/**", "!nothing"]).notices == []


def test_special_characters_of_names_may_be_escaped(service: Path) -> None:
    for name in ("[id].py", "{a,b}.py"):
        (service / name).touch()
    assert list(own_files(service, ["\\[id\\].py", "\\{a,b\\}.py"])) == ["[id].py", "{a,b}.py"]


def test_folders_of_tools_are_not_for_patterns_that_begin_with_a_glob(service: Path) -> None:
    for name in ("node_modules/a/a.py", ".venv/lib/b.py", "src/node_modules/c.py", ".git/d.py"):
        (service / name).parent.mkdir(parents=True, exist_ok=True)
        (service / name).write_text("1" * 1_000_000)
    found = select(service, ["**/*.py"])
    assert list(found.files) == ["app.py", "src/node_modules/c.py"]
    (notice,) = found.notices
    assert notice.startswith("The package has src/node_modules/, 1 files of 1.0 MB: if no function needs it, add")
    assert "'!src/node_modules/**' to the end of package.patterns" in notice
    assert list(own_files(service, ["node_modules/**"])) == ["node_modules/a/a.py"]


def test_a_pattern_may_match_dependencies_alone(service: Path) -> None:
    found = select(service, ["app.py", "tools/data/**"])
    found.require_matches(["tools/data/a.txt"])
    with pytest.raises(PackagingError, match=r"'tools/data/\*\*' matches no file"):
        found.require_matches(["tools/a.txt"])


@pytest.mark.parametrize(
    ("patterns", "removed"),
    [
        (["!tools/ext/**"], {"tools/ext/a.py", "tools/ext/__pycache__/a.cpython-313.pyc"}),
        (["!tools/ext/a.py"], {"tools/ext/a.py", "tools/ext/__pycache__/a.cpython-313.pyc"}),
        (["!tools/ext/**", "tools/ext/a.py"], set()),
        (["tools/ext/a.py", "!**/ext/**"], {"tools/ext/a.py", "tools/ext/__pycache__/a.cpython-313.pyc"}),
        (["!**/*.txt"], {"top.txt", "tools/b.txt"}),
        (["!**", "app.py"], set()),
        (["!./**", "!**/*", "!*"], set()),
        (["!tools\\*.txt"], {"tools/b.txt"}),
    ],
)
def test_the_last_pattern_that_matches_decides_on_a_dependencys_file(patterns: list[str], removed: set[str]) -> None:
    names = ["top.txt", "tools/b.txt", "tools/ext/a.py", "tools/ext/__pycache__/a.cpython-313.pyc"]
    assert left_out(patterns, names).keys() == removed


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


def test_links_to_links_are_followed_and_dead_ones_told(service: Path) -> None:
    (service.parent / "shared" / "out").symlink_to("../far")
    (service.parent / "far").mkdir()
    (service.parent / "far" / "far.txt").touch()
    (service / "common").symlink_to("../shared")
    (service / "again").symlink_to("common")
    (service / "data" / "dead").symlink_to("../nowhere")
    (service / "data" / "itself").symlink_to("itself")
    found = select(service, ["again/**", "data/**"])
    assert "again/out/far.txt" in found.files
    assert found.notices == [
        "data/dead is a link to ../nowhere, which does not exist.",
        "data/itself is a link to itself, which does not exist.",
    ]


def test_a_loop_of_links_ends(service: Path) -> None:
    (service / "data" / "again").symlink_to(".")
    (service / "data" / "deep" / "up").symlink_to("../..")
    (service / "data" / "everything").symlink_to("/")
    (service / "common").symlink_to("../shared")
    (service / "common" / "back").symlink_to(service / "data")
    assert list(own_files(service, ["data/**"])) == ["data/a.csv", "data/deep/b.csv"]
    assert "common/back/a.csv" in own_files(service, ["common/**"])


def test_what_is_no_file_is_left_out(service: Path) -> None:
    os.mkfifo(service / "data" / "pipe")
    assert "data/pipe" not in own_files(service, ["data/**"])


def test_bytecode_without_a_source_is_shipped(service: Path) -> None:
    for name in ("alone.pyc", "beside.py", "beside.pyc"):
        (service / "data" / name).touch()
    assert own_files(service, ["data/*"]).keys() == {"data/a.csv", "data/alone.pyc", "data/beside.py"}


def test_a_name_that_is_not_utf8_is_refused(service: Path) -> None:
    Path(os.fsdecode(os.fsencode(service) + b"/data/\xff.txt")).touch()
    with pytest.raises(PackagingError, match="has a name that is not UTF-8"):
        read(own_files(service, ["data/*"]))


def test_more_than_lambda_takes_is_refused_with_the_largest_parts() -> None:
    check_size({"a/b/c": LARGEST_UNZIPPED_BYTES - 1, "d": 1})
    with pytest.raises(
        PackagingError, match=r"has 300 MB unzipped, and Lambda takes 250 MB.*a 299 MB, a/b 280 MB, a/d"
    ):
        check_size({"a/b/c": 280 * 2**20, "a/d": 19 * 2**20, "e": 2**20})


@pytest.mark.parametrize("patterns", [["common/**", "one.py", "data/**"], ["**/*.py", "**/*.csv"]])
def test_a_private_copy_for_the_local_engine_ships_the_same(
    service: Path, tmp_path_factory: pytest.TempPathFactory, patterns: list[str]
) -> None:
    """Links that leave the service, or lead to what the copy leaves out; chains of them, dead ones and loops."""
    for name in ("tests/data/t.csv", "far/far.csv"):
        folder = service if name.startswith("tests") else service.parent
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    for link, target in {
        "common": "../shared",
        "one.py": "../shared/common.py",
        "inner": "data",
        "gone": "../nowhere",
        "data/tested": "../tests/data",
        "data/up": "../..",
        "data/everything": "/",
        "../shared/out": "../far",
    }.items():
        (service / link).symlink_to(target)
    copy = tmp_path_factory.mktemp("elsewhere") / "deeper" / "copy"
    (copy.parent / "shared").mkdir(parents=True)
    (copy.parent / "shared" / "another.py").touch()  # where the link would lead from the copy
    copy_service(service, copy)
    here, there = read(select(service, patterns).files), read(select(copy, patterns).files)
    assert there == {name: content for name, content in here.items() if not name.startswith("tests/")}
    assert there["common/out/far.csv" if "one.py" not in patterns else "common/deep/more.py"]
    assert there["data/tested/t.csv"] == b"tests/data/t.csv"
    assert (copy / "inner").readlink() == Path("data")


@pytest.mark.slow
def test_sls_ships_what_a_link_leads_to_in_both_ways_of_deploying(sample_project: Path, tmp_path: Path) -> None:
    """`npx sls package` in the service's folder, and in the private copy from which `npm start` deploys."""
    project = tmp_path / "monorepo" / "service"
    copy_service(sample_project, project)
    (project.parent / "shared").mkdir()
    (project.parent / "shared" / "common.py").write_text("SHARED = True\n")
    (project / "common").symlink_to("../shared")
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    configuration = project / "serverless.yml"
    change = replaced("    - handler.py\n", "    - handler.py\n    - common/**\n    - run.sh\n")
    configuration.write_text(change(configuration.read_text()))
    tool = DeployTool(tmp_path / "engine" / "service", {}, project)
    found = []
    for folder, output in ((project, run_sls(tool.program, project)), (tool.folder, tool.run("package"))):
        assert output.exit_code == 0, output.text
        (package,) = (folder / ".serverless").glob("*.zip")
        with zipfile.ZipFile(package) as archive:
            assert archive.read("common/common.py") == b"SHARED = True\n"
            assert stat.S_IMODE(archive.getinfo("run.sh").external_attr >> 16) == 0o755
        found.append(package.read_bytes())
    assert found[0] == found[1]


def run_sls(program: Path, folder: Path) -> Output:
    done = subprocess.run([program, "package"], cwd=folder, capture_output=True, text=True, check=False)
    return Output(done.returncode, done.stdout + done.stderr)
