"""The zip that is deployed: what it contains, what it leaves out, and that Lambda's Python can use it."""

from __future__ import annotations

import _imp
import importlib.metadata
import importlib.util
import json
import marshal
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pilotlight_build import bytecode
from pilotlight_build.build import Built, Service, Settings, build
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.own_files import own_files
from pilotlight_build.package import main
from pilotlight_build.requirements import read
from pilotlight_build.runtime_modules import RUNTIME_DISTRIBUTIONS, RUNTIME_MODULES
from tests.support.package import Packaging
from tests.support.project import PROJECT

PACKAGING = Packaging.of(PROJECT)
PATTERNS, HANDLERS, DEPLOYED = PACKAGING.patterns, PACKAGING.handlers, PACKAGING.platform
OWN = {pattern.split("/")[0] for pattern in PATTERNS if not pattern.startswith("!")}
"""The top-level names in package.patterns."""
EVERYWHERE = {"handler.py", "warmer.py", "pilotlight", "aws_xray_sdk", "wrapt"}
"""What every package contains, whatever else its service needs."""
HAS_PYTHON = bytecode.find_python(DEPLOYED.python)
needs_deployed_python = pytest.mark.skipif(
    HAS_PYTHON is None, reason=f"no Python {DEPLOYED.python} on this machine: bytecode for Lambda is NOT tested"
)


