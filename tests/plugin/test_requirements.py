"""requirements.txt as people write it: hashes or none, other files, local sources, what has no wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from platform import machine

import pytest

from pilotlight_build import installing
from pilotlight_build.build import Service, build
from pilotlight_build.bytecode import PackagingError, find_python
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import Requirements, of_service, read
from pilotlight_build.shipped import choose, content
from pilotlight_build.uv import find_uv

needs_deployed_python = pytest.mark.skipif(find_python((3, 13)) is None, reason="there is no Python 3.13 here")
ARM, INTEL = Platform((3, 13), "aarch64"), Platform((3, 13), "x86_64")
HASH = f"--hash=sha256:{'0' * 64}"
DOCOPT = "--hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491"
ITSDANGEROUS = "--hash=sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service's folder with a library of its own, which is pure Python."""
    library = tmp_path / "libs" / "prices"
    library.mkdir(parents=True)
    (library / "prices.py").write_text("VAT = 0.19\n")
    (library / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "prices"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["prices"]\n'
    )
    return tmp_path


def written(service: Path, text: str, **others: str) -> Path:
    for name, each in {"requirements": text, **others}.items():
        (service / f"{name}.txt").write_text(each)
    return service / "requirements.txt"


def installed(requirements: Path, platform: Platform = ARM, uv: Sequence[str] | None = None) -> set[str]:
    """The names at the top of what is installed."""
    folder = requirements.parent / "installed"
    shutil.rmtree(folder, ignore_errors=True)
    installing.install(read(requirements, platform), platform, folder, uv)
    return {path.name for path in folder.iterdir()}


def test_what_is_hashed_throughout_is_not_resolved(service: Path) -> None:
    found = read(written(service, f"b==2 {HASH}\na==1 \\\n    {HASH}\n"), ARM)
    assert (found.are_hashed, found.notices) == (True, ())
    assert found.text == f"a==1 {HASH}\nb==2 {HASH}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("flask\n", ["flask"]),
        (f"a==1 {HASH}\nflask>=3\nrequests\n", ["flask and 1 more"]),
        ("./libs/prices\n", []),
        ("-e ./libs/prices\n", []),
    ],
)
def test_what_has_no_hash_is_taken_with_one_notice_or_refused_where_hashes_are_required(
    service: Path, text: str, told: list[str]
) -> None:
    """A folder of this machine is what it is: no index can give something else."""
    requirements = written(service, text)
    found = read(requirements, ARM)
    assert not found.are_hashed
    assert [re.findall(r"\((.+?)\)", notice) for notice in found.notices] == [[name] for name in told]
    with pytest.raises(PackagingError, match="has no --hash, and hashes are required"):
        read(written(service, f"--require-hashes\n{text}"), ARM)
    with pytest.raises(PackagingError, match="has no --hash, and hashes are required"):
        read(requirements, ARM, require_hashes=True)


@pytest.mark.parametrize("path", ["./libs/prices", "../libs/prices"])
def test_other_files_are_followed_and_paths_are_the_services_or_the_files(service: Path, path: str) -> None:
    (service / "more").mkdir()
    (service / "more" / "base.txt").write_text(f"{path}[extra]\n# nothing\nrequests ; sys_platform == 'win32'\n")
    text = "-r more/base.txt\n-c limits.txt\nflask[async]>=3 ; python_version >= '3.12'\nboto3\n--find-links wheels\n"
    found = read(written(service, text, limits="flask<4\n"), ARM)
    library = service / "libs" / "prices"
    assert found.text.splitlines() == [f"--find-links {service / 'wheels'}", f"{library}[extra]", "flask[async]>=3"]
    assert found.constraints == "flask<4"
    assert len(found.digests) == 1


def test_a_changed_local_source_is_another_state(service: Path) -> None:
    requirements = written(service, "./libs/prices\n")
    before = read(requirements, ARM)
    (service / "libs" / "prices" / "prices.py").write_text("VAT = 0.25  # since today\n")
    assert read(requirements, ARM).key != before.key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-r nowhere.txt\n", r"requirements\.txt names nowhere\.txt, which cannot be read"),
        ("-r requirements.txt\n", r"names requirements\.txt, which names it again"),
        ("./nowhere\n", r"there is no \./nowhere"),
    ],
)
def test_what_is_not_there_is_named(service: Path, text: str, message: str) -> None:
    with pytest.raises(PackagingError, match=message):
        read(written(service, text), ARM)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match=r"requirements\.txt is missing"):
        read(tmp_path / "requirements.txt", ARM)


