"""Sources are read with the grammar of the Python that is deployed, whatever Python builds the package."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

from pilotlight_build.bytecode import PackagingError, Python, find_python
from pilotlight_build.conditions import Target
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.imports import check
from pilotlight_build.source_facts import Facts, facts_of
from pilotlight_build.sources import Sources
from tests.support.project import PROJECT

OWN = sys.version_info[:2]
HANDLER = "\ndef handler(event, context): ...\n"
NEWER = (
    "type Order = dict[str, int]\ndef line(order): return f'{order['id']} {', '.join(order)}'\nimport nowhere" + HANDLER
)
FUTURE = (3, 99)
"""A version that no machine has."""


def checked(folder: Path, source: str | bytes, python: tuple[int, int], interpreter: Python | None) -> list[str]:
    content = source if isinstance(source, bytes) else source.encode()
    return check(
        Contents(folder, {"handler.py": content}, {}), ["handler.handler"], Target(python), interpreter, Elsewhere()
    )


@cache
def other_python(*versions: tuple[int, int]) -> tuple[tuple[int, int], Python]:
    """An interpreter of one of the versions that is not this one."""
    for version in versions:
        if version != OWN and (found := find_python(version)):
            return version, found
    pytest.skip(f"no other Python of {versions} on this machine: reading sources by it is NOT tested")


def test_a_newer_target_reads_its_own_grammar(tmp_path: Path) -> None:
    version, python = other_python((3, 14), (3, 13), (3, 12))
    with pytest.raises(PackagingError, match=r"^handler\.py, line 3 imports nowhere"):
        checked(tmp_path, NEWER, version, python)
    with pytest.raises(PackagingError, match=r"^handler\.py, line 1: "):
        checked(tmp_path, f"type = = 1{HANDLER}", version, python)


@pytest.mark.parametrize(("source", "least"), [("try: ...\nexcept* KeyError: ...", (3, 11)), ("type X = int", (3, 12))])
def test_an_older_target_refuses_what_only_newer_ones_read(tmp_path: Path, source: str, least: tuple[int, int]) -> None:
    version, python = other_python((3, 10), (3, 9))
    for interpreter in (python, None):  # without it, this Python knows what the target lacks
        if interpreter is None and least > OWN:
            continue
        with pytest.raises(PackagingError, match=r"^handler\.py, line \d: "):
            checked(tmp_path, source + HANDLER, version, interpreter)


def test_without_the_target_a_notice_says_what_could_not_be_checked(tmp_path: Path) -> None:
    (notice,) = checked(tmp_path, "from the future import nowhere" + HANDLER, FUTURE, None)
    assert notice.startswith("handler.py could not be checked (line 1: ")
    assert "Python 3.99, which is deployed, is not on this machine" in notice
    assert checked(tmp_path, HANDLER, FUTURE, None) == []
    with pytest.raises(PackagingError, match="line 1 imports nowhere"):
        checked(tmp_path, "import nowhere" + HANDLER, FUTURE, None)


def test_a_target_that_cannot_read_leaves_nothing_certain(tmp_path: Path) -> None:
    assert checked(tmp_path, "import nowhere" + HANDLER, FUTURE, Python("false", "3.99.0")) == []
    assert checked(tmp_path, HANDLER, FUTURE, Python(str(tmp_path / "gone"), "3.99.0")) == []


@pytest.mark.parametrize(
    "source",
    [
        "# -*- coding: latin-1 -*-\nNAME = 'Zoë'\n".encode("latin-1"),
        "# vim: set fileencoding=cp1252 :\nNAME = '€'\n".encode("cp1252"),
        "\ufeffNAME = 'Zoë'\n".encode(),
        b"NAME = 1\r\nOTHER = 2\r\n",
        b"NAME = r'\\d' '\\d'\n",  # an invalid escape is a warning
        b"",
    ],
)
def test_sources_may_have_any_encoding_that_they_declare(tmp_path: Path, source: bytes) -> None:
    for version, python in (other_python((3, 13), (3, 12), (3, 11)), (OWN, None)):
        assert checked(tmp_path, source + HANDLER.encode(), version, python) == []


@pytest.mark.parametrize("source", [b"NAME = '\xff'", b"NAME = '\x00'", b"# coding: no-such\n", b"return 1"])
def test_a_source_that_no_python_loads_is_an_error(tmp_path: Path, source: bytes) -> None:
    for version, python in (other_python((3, 13), (3, 12), (3, 11)), (OWN, None)):
        with pytest.raises(PackagingError, match=r"^handler\.py, line \d: "):
            checked(tmp_path, source + HANDLER.encode(), version, python)


def test_an_error_where_a_source_may_never_be_loaded_is_a_notice(tmp_path: Path) -> None:
    own = {"handler.py": f"def later():\n    import broken{HANDLER}".encode(), "broken.py": b"def ("}
    (notice,) = check(Contents(tmp_path, own, {}), ["handler.handler"], Target(OWN), None, Elsewhere())
    assert notice.startswith("If it ever runs: broken.py, line 1: ")


def test_a_source_nested_too_deep_to_read_is_taken_at_its_word(tmp_path: Path) -> None:
    assert checked(tmp_path, f"import nowhere\nvalue = {'-' * 100_000}1{HANDLER}", OWN, None) == []


def test_every_python_finds_the_same() -> None:
    """What another Python answers in JSON is what this one finds by itself."""
    paths = sorted((PROJECT / "pilotlight").rglob("*.py"))
    files = {path.relative_to(PROJECT).as_posix(): path.read_bytes() for path in paths}
    version, python = other_python((3, 13), (3, 12), (3, 11))
    with Sources(files, Target(version), python) as sources:
        found = {name: sources.facts(name) for name in files}
    assert found == {name: facts_of(source, name, Target(version)) for name, source in files.items()}
    assert len({each.imports for each in found.values()}) > 10
    assert Facts() not in found.values()
