"""Folders and files of this machine that are requirements: in what state they are, without reading them."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_MADE_BY_BUILDING = frozenset({"__pycache__", "build", "dist", "node_modules"})


def digest_of(path: Path) -> str:
    """A digest of the sizes and times of a folder's files, or of one file; it may be large, so none is read."""
    described = []
    for file in sorted(_files(path)):
        state = file.stat()
        described.append(f"{file} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(described).encode()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [
            name
            for name in folders
            if name not in _MADE_BY_BUILDING and not name.startswith(".") and name[-9:] != ".egg-info"
        ]
        yield from (file for name in names if (file := Path(folder, name)).is_file())
