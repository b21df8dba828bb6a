"""requirements.txt as people write it: hashes or none, other files, local sources, what has no wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from platform import machine

import pytest

from pilotlight_build import installing
from pilotlight_build.bytecode import PackagingError, find_python
from pilotlight_build.dependencies import shipped
from pilotlight_build.package import build
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import NOT_HASHED, Requirements, read

needs_deployed_python = pytest.mark.skipif(find_python((3, 13)) is None, reason="there is no Python 3.13 here")
ARM, INTEL = Platform((3, 13), "aarch64"), Platform((3, 13), "x86_64")
HASH = f"--hash=sha256:{'0' * 64}"


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
    for name, content in {"requirements": text, **others}.items():
        (service / f"{name}.txt").write_text(content)
    return service / "requirements.txt"


def installed(requirements: Path, platform: Platform = ARM) -> set[str]:
    """The names at the top of what is installed."""
    folder = requirements.parent / "installed"
    installing.install(read(requirements, platform), platform, folder)
    return {path.name for path in folder.iterdir()}


def test_what_is_hashed_throughout_is_not_resolved(service: Path) -> None:
    found = read(written(service, f"b==2 {HASH}\na==1 \\\n    {HASH}\n"), ARM)
    assert (found.are_hashed, found.notices) == (True, ())
    assert found.text == f"a==1 {HASH}\nb==2 {HASH}\n"


@pytest.mark.parametrize("text", ["flask\n", f"a==1 {HASH}\nflask>=3\n", "./libs/prices\n", "-e ./libs/prices\n"])
def test_what_has_no_hash_is_taken_with_a_notice_or_refused_where_hashes_are_required(service: Path, text: str) -> None:
    requirements = written(service, text)
    found = read(requirements, ARM)
    assert (found.are_hashed, found.notices) == (False, (NOT_HASHED,))
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
        ("-r requirements.txt\n", r"names requirements\.txt, which cannot be read"),
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
    assert build(service, ["app.py"], ["prices.handler"], *arguments).files > 1
    with pytest.raises(PackagingError, match=r"prices\.py defines no 'handlr': did you mean 'handler'"):
        build(service, ["app.py"], ["prices.handlr"], *arguments)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["./libs/prices\n", "-e ./libs/prices\n", "prices @ file://{service}/libs/prices\n"])
def test_a_library_of_ones_own_is_built(service: Path, text: str) -> None:
    assert "prices.py" in installed(written(service, text.format(service=service)))


@pytest.mark.slow
def test_a_library_in_git_is_built(service: Path) -> None:
    library = service / "libs" / "prices"
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"]):
        subprocess.run(["git", *command], cwd=library, check=True)
    assert "prices.py" in installed(written(service, f"prices @ git+file://{library}\n"))


@pytest.mark.slow
def test_pure_python_without_a_wheel_is_built(service: Path) -> None:
    assert "docopt.py" in installed(written(service, "docopt==0.6.2\n"))


@pytest.mark.slow
def test_what_cannot_be_built_for_the_platform_is_named_with_the_way_out(service: Path) -> None:
    """psycopg2 has source distributions alone on Linux, and is C."""
    with pytest.raises(PackagingError, match=r"psycopg2[\s\S]*name its module under `provided`"):
        installed(written(service, "psycopg2==2.9.10\n"))


@pytest.mark.slow
@pytest.mark.parametrize("platform", [ARM, INTEL])
def test_pip_and_uv_install_the_same(service: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = read(written(service, "orjson==3.11.4\nitsdangerous==2.2.0\n"), platform)

    def files(folder: Path) -> dict[str, bytes]:
        installing.install(wanted, platform, folder)
        found = (path for path in folder.rglob("*") if path.is_file() and ".dist-info" not in str(path))
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

    by_uv = files(service / "by-uv")
    monkeypatch.setattr(installing, "find_uv", lambda: None)
    assert files(service / "by-pip") == by_uv


def test_nothing_to_install_starts_no_installer(tmp_path: Path) -> None:
    installing.install(Requirements("\n", are_hashed=True), Platform((3, 13), sys.platform), tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("library", "module"), [("docopt", "docopt"), ("lxml", "lxml.etree"), ("orjson", "orjson")])
@needs_deployed_python
def test_what_is_shipped_can_be_imported(service: Path, library: str, module: str) -> None:
    (service / "app.py").write_text(f"import {module}\n\ndef handler(event, context): pass\n")
    written(service, f"{library}\n")
    platform = Platform((3, 13), {"arm64": "aarch64"}.get(machine(), machine()))
    built = build(service, ["app.py"], ["app.handler"], platform, service / "a.zip", service / "cache")
    assert built.notices == [NOT_HASHED]
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(service / "task")
    found = find_python(platform.python)
    assert found is not None
    subprocess.run([found.path, "-S", "-c", "import app"], cwd=service / "task", check=True)


LAZY = {
    "lazy/__init__.py": "import lazy_loader\n\n__getattr__, *_ = lazy_loader.attach_stub(__name__, __file__)\n",
    "lazy/__init__.pyi": "from .lamp import Lamp\n",
    "lazy/bin/tool.py": "",
    "lazy/data/a.csv": "1",
    "plain/__init__.py": "from .test import Case\n",
    "plain/__init__.pyi": "",
    "plain/test/__init__.py": "Case = 1\n",
    "other/tests/test_it.py": "from other.tests import it\n",
    "other/__init__.py": "",
    "bin/command": "",
}


def test_what_runs_is_shipped_and_the_rest_is_not(tmp_path: Path) -> None:
    for name, text in LAZY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    left_out = LAZY.keys() - dict(shipped(tmp_path)).keys()
    assert left_out == {"plain/__init__.pyi", "other/tests/test_it.py", "bin/command"}
