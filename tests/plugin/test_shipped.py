"""What is shipped of the dependencies, what is left out and why, and the bill of materials beside the zip."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pilotlight_build.build import Built, Service, Settings, build
from pilotlight_build.platforms import Platform
from pilotlight_build.shipped import choose, notices

ARM = Platform((3, 13), "aarch64")
INSTALLED = {
    "lazy/__init__.py": "import lazy_loader\n\n__getattr__, *_ = lazy_loader.attach_stub(__name__, __file__)\n",
    "lazy/__init__.pyi": "from .lamp import Lamp\n",
    "lazy/bin/tool.py": "",
    "lazy/data/a.csv": "1",
    "lazy/py.typed": "",
    "plain/__init__.py": "from .test import Case\nimport cffi\ncffi.FFI().cdef(open('api.h').read())\n",
    "plain/__init__.pyi": "",
    "plain/api.h": "",
    "plain/other.h": "",
    "plain/test/__init__.py": "Case = 1\n",
    "plain/test/test_it.py": "from plain.inner.tests.helpers import help\n",
    "plain/inner/tests/helpers.py": "help = 1\n",
    "plain/inner/tests/test_inner.py": "",
    "other/__init__.py": "attributes.c = attributes.h\n",
    "other/fast.c": "",
    "other/tests/test_it.py": "from other.tests import it\n",
    "other/tests/data/a.csv": "",
    "named/__init__.py": "import importlib\nimportlib.import_module('named.tests')\n",
    "named/tests/test_it.py": "",
    "beside/load.py": "from os.path import join\njoin('tests', 'data.csv')\n",
    "beside/tests/test_it.py": "",
    "framework/test/client.py": "",
    "bytecode/only.pyc": "",
    "bytecode/both.py": "",
    "bytecode/both.pyc": "",
    "bytecode/__pycache__/both.cpython-311.pyc": "",
    "bin/command": "#!/home/me/.venv/bin/python3\n",
    "bin/native": "ELF",
    "lazy-1.dist-info/METADATA": "Name: lazy\n",
    "lazy-1.dist-info/RECORD": "",
    "lazy-1.dist-info/LICENSE.txt": "",
    "lazy-1.dist-info/licenses/src/COPYING": "",
    "lazy-1.dist-info/entry_points.txt": "",
}
LEFT_OUT = {
    "lazy/**py.typed": ["lazy/py.typed"],
    "plain/**.pyi": ["plain/__init__.pyi"],
    "plain/**.h": ["plain/other.h"],
    "other/**.c": ["other/fast.c"],
    "other/tests/**": ["other/tests/test_it.py", "other/tests/data/a.csv"],
    "bin/*": ["bin/command"],
    "*.dist-info/RECORD": ["lazy-1.dist-info/RECORD"],
}
REPLACED = {"bytecode/both.pyc", "bytecode/__pycache__/both.cpython-311.pyc"}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return written(tmp_path, INSTALLED)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service with a library that has a licence and a type stub."""
    return written(
        tmp_path,
        {
            "app.py": "def handler(event, context): return 1\n",
            "requirements.txt": "./libs/prices\n",
            "libs/prices/prices/__init__.py": "VAT = 0.19\n",
            "libs/prices/prices/__init__.pyi": "VAT: float\n",
            "libs/prices/prices/bin/rate": "#!/bin/sh\necho 0.19\n",
            "libs/prices/LICENSE": "Do what you like.\n",
            "libs/prices/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
            'build-backend = "setuptools.build_meta"\n[project]\nname = "Our.Prices"\nversion = "1.0"\n'
            'classifiers = ["License :: OSI Approved :: MIT License"]\n'
            '[tool.setuptools]\npackages = ["prices"]\n[tool.setuptools.package-data]\nprices = ["*.pyi", "bin/*"]\n',
        },
    )


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def package(service: Path, name: str = "a", settings: Settings | None = None) -> Built:
    (service / "libs" / "prices" / "prices" / "bin" / "rate").chmod(0o755)
    arguments = (ARM, service / name / "a.zip", service / name / "cache")
    return build(Service(service, ["app.py"], ["app.handler"]), *arguments, settings or Settings())


