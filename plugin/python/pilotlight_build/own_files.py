"""The service's own files, as `package.patterns` of serverless.yml select them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotlight_build import bytecode
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.patterns import Pattern, last_match, parsed, unescaped

_NEVER_SHIPPED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"})
_OF_TOOLS = frozenset({"node_modules", ".git", ".venv", "venv", ".serverless"})
"""Folders that a pattern which begins with a glob does not enter, and that are worth a notice in any package."""


@dataclass
class Selection:
    """The files by path in the package. `unmatched` are patterns without a file, and what is wrong with each."""

    files: dict[str, Path] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def require_matches(self, others: Collection[str] = ()) -> None:
        """Raise `PackagingError` for a pattern that matches no file, not even one of the dependencies, the `others`."""
        for pattern in parsed(self.unmatched):
            if not any(map(pattern.matches, others)):
                raise PackagingError(self.unmatched[pattern.written])


def select(root: Path, patterns: Sequence[str]) -> Selection:
    """Return the files that the patterns select; a later pattern wins.

    A pattern is a file, a folder's `folder/**` or a glob; a leading `!` removes what it matches, from the
    dependencies too. A file that no pattern matches is not in the package. Links are followed: what they lead to is
    shipped. Raises `PackagingError` for a pattern that must be a mistake.
    """
    found = Selection()
    for pattern in parsed(patterns):
        if pattern.removes:
            _remove(root, pattern, found)
        elif pattern.is_everything:
            raise PackagingError(
                f"package.patterns in serverless.yml: {pattern.written!r} would ship the whole folder: name the files, "
                "such as '*.py' and 'src/**'."
            )
        else:
            _add(root, pattern, found)
    found.files = dict(sorted(found.files.items()))
    found.notices += _of_tools(found.files)
    return found


def own_files(root: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """The files of `select`, where each pattern must match one."""
    found = select(root, patterns)
    found.require_matches()
    return found.files


def read(files: Mapping[str, Path]) -> dict[str, bytes]:
    """The files' contents. Raises `PackagingError` for one that cannot be shipped."""
    found = {}
    for name, path in files.items():
        try:
            name.encode()
            found[name] = path.read_bytes()
        except UnicodeEncodeError:
            raise PackagingError(f"{name!r} has a name that is not UTF-8, and a zip needs it: rename it.") from None
        except OSError as error:
            raise PackagingError(f"{name} cannot be read: {error.strerror}.") from None
    return found


def executables(files: Mapping[str, Path]) -> list[str]:
    """The names of the files that somebody may execute."""
    return [name for name, path in files.items() if path.stat().st_mode & 0o111]


def sizes(files: Mapping[str, Path]) -> dict[str, int]:
    """The files' sizes in bytes."""
    return {name: path.stat().st_size for name, path in files.items()}


def left_out(patterns: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Of the dependencies' files, those that a pattern removes, with the pattern: the last that matches decides.

    Bytecode goes with its source. A pattern for the whole folder, such as `!**`, means the service's own files only.
    """
    narrower = [each for each in parsed(patterns) if not each.is_everything and each.glob != "*"]
    found = {}
    for name in names if any(each.removes for each in narrower) else ():
        decisive = last_match(narrower, [name, bytecode.source_of(name)])
        if decisive and decisive.removes:
            found[name] = decisive.written
    return found


def _add(root: Path, pattern: Pattern, found: Selection) -> None:
    matched = {name: path for name, path in _candidates(root, pattern) if pattern.matches(name)}
    dead = [name for name, path in matched.items() if not path.exists()]
    found.notices += [f"{name} is a link to {matched.pop(name).readlink()}, which does not exist." for name in dead]
    found.files |= matched
    if not matched:
        found.unmatched[pattern.written] = (
            f"package.patterns in serverless.yml: {pattern.written!r} matches no file{_hint(root, pattern)}."
        )


def _remove(root: Path, pattern: Pattern, found: Selection) -> None:
    before = len(found.files)
    found.files = {name: path for name, path in found.files.items() if not pattern.matches(name)}
    if len(found.files) == before and root.joinpath(unescaped(pattern.glob)).is_dir():
        found.notices.append(
            f"package.patterns in serverless.yml: {pattern.written!r} removes nothing; for the folder, write "
            f"'!{pattern.glob}/**'."
        )


def _hint(root: Path, pattern: Pattern) -> str:
    path = root / unescaped(pattern.glob)
    if path.is_dir():
        return f": for the folder, write '{pattern.glob}/**'"
    start = root / pattern.folder if pattern.folder else path
    for each in (path, start):
        if each.is_symlink():
            problem = "does not exist" if not each.exists() else "holds the service itself"
            return f": {each.relative_to(root)} is a link to {each.readlink()}, which {problem}"
    return ""


def _candidates(root: Path, pattern: Pattern) -> Iterator[tuple[str, Path]]:
    """Files that the pattern may match, in the deepest folder that it names, no deeper than it reaches."""
    start = root / pattern.folder
    real_root = Path(os.path.realpath(root))
    skipped = _OF_TOOLS if not pattern.folder else frozenset[str]()
    if not start.is_dir() or (pattern.folder and real_root.is_relative_to(os.path.realpath(start))):
        return
    for path in _walk(start, Path(os.path.realpath(start)), pattern.depth, (real_root,)):
        name = path.relative_to(root).as_posix()
        if name.partition("/")[0] not in skipped:
            yield name, path


def _walk(folder: Path, real: Path, deepest: int | None, above: tuple[Path, ...]) -> Iterator[Path]:
    """The files below a folder, and dead links, through links of folders, but not round a loop of them."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise PackagingError(f"{folder} cannot be read: {error.strerror}.") from None
    names = {entry.name for entry in entries}
    for entry in (entry for entry in entries if entry.name not in _NEVER_SHIPPED):
        path = folder / entry.name
        if _is_folder(entry):
            inside = Path(os.path.realpath(path)) if entry.is_symlink() else real / entry.name
            is_loop = any(each.is_relative_to(inside) for each in (*above, real))
            if not is_loop and deepest != 1:
                yield from _walk(path, inside, None if deepest is None else deepest - 1, (*above, real))
        elif _is_file(entry) and not (entry.name.endswith(".pyc") and entry.name[:-1] in names):
            yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a dead link, but not a socket or a pipe."""
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError:  # a link to itself
        return True


def _of_tools(files: Mapping[str, Path]) -> Iterator[str]:
    found: dict[str, list[Path]] = {}
    for name, path in files.items():
        parts = name.split("/")
        place = next((index for index, part in enumerate(parts[:-1]) if part in _OF_TOOLS), None)
        if place is not None:
            found.setdefault("/".join(parts[: place + 1]), []).append(path)
    for folder, paths in found.items():
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
        yield (
            f"The package has {folder}/, {len(paths)} files of {megabytes:.1f} MB: if no function needs it, add "
            f"'!{folder}/**' to the end of package.patterns in serverless.yml."
        )