@pytest.mark.slow
def test_what_is_resolved_is_for_the_platform_and_without_what_the_runtime_has(service: Path) -> None:
    names = installed(written(service, "aws-xray-sdk==2.15.*\norjson\n"), ARM)
    assert {"aws_xray_sdk", "wrapt", "orjson"} <= names
    assert not {"botocore", "urllib3", "six.py", "jmespath", "dateutil"} & names
    assert not [name for name in names if name.startswith(("botocore-", "urllib3-"))]
    [library] = (service / "installed" / "orjson").glob("*.so")
    assert "cpython-313-aarch64" in library.name


@pytest.mark.slow
def test_boto3_is_shipped_where_that_is_asked_for(service: Path) -> None:
    wanted = read(written(service, "jmespath==1.0.1\n"), ARM, ships_boto3=True)
    installing.install(wanted, ARM, service / "shipped")
    assert (service / "shipped" / "jmespath").is_dir()
    assert read(service / "requirements.txt", ARM).text.strip() == ""


@pytest.mark.slow
def test_a_handler_may_be_of_an_installed_package(service: Path) -> None:
    (service / "libs" / "prices" / "prices.py").write_text("def handler(event, context): pass\n")
    (service / "app.py").write_text("")
    written(service, "./libs/prices\n")
    arguments = (ARM, service / "a.zip", service / "cache")
    assert build(Service(service, ["app.py"], ["prices.handler"]), *arguments).files > 1
    with pytest.raises(PackagingError, match=r"prices\.py defines no 'handlr': did you mean 'handler'"):
        build(Service(service, ["app.py"], ["prices.handlr"]), *arguments)


INSTALLERS = pytest.mark.parametrize("uv", [find_uv(), ()], ids=["uv", "pip"])
"""uv, and pip where there is no uv."""


@pytest.mark.slow
@INSTALLERS
@pytest.mark.parametrize(
    "text", ["./libs/prices\n", "-e ./libs/prices[fast]\n", "prices @ file://{service}/libs/prices\n"]
)
def test_a_library_of_ones_own_is_built(service: Path, text: str, uv: Sequence[str]) -> None:
    assert "prices.py" in installed(written(service, text.format(service=service)), uv=uv)


@pytest.mark.slow
@INSTALLERS
def test_a_library_of_ones_own_is_built_again_when_it_changes(service: Path, uv: Sequence[str]) -> None:
    """uv alone would take what it built before, since pyproject.toml is the same."""
    requirements = written(service, "./libs/prices\n")
    for source in ("VAT = 0.19\n", "VAT = 0.25\n"):
        (service / "libs" / "prices" / "prices.py").write_text(source)
        installed(requirements, uv=uv)
        assert (service / "installed" / "prices.py").read_text() == source


@pytest.mark.slow
@INSTALLERS
def test_a_library_in_git_is_built(service: Path, uv: Sequence[str]) -> None:
    library = service / "libs" / "prices"
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"]):
        subprocess.run(["git", *command], cwd=library, check=True)
    assert "prices.py" in installed(written(service, f"prices @ git+file://{library}\n"), uv=uv)


@pytest.mark.slow
@INSTALLERS
@pytest.mark.parametrize("text", ["docopt\n", f"docopt==0.6.2 {DOCOPT}\nitsdangerous==2.2.0 {ITSDANGEROUS}\n"])
def test_pure_python_without_a_wheel_is_built(service: Path, text: str, uv: Sequence[str]) -> None:
    assert "docopt.py" in installed(written(service, text), uv=uv)


@pytest.mark.slow
@INSTALLERS
@pytest.mark.parametrize("platform", [ARM, INTEL])
def test_what_is_built_for_this_machine_only_is_named_with_the_way_out(
    service: Path, platform: Platform, uv: Sequence[str]
) -> None:
    """Also for this machine's own processor: what is compiled here needs this machine's libraries."""
    (service / "libs" / "prices" / "setup.py").write_text(
        "from setuptools import setup\nfrom setuptools.dist import Distribution\n"
        "class Compiled(Distribution):\n    def has_ext_modules(self): return True\n"
        "setup(distclass=Compiled)\n"
    )
    with pytest.raises(PackagingError, match=r"prices has no wheel for .*linux_.*this machine only.*`provided`"):
        installed(written(service, "./libs/prices\n"), platform, uv)