def test_what_runs_is_shipped_and_the_rest_is_listed_with_its_reason(installed: Path) -> None:
    choice = choose(installed)
    left_out = {name for names in LEFT_OUT.values() for name in names}
    assert INSTALLED.keys() - set(choice.names) == left_out | REPLACED
    assert {each.pattern: each.files for each in choice.left_out} == {key: len(each) for key, each in LEFT_OUT.items()}
    assert all(each.reason for each in choice.left_out)


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_the_pattern_that_is_told_keeps_what_is_left_out(installed: Path, pattern: str) -> None:
    choice = choose(installed, [pattern])
    assert set(LEFT_OUT[pattern]) <= set(choice.names)
    assert {each.pattern for each in choice.left_out} == LEFT_OUT.keys() - {pattern}


def test_one_notice_says_how_to_keep_the_largest(installed: Path) -> None:
    (installed / "other" / "tests" / "data" / "a.csv").write_text("1" * 2_000_000)
    [told] = notices(choose(installed).left_out)
    assert "2.0 MB" in told
    assert "write `keep: ['other/tests/**']`" in told
    assert "\n" not in told


def test_what_every_package_has_is_no_notice(tmp_path: Path) -> None:
    files = {name: INSTALLED[name] for name in ("bin/command", "lazy-1.dist-info/RECORD")}
    choice = choose(written(tmp_path, {**files, "lazy/__init__.py": "", "lazy/py.typed": ""}))
    assert [each.pattern for each in choice.left_out if each.is_marker] == ["lazy/**py.typed"]
    assert notices(choice.left_out) == []


@pytest.mark.slow
def test_licences_and_modes_are_in_the_package(service: Path) -> None:
    with zipfile.ZipFile(package(service).artifact) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        licence = archive.read("our_prices-1.0.dist-info/licenses/LICENSE")
    assert licence == b"Do what you like.\n"
    assert (modes["prices/bin/rate"], modes["prices/__init__.py"]) == (0o755, 0o644)
    assert "prices/__init__.pyi" not in modes


@pytest.mark.slow
def test_a_setting_keeps_what_is_left_out(service: Path) -> None:
    built = package(service)
    assert "prices/**.pyi" in {each["pattern"] for each in built.left_out}
    assert any("keep: ['prices/**.pyi']" in notice for notice in built.notices)
    kept = package(service, settings=Settings(keep=("prices/**.pyi",)))
    assert not kept.cached
    with zipfile.ZipFile(kept.artifact) as archive:
        assert archive.read("prices/__init__.pyi") == b"VAT: float\n"


@pytest.mark.slow
def test_a_bill_of_materials_names_what_is_shipped(service: Path) -> None:
    """A component's hash is that of `sha256sum`'s lines for its files, so that anybody can check it."""
    built = package(service)
    bill = json.loads(Path(built.bill_of_materials).read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": built.sha256}]
    [component] = bill["components"]
    assert (component["name"], component["purl"]) == ("Our.Prices", "pkg:pypi/our-prices@1.0")
    assert component["licenses"] == [{"license": {"name": "MIT License"}}]
    with zipfile.ZipFile(built.artifact) as archive:
        names = [name for name in archive.namelist() if name.startswith(("prices/", "our_prices"))]
        files = {name: archive.read(name) for name in sorted(names) if "__pycache__" not in name}
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    [found] = component["hashes"]
    assert found == {"alg": "SHA-256", "content": hashlib.sha256("".join(lines).encode()).hexdigest()}


@pytest.mark.slow
def test_the_same_package_has_the_same_bill(service: Path) -> None:
    first, second = package(service), package(service, "b")
    assert first.sha256 == second.sha256
    assert Path(first.bill_of_materials).read_bytes() == Path(second.bill_of_materials).read_bytes()


@pytest.mark.slow
def test_what_a_pattern_removes_is_in_neither(service: Path) -> None:
    arguments = (ARM, service / "c.zip", service / "c")
    built = build(
        Service(service, ["app.py", "!prices/**", "!our_prices-1.0.dist-info/**"], ["app.handler"]), *arguments
    )
    assert json.loads(Path(built.bill_of_materials).read_text())["components"] == []
