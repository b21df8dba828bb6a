"""Imports point one way: the rules of CONTRIBUTING.md, "Import rules", read from the import statements.

Imports for type checkers only do not count; imports inside functions do. A name that `pilotlight` loads on demand is
followed to the module that owns it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from pilotlight_build.source_facts import Import, imports_of, lazy_imports
from tests.support.project import PROJECT

ROOMS = (
    "pilotlight",
    "pilotlight_build",
    "pilotlight_tools",
    "pilotlight_tools.cost",
    "pilotlight_tools.latency",
    "pilotlight_tools.cost.last",
    "pilotlight_tools.cost.__main__",
    "pilotlight_tools.policies",
    "pilotlight_tools.dashboard_preview",
    "pilotlight_tools.local",
    "pilotlight_tools.__main__",
    "bench",
    "tests",
)
"""A room imports itself and those before it; the tests below restrict this further."""
LEAN_CLIENT = {"pilotlight.runtime"}
CLIENT_OF_LAMBDA = {"awslambdaric"}
"""What the lean client stands in for, and leaves to it what it does not do itself."""
DEPLOYED_LIBRARIES = {"aws_xray_sdk", "boto3", "botocore", "wrapt"}
NOT_THE_REQUEST_HALF = {"pilotlight.warming", "pilotlight.warmer", "pilotlight.testing"}


def test_style_and_types_are_checked_in_the_same_files() -> None:
    """Two lists in pyproject.toml say which files are Pilotlight's own; each tool knows patterns of its own kind."""
    mypy = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]
    [users] = mypy["exclude"]
    typed = {
        file
        for root in (PROJECT / name for name in mypy["files"])
        for file in ([root] if root.is_file() else root.rglob("*.py"))
        if not re.search(users, file.relative_to(PROJECT).as_posix())
    }
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    shown = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines()
    assert {Path(line) for line in shown if line.endswith(".py")} == typed


def test_each_room_imports_only_those_before_it() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in edges()
        if ROOMS.index(room(imported)) > ROOMS.index(room(importer))
    ]
    assert wrong == []


def test_the_modules_of_a_request_or_ping_import_nothing_of_the_tick() -> None:
    half = {name for name in modules() if room(name) == "pilotlight" and not within(name, NOT_THE_REQUEST_HALF)}
    assert {"pilotlight.entry", "pilotlight.ping"} <= half
    assert [(importer, found) for importer, found in edges() if importer in half and found not in half] == []


def test_what_is_deployed_imports_only_what_is_deployed() -> None:
    allowed = DEPLOYED_LIBRARIES | sys.stdlib_module_names | {"pilotlight"}
    wrong = {
        (name, found.module)
        for name in modules()
        if room(name) == "pilotlight"
        for found in statements(name)
        if found.module.split(".")[0] not in (allowed | CLIENT_OF_LAMBDA if within(name, LEAN_CLIENT) else allowed)
    }
    assert wrong == set()


def test_the_package_builder_needs_the_standard_library_only() -> None:
    """What it imports of `pilotlight`, to check targets, needs no more. pip's copy of `packaging` reads markers."""
    needed = {name for name in modules() if room(name) == "pilotlight_build"}
    while more := {imported for name in needed for imported in imported_by(name)} - needed:
        needed |= more
    assert {"pilotlight_build.imports", "pilotlight.warming.targets"} <= needed
    allowed = sys.stdlib_module_names | {"pilotlight", "pilotlight_build", "pip"}
    assert {found.module.split(".")[0] for name in needed for found in statements(name)} <= allowed


def test_the_packages_of_both_halves_import_nothing() -> None:
    """Importing one module loads only that one; the public names of `pilotlight` are loaded on demand."""
    for name in ("pilotlight", "pilotlight.warming"):
        assert list(statements(name)) == []


def test_nothing_outside_the_benchs_own_tests_imports_the_bench() -> None:
    users = {importer for importer, imported in edges() if room(imported) == "bench" and room(importer) != "bench"}
    assert [name for name in users if not name.startswith("tests.bench.")] == []


def test_nothing_imports_in_a_circle() -> None:
    TopologicalSorter({name: imported_by(name) - {name} for name in modules()}).prepare()


@pytest.mark.parametrize(
    ("source", "modules_imported"),
    [
        ("import a.b, c", ["a.b", "c"]),
        ("def f():\n    from a import b", ["a"]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
    ],
)
def test_the_reader_sees_what_is_imported(source: str, modules_imported: list[str]) -> None:
    """Otherwise the rules above could pass because an import was not seen."""
    assert [found.module for found in imports_of(source.encode(), "x.py")] == modules_imported


def room(module: str) -> str:
    """The innermost of ROOMS that contains a module."""
    return max((name for name in ROOMS if within(module, {name})), key=len)


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def edges() -> Iterator[tuple[str, str]]:
    return ((importer, imported) for importer in modules() for imported in imported_by(importer))


@cache
def imported_by(module: str) -> set[str]:
    """The modules of this project that a module's import statements name."""
    files = {file(name): modules()[name] for name in modules()}
    found = [each for first in statements(module) for each in (first, *lazy_imports(first, files))]
    return {name for each in found for name in _named(each)} & modules().keys()


def _named(found: Import) -> set[str]:
    """The modules that an import names: submodules among its names, and the package unless all names are such."""
    submodules = {f"{found.module}.{name}" for name in found.names} & modules().keys()
    return submodules if found.names and len(submodules) == len(found.names) else {*submodules, found.module}


@cache
def statements(module: str) -> Sequence[Import]:
    return tuple(imports_of(modules()[module], file(module)))


def file(module: str) -> str:
    """The path of a module, as `imports_of` knows it in a zip of all modules."""
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if module in packages() else f"{path}.py"


@cache
def packages() -> set[str]:
    return {name for name, path in _paths() if path.endswith("__init__.py")}


@cache
def modules() -> dict[str, bytes]:
    """The source of each module of ROOMS, by its name."""
    return {name: (PROJECT / path).read_bytes() for name, path in _paths()}


def _paths() -> Iterator[tuple[str, str]]:
    for folder in ("pilotlight", "plugin/python/pilotlight_build", "pilotlight_tools", "bench", "tests"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            if "peers" not in path.parts:
                relative = path.relative_to(PROJECT).as_posix()
                name = relative.removeprefix("plugin/python/").removesuffix(".py").removesuffix("/__init__")
                yield name.replace("/", "."), relative
