"""What a function finds beside its package: in layers, and in further folders of PYTHONPATH."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pilotlight_build.bytecode import PackagingError

_TASK_ROOT = "/var/task"
_LAYERS_ROOT = "/opt"


@dataclass(frozen=True)
class Elsewhere:
    """`provided` modules are there, whatever the package has. `layers` are folders or zips, as `layers.<name>.path`.

    `layered` are the handlers of functions with layers of which nothing is known; `python_path`, values of PYTHONPATH.
    """

    provided: tuple[str, ...] = ()
    layers: tuple[Path, ...] = ()
    layered: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no module, such as the name of a distribution."""
        for module in self.provided:
            if not re.fullmatch(r"\w+(\.\w+)*", module):
                raise PackagingError(
                    f"custom.pilotlight.provided has {module!r}, which no import can name: write the module as code "
                    "imports it, such as dateutil for python-dateutil."
                )

    @property
    def is_known(self) -> bool:
        """Whether all of it is known: the content of each layer, and each folder of PYTHONPATH."""
        return all(map(_is_readable, self.layers)) and all(map(_root, self._folders()))

    def provides(self, module: str) -> bool:
        """Whether a module is provided, or one above it is."""
        return any(module == each or module.startswith(f"{each}.") for each in self.provided)

    def files(self) -> list[str]:
        """The files of the layers, by their paths on Lambda."""
        return sorted(
            f"{_LAYERS_ROOT}/{name}" for layer in self.layers if _is_readable(layer) for name in _names(layer)
        )

    def roots(self, python: tuple[int, int]) -> list[str]:
        """Where Lambda looks for modules, in order: folders of the package, and absolute ones of layers.

        "Working with layers for Python Lambda functions" has the paths of layers.
        """
        version = ".".join(map(str, python))
        own = [root for root in map(_root, self._folders()) if root is not None]
        of_layers = [f"{_LAYERS_ROOT}/python/lib/python{version}/site-packages", f"{_LAYERS_ROOT}/python"]
        return list(dict.fromkeys(["", *(root.removeprefix("./") for root in own), *of_layers]))

    def words(self) -> list[str]:
        """All of it as words, which are others when it is another."""
        return ["provided", *self.provided, "layers", *self.files(), "layered", *self.layered, *self._folders()]

    def _folders(self) -> Iterator[str]:
        for value in self.python_path:
            yield from (folder for folder in value.split(":") if folder)


NOTHING_ELSEWHERE = Elsewhere()


def _root(folder: str) -> str | None:
    """The folder of PYTHONPATH by its path in the package, "./" for the top; None where it is none of ours."""
    inside = os.path.normpath(f"{_TASK_ROOT}/{folder}" if not folder.startswith("/") else folder)
    if inside == _TASK_ROOT:
        return "./"
    if inside.startswith((f"{_LAYERS_ROOT}/", "/var/runtime")):
        return inside
    return inside.removeprefix(f"{_TASK_ROOT}/") if inside.startswith(f"{_TASK_ROOT}/") else None


def _is_readable(layer: Path) -> bool:
    return layer.is_dir() or zipfile.is_zipfile(layer)


def _names(layer: Path) -> Iterator[str]:
    if layer.is_dir():
        for folder, _, names in os.walk(layer, followlinks=True):
            yield from (Path(folder, name).relative_to(layer).as_posix() for name in names)
    else:
        with zipfile.ZipFile(layer) as archive:
            yield from (name for name in archive.namelist() if not name.endswith("/"))