@pytest.fixture(scope="module")
def project(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's sources, which does not change while the tests run."""
    return copied(sample_project, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("package")
    return build(Service(project, PATTERNS, HANDLERS), DEPLOYED, folder / "package.zip", folder / "cache")


@pytest.fixture(scope="module")
def files(built: Built) -> dict[str, bytes]:
    with zipfile.ZipFile(built.artifact) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_holds_the_code_it_needs_and_nothing_else(files: dict[str, bytes]) -> None:
    """Top-level names are the project's own modules and the dependencies that Lambda does not bring."""
    top = {name.split("/")[0] for name in files}
    requested = shipped_distributions()
    provided = {
        name
        for name, distributions in importlib.metadata.packages_distributions().items()
        if requested & {canonical(each) for each in distributions}
    }
    modules = {name for name in top if not name.endswith(".dist-info")}
    assert {name for name in modules if name.partition(".")[0] not in provided} - OWN == {"__pycache__"}
    assert top >= EVERYWHERE | OWN
    found = {canonical(re.sub(r"-[^-]+\.dist-info$", "", name)) for name in top - modules}
    assert found == requested >= {"aws-xray-sdk", "wrapt"}


def test_leaves_out_what_is_for_tests(files: dict[str, bytes]) -> None:
    """pilotlight.testing is only for the tests of a service."""
    assert (PROJECT / "pilotlight" / "testing.py").exists()
    assert not [name for name in files if re.search(r"(^|/)testing\.", name) and name.startswith("pilotlight/")]


@pytest.mark.slow
def test_leaves_the_sdk_of_the_runtime_out(files: dict[str, bytes]) -> None:
    """The package leaves out boto3 and its dependencies, and nothing else of requirements.txt."""
    everything = (PROJECT / "requirements.txt").read_text()
    requested = {match.lower() for match in re.findall(r"^([\w.-]+)==", everything, re.MULTILINE)}
    shipped = shipped_distributions()
    closure, todo = set(), ["boto3"]
    while todo:
        name = todo.pop()
        closure.add(name)
        needs = importlib.metadata.requires(name) or []
        todo += [match[0] for need in needs if "extra ==" not in need and (match := re.match(r"[\w.-]+", need))]
    assert requested - shipped == closure
    assert closure <= RUNTIME_DISTRIBUTIONS
    assert not [
        name for name in files if re.match(r"(boto3|botocore|s3transfer|jmespath|dateutil|urllib3|six\.py)", name)
    ]


@pytest.mark.slow
def test_is_small(built: Built, files: dict[str, bytes]) -> None:
    """No tests, stubs or installer's records; at most half a megabyte without the service's own, and licences."""
    with zipfile.ZipFile(built.artifact) as archive:
        of_the_service = {entry for entry in archive.infolist() if module_of(entry.filename) not in EVERYWHERE}
        of_the_service |= {entry for entry in archive.infolist() if re.search(r"/(LICENSE|NOTICE)$", entry.filename)}
    # Modules and dependencies of the service's own may be as large as they are.
    assert built.bytes - sum(map(weight, of_the_service)) <= 500_000
    assert not [name for name in files if re.search(r"(^|/)tests?/|\.pyi$|py\.typed$|RECORD$|INSTALLER$", name)]


@pytest.mark.slow
def test_compiled_parts_are_for_the_deployed_platform(files: dict[str, bytes]) -> None:
    """ELF e_machine 0xB7 is AArch64; the file's name says which Python it was built for."""
    compiled = {name: content for name, content in files.items() if name.endswith(".so")}
    assert compiled
    for name, content in compiled.items():
        assert content[:4] == b"\x7fELF"
        assert struct.unpack_from("<H", content, 18)[0] == 0xB7
        assert f"cpython-{DEPLOYED.python[0]}{DEPLOYED.python[1]}-" in name or ".abi3." in name


@pytest.mark.slow
@needs_deployed_python
def test_bytecode_is_never_checked_against_the_source(files: dict[str, bytes]) -> None:
    """PEP 552: flags 0b01 is a hash-based .pyc that is not checked; 0 would be a timestamp, never valid there."""
    compiled = {name: content for name, content in files.items() if name.endswith(".pyc")}
    sources = {name for name in files if name.endswith(".py")}
    assert len(compiled) == len(sources)
    for name, content in compiled.items():
        source = re.sub(r"__pycache__/(.*)\.cpython-\d+\.pyc$", r"\1.py", name)
        assert f".cpython-{DEPLOYED.python[0]}{DEPLOYED.python[1]}.pyc" in name
        assert source in sources
        assert struct.unpack_from("<I", content, 4)[0] == 0b01


@pytest.mark.slow
@needs_deployed_python
def test_bytecode_belongs_to_the_source_beside_it(files: dict[str, bytes]) -> None:
    """Nothing checks it on Lambda, so it is checked here: the hash in each .pyc is that of the source in the zip."""
    for name, content in files.items():
        if name.endswith(".pyc"):
            source = files[re.sub(r"__pycache__/(.*)\.cpython-\d+\.pyc$", r"\1.py", name)]
            key = int.from_bytes(content[:4], "little")  # the magic number of the Python that compiled it
            assert content[8:16] == _imp.source_hash(key, source), name


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(project: Path, built: Built, tmp_path: Path) -> None:
    """From another folder, with files of another time, without any cache: the same SHA-256."""
    elsewhere = copied(project, tmp_path / "elsewhere")
    again = build(Service(elsewhere, PATTERNS, HANDLERS), DEPLOYED, tmp_path / "again.zip", tmp_path / "cache")
    assert not again.cached
    assert (again.sha256, again.build) == (built.sha256, built.build)


@pytest.mark.slow
def test_built_once_until_something_changes(tmp_path: Path) -> None:
    """A second build reuses the first; a changed line of code causes a new one with the cached dependencies."""
    project = small_project(tmp_path)
    first = build(Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "cache")
    second = build(Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "cache")
    assert (first.cached, second.cached, second.sha256) == (False, True, first.sha256)
    (project / "handler.py").write_text("def handler(event, context): return 2\n")
    third = build(Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "cache")
    assert not third.cached
    assert third.sha256 != first.sha256


@pytest.mark.slow
@needs_deployed_python
def test_lambdas_python_imports_it(built: Built, tmp_path: Path) -> None:
    """`import handler, warmer` with only the unpacked zip and boto3's family on the path; it knows its build."""
    assert HAS_PYTHON is not None
    with zipfile.ZipFile(built.artifact) as archive:
        archive.extractall(tmp_path / "task")
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            source, link = (origin.parent, name) if origin.name == "__init__.py" else (origin, origin.name)
            (tmp_path / "runtime").mkdir(exist_ok=True)
            (tmp_path / "runtime" / link).symlink_to(source)
    script = (
        "import sys; sys.dont_write_bytecode = True\n"
        f"sys.path[:0] = [{str(tmp_path / 'task')!r}, {str(tmp_path / 'runtime')!r}]\n"
        "import handler, warmer\n"
        "import aws_xray_sdk.core\n"
        "aws_xray_sdk.core.patch(['boto3'])\n"
        "from pilotlight.ping import read_build\n"
        "print(handler.__cached__, callable(handler.handler), callable(warmer.handler), read_build())\n"
    )
    done = subprocess.run(
        [HAS_PYTHON.path, "-I", "-S", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"LAMBDA_TASK_ROOT": str(tmp_path / "task"), "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["True", "True", built.build]


def test_the_package_names_its_build_by_all_its_other_files(tmp_path: Path) -> None:
    """The same files give the same build, another file gives another; a build that lay there does not count."""
    project = small_project(tmp_path)
    (project / "pilotlight").mkdir()
    (project / "pilotlight" / "__init__.py").write_text("")

    def build_of(zip_name: str) -> str:
        service = Service(project, ["handler.py", "pilotlight/**"], ["handler.handler"])
        built = build(service, DEPLOYED, tmp_path / zip_name, tmp_path / "cache")
        with zipfile.ZipFile(built.artifact) as archive:
            assert archive.read("pilotlight/build.txt").decode() == f"{built.build}\n"
            assert built.files == len(archive.namelist())
        assert re.fullmatch(r"[0-9a-f]{16}", built.build)
        return built.build

    first = build_of("a.zip")
    (project / "pilotlight" / "build.txt").write_text("0123456789abcdef\n")
    assert build_of("b.zip") == first
    (project / "pilotlight" / "data.txt").write_text("1")
    second = build_of("c.zip")
    (project / "pilotlight" / "data.txt").write_text("2")
    third = build_of("d.zip")
    (project / "pilotlight" / "data.txt").rename(project / "pilotlight" / "dates.txt")
    assert len({first, second, third, build_of("e.zip")}) == 4


def test_the_command_tells_the_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sls deploy` shows it: it is what a tick's causes name."""
    options = ["--root", str(small_project(tmp_path)), "--pattern", "handler.py", "--handler", "handler.handler"]
    for form in ([], ["--json"]):
        assert main([*options, "--for-this-machine", *form, "--output", str(tmp_path / "a.zip")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert f"build {json.loads(second)['build']}, sha256" in first


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import mymodule\n", "add 'mymodule.py' to package.patterns"),
        ("from myfolder.deep import thing\n", r"add 'myfolder/\*\*' to package.patterns"),
        ("import requests\n", r"handler.py, line 1 imports requests.*add its package to them and lock them again"),
        ("import pilot.gone\n", "there is no pilot/gone.py"),
        ("def handler(:\n", "handler.py, line 1"),
    ],
)
def test_an_import_without_a_module_stops_the_packaging(tmp_path: Path, source: str, message: str) -> None:
    project = small_project(tmp_path, source)
    for name in ("mymodule.py", "myfolder/deep.py", "pilot/here.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("")
    with pytest.raises(PackagingError, match=message):
        build(
            Service(project, ["handler.py", "pilot/**"], ["handler.handler"]),
            DEPLOYED,
            tmp_path / "a.zip",
            tmp_path / "c",
        )


def test_an_import_that_may_fail_does_not_stop_it(tmp_path: Path) -> None:
    """Guarded imports, types only, and what the runtime brings."""
    project = small_project(
        tmp_path,
        "import boto3\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import nowhere\n"
        "try:\n    import elsewhere\nexcept ImportError:\n    elsewhere = None\nimport helper\n",
    )
    (project / "helper.py").write_text("")
    built = build(Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "c")
    assert [notice for notice in built.notices if "imports" in notice] == []


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["handler.py", "no.py"], "'no.py' matches no file"),
        (["**"], "whole folder"),
        (["requirements.txt"], "add 'handler.py'"),
    ],
)
def test_patterns_that_must_be_mistakes_are_refused(tmp_path: Path, patterns: list[str], message: str) -> None:
    with pytest.raises(PackagingError, match=message):
        build(
            Service(small_project(tmp_path), patterns, ["handler.handler"]),
            DEPLOYED,
            tmp_path / "a.zip",
            tmp_path / "c",
        )


@needs_deployed_python
def test_a_source_that_does_not_compile_is_a_notice_where_nothing_loads_it(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    for name in "abcd":
        (project / f"{name}.py").write_text("print 'of Python 2'\n")
    built = build(Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "c")
    told = "The deployed Python cannot compile a.py, b.py, c.py and 1 more: importing it would fail."
    assert built.notices == [told]


@pytest.mark.slow
def test_a_pattern_that_removes_what_is_imported_is_named(tmp_path: Path) -> None:
    """What a pattern removes from a dependency is not shipped, so it cannot be imported."""
    project = small_project(tmp_path, "from shopkit.web import App\n")
    (project / "shopkit" / "shopkit").mkdir(parents=True)
    (project / "shopkit" / "shopkit" / "web.py").write_text("class App: ...\n")
    (project / "shopkit" / "shopkit" / "__init__.py").touch()
    (project / "shopkit" / "pyproject.toml").write_text('[project]\nname = "shopkit"\nversion = "1"\n')
    (project / "requirements.txt").write_text("./shopkit\n")
    arguments = (DEPLOYED, tmp_path / "a.zip", tmp_path / "c")
    build(Service(project, ["handler.py"], ["handler.handler"]), *arguments)
    with pytest.raises(
        PackagingError, match=r"imports shopkit\.web, which '!shopkit/w\*' of package\.patterns leaves out"
    ):
        build(Service(project, ["handler.py", "!shopkit/w*"], ["handler.handler"]), *arguments)
    build(Service(project, ["handler.py", "!shopkit/w*", "shopkit/web.py"], ["handler.handler"]), *arguments)
    build(
        Service(project, ["handler.py", "!shopkit/w*"], ["handler.handler"]),
        *arguments,
        Settings(elsewhere=Elsewhere(provided=("shopkit",))),
    )


def test_a_layer_of_the_service_is_read_and_a_change_of_it_checks_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path, "import pandas\n")
    module = project / "layer" / "python" / "pandas.py"
    module.parent.mkdir(parents=True)
    options = ["--root", str(project), "--pattern", "handler.py", "--handler", "handler.handler", "--for-this-machine"]
    options += ["--output", str(tmp_path / "a.zip")]
    for more, exit_code in (([], 1), (["--layer", "layer"], 1), (["--provided", "pandas"], 0)):
        assert main([*options, *more]) == exit_code
    module.touch()
    assert main([*options, "--layer", "layer"]) == 0
    module.unlink()
    assert main([*options, "--layer", "layer"]) == 1
    capsys.readouterr()
    assert main([*options, "--has-layers", "handler.handler", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notices"][0].startswith("Unless a layer has it: handler.py, line 1")
    assert main([*options, "--python-path", "/mnt/efs"]) == 0


def test_a_mode_alone_makes_another_build(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    arguments = (Service(project, ["handler.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "c")
    first = build(*arguments)
    (project / "handler.py").chmod(0o755)
    second = build(*arguments)
    assert not second.cached
    assert first.build != second.build


def test_later_patterns_win(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    for name in ("a/one.py", "a/two.py", "a/b/three.py", "a/__pycache__/one.pyc"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("")
    assert list(own_files(project, ["handler.py", "!**", "a/**", "!a/two.py"])) == ["a/b/three.py", "a/one.py"]


@pytest.mark.slow
def test_a_pattern_removes_from_the_dependencies_too(files: dict[str, bytes]) -> None:
    """The SDK's web server integrations are removed; what pings patch stays."""
    integrations = {name.split("/")[2] for name in files if name.startswith("aws_xray_sdk/ext/")}
    assert not integrations & {"aiohttp", "bottle", "django", "flask", "flask_sqlalchemy"}
    assert integrations >= {"botocore", "requests", "httplib"}


def test_markers_are_evaluated_for_lambda_not_for_this_machine(tmp_path: Path) -> None:
    """pip evaluates markers for the Python that runs it; a lock for several Pythons needs the deployed one."""
    requirements = tmp_path / "requirements.txt"
    lines = [
        "old==1 ; python_full_version < '3.13'",
        "new==2 ; python_full_version >= '3.13'",
        "windows==3 ; sys_platform == 'win32'",
        "arm==4 ; platform_machine == 'aarch64'",
        "urllib3==5",
    ]
    requirements.write_text("".join(f"{line} \\\n    --hash=sha256:{'0' * 64}\n    # via x\n" for line in lines))
    assert re.findall(r"^(\w+)==", read(requirements, DEPLOYED).text, re.MULTILINE) == ["arm", "new"]


@pytest.mark.slow
def test_a_dependency_without_hashes_is_an_error_where_they_are_required(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    (project / "requirements.txt").write_text("wrapt==1.17.3\n")
    arguments = (Service(project, ["*.py"], ["handler.handler"]), DEPLOYED, tmp_path / "a.zip", tmp_path / "c")
    with pytest.raises(PackagingError, match="wrapt has no --hash, and hashes are required: `npm run lock`"):
        build(*arguments, Settings(require_hashes=True))


def test_an_interpreter_of_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command named python3.99 runs another Python, as a version manager's shim does; a notice follows."""
    fake = tmp_path / "python3.99"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert bytecode.find_python((3, 99)) is None
    assert "Python 3.99" in bytecode.missing_notice((3, 99))


@pytest.mark.slow
def test_a_traceback_on_lambda_names_the_file_there(files: dict[str, bytes]) -> None:
    """Compiled for /var/task, whatever folder it was compiled in."""
    if HAS_PYTHON is None:
        pytest.skip("no bytecode in the package")
    name = next(name for name in files if name.startswith("__pycache__/handler."))
    if sys.version_info[:2] == DEPLOYED.python:
        assert marshal.loads(files[name][16:]).co_filename == "/var/task/handler.py"  # noqa: S302 (made above)
    assert b"/var/task/handler.py" in files[name]


def weight(entry: zipfile.ZipInfo) -> int:
    """The bytes of an entry: its content, and its headers, each with its name (30 and 46 bytes without)."""
    return entry.compress_size + 30 + 46 + 2 * len(entry.filename)


def canonical(distribution: str) -> str:
    """A distribution's normalised name."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def shipped_distributions() -> set[str]:
    """The distributions in requirements.txt that the runtime does not include."""
    pinned = read(PROJECT / "requirements.txt", DEPLOYED).text
    return {canonical(name) for name in re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE)}


def module_of(name: str) -> str:
    """The top-level module that a file of the zip belongs to, also for metadata and bytecode."""
    top, _, rest = name.partition("/")
    if top == "__pycache__":
        return rest.partition(".")[0] + ".py"
    return re.sub(r"-[^-]+\.dist-info$", "", top)


def copied(source: Path, folder: Path) -> Path:
    for name, path in own_files(source, PATTERNS).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    shutil.copyfile(source / "requirements.txt", folder / "requirements.txt")
    return folder


def small_project(folder: Path, source: str = "") -> Path:
    """A project whose handler stands at the end of `source`."""
    project = folder / "project"
    project.mkdir()
    (project / "handler.py").write_text(f"{source}\ndef handler(event, context): return 1\n")
    (project / "requirements.txt").write_text("")
    return project


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("a/__pycache__/b.cpython-313.pyc", "a/b.py"),
        ("__pycache__/b.cpython-313.pyc", "b.py"),
        ("a/b.py", "a/b.py"),
        ("a/b.pyc", "a/b.pyc"),
    ],
)
def test_bytecode_is_left_out_with_its_source(file: str, source: str) -> None:
    assert bytecode.source_of(file) == source