@pytest.mark.slow
@INSTALLERS
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("psycopg2==2.9.10\n", "psycopg2.* has no wheel for python3.13-aarch64.*`provided`"),
        ("pywin32\n", "pywin32.* has no wheel for python3.13-aarch64.*`provided`"),
        ("itsdangerous==0.0.0.1\n", "no index has.*: (write a version|check its name)"),
        ("itsdangerous==2.2.0\nitsdangerous==2.1.2\n", "contradict each other"),
        (f"itsdangerous==2.2.0 {HASH}\n", "itsdangerous has another hash"),
    ],
)
def test_what_cannot_be_installed_is_named_with_the_way_out(
    service: Path, text: str, message: str, uv: Sequence[str]
) -> None:
    """psycopg2 has source distributions alone on Linux, and is C."""
    with pytest.raises(PackagingError, match=message) as error:
        installed(written(service, text), uv=uv)
    assert re.search(message, str(error.value).splitlines()[0])


@pytest.mark.slow
@pytest.mark.parametrize("platform", [ARM, INTEL, Platform((3, 11), "x86_64")])
def test_pip_and_uv_ship_the_same(service: Path, platform: Platform) -> None:
    """What is resolved has a dependency for Python before 3.12 alone, whatever Python runs pip."""
    text = "orjson==3.11.4\nflask==3.1.0\ndocopt==0.6.2\n./libs/prices\nimportlib-resources==6.5.2\nanyio==4.9.0\n"
    wanted = read(written(service, text), platform)

    def files(folder: Path, uv: Sequence[str]) -> dict[str, bytes]:
        installing.install(wanted, platform, folder, uv)
        return {name: content(folder, name) for name in choose(folder).names}

    by_uv = files(service / "by-uv", find_uv() or pytest.skip("there is no uv"))
    assert files(service / "by-pip", ()) == by_uv
    assert {"prices.py", "docopt.py"} <= by_uv.keys()
    assert ("typing_extensions.py" in by_uv) == (platform.python < (3, 13))


@pytest.mark.slow
def test_without_requirements_a_lock_of_uv_has_them(service: Path) -> None:
    """With the libraries of the workspace, without groups of development and what is for other systems."""
    (service / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["prices", "itsdangerous==2.2.0", "colorama ; sys_platform == \'win32\'"]\n'
        '[dependency-groups]\ndev = ["iniconfig"]\n[tool.uv.sources]\nprices = { path = "libs/prices" }\n'
    )
    subprocess.run([*(find_uv() or pytest.skip("there is no uv")), "lock", "-q"], cwd=service, check=True)
    found = of_service(service, ARM)
    assert [line.name for line in found.lines] == ["./libs/prices", "itsdangerous"]
    assert (found.lines[1].wanted, len(found.lines[1].hashes), found.notices) == ("itsdangerous==2.2.0", 2, ())
    installing.install(found, ARM, service / "installed")
    assert {"prices.py", "itsdangerous"} <= {path.name for path in (service / "installed").iterdir()}
    written(service, "docopt\n")
    assert [line.name for line in of_service(service, ARM).lines] == ["docopt"]


def test_nothing_to_install_starts_no_installer(tmp_path: Path) -> None:
    installing.install(Requirements(), Platform((3, 13), sys.platform), tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("library", "module"), [("docopt", "docopt"), ("lxml", "lxml.etree"), ("orjson", "orjson")])
@needs_deployed_python
def test_what_is_shipped_can_be_imported(service: Path, library: str, module: str) -> None:
    (service / "app.py").write_text(f"import {module}\n\ndef handler(event, context): pass\n")
    written(service, f"{library}\n")
    platform = Platform((3, 13), {"arm64": "aarch64"}.get(machine(), machine()))
    built = build(Service(service, ["app.py"], ["app.handler"]), platform, service / "a.zip", service / "cache")
    assert any("pin no hashes" in notice for notice in built.notices)
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(service / "task")
    found = find_python(platform.python)
    assert found is not None
    subprocess.run([found.path, "-S", "-c", "import app"], cwd=service / "task", check=True)
