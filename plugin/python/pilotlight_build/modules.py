"""Where the files that are shipped have a module, as Python would find it on Lambda."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

_SUFFIXES = (".so", ".py", ".pyc")
"""Of a module's file, in the order in which Python looks for them."""
_SINCE = {"annotationlib": (3, 14), "compression": (3, 14), "tomllib": (3, 11)}
_GONE = """
3.11 binhex
3.12 asynchat asyncore distutils imp smtpd
3.13 aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd sunau
3.13 telnetlib uu xdrlib
"""
_UNTIL = {name: (3, int(line[2:4])) for line in _GONE.strip().splitlines() for name in line[5:].split()}
"""Modules of the standard library that came or went ("What's New in Python")."""


@dataclass(frozen=True)
class Place:
    """Where a module is: its file, None for a namespace package; and the folders of its submodules, if it has some."""

    module: str
    file: str | None
    folders: tuple[str, ...]


class Modules:
    """The modules among files, which are found below any of the `roots`: folders, "" for the top."""

    def __init__(self, files: Collection[str], roots: Sequence[str] = ("",)) -> None:
        """Index the files, by their paths in the zip."""
        self._files: dict[str, str] = {}
        self._folders: set[str] = set()
        self._roots = roots
        for name in files:
            folder, _, base = name.rpartition("/")
            stem, dot, rest = base.partition(".")
            suffix = f".{rest.rpartition('.')[2]}" if dot else ""
            if suffix == ".so" or f".{rest}" in _SUFFIXES:
                key = f"{folder}/{stem}" if folder else stem
                if key not in self._files or _rank(name) < _rank(self._files[key]):
                    self._files[key] = name
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

    def path_to(self, module: str) -> list[Place]:
        """The packages that lead to a module, and the module: shorter than its name has parts where one is missing."""
        found: list[Place] = []
        folders = tuple(self._roots)
        for part in module.split("."):
            place = self._in(folders, part, ".".join([*(each.module.rpartition(".")[2] for each in found), part]))
            if place is None:
                break
            found.append(place)
            folders = place.folders
        return found

    def elsewhere(self, module: str) -> list[str]:
        """The folders that are no root, and have a module of this name: one of them may become a root."""
        names = [*self._files, *self._folders]
        return sorted(name.rpartition("/")[0] for name in names if name.endswith(f"/{module}"))

    def near(self, folders: Iterable[str]) -> Iterator[str]:
        """The names of the modules right in the folders."""
        for folder in folders:
            for key in (*self._files, *self._folders):
                above, _, name = key.rpartition("/")
                if above == folder and name.isidentifier():
                    yield name

    def _in(self, folders: Iterable[str], part: str, module: str) -> Place | None:
        portions = []
        for folder in folders:
            path = f"{folder}/{part}" if folder else part
            if f"{path}/__init__" in self._files:
                return Place(module, self._files[f"{path}/__init__"], (path,))
            if path in self._files:
                return Place(module, self._files[path], ())
            if path in self._folders:
                portions.append(path)
        return Place(module, None, tuple(portions)) if portions else None


def is_of_some_standard_library(module: str) -> bool:
    """Whether some Python has a top-level module in its standard library."""
    return module in {*sys.stdlib_module_names, *_SINCE, *_UNTIL}


def standard_library(python: tuple[int, int]) -> frozenset[str]:
    """The top-level modules of a Python's standard library."""
    known = {*sys.stdlib_module_names, *_SINCE, *_UNTIL}
    return frozenset(
        name for name in known if _SINCE.get(name, (0, 0)) <= python and python < _UNTIL.get(name, (99, 0))
    )


def _rank(name: str) -> int:
    return _SUFFIXES.index(f".{name.rpartition('.')[2]}")
