"""The service's own files, as `package.patterns` of serverless.yml select them."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pilotlight_build.bytecode import PackagingError

_NEVER_SHIPPED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"})
_GLOB = re.compile(r"(\*\*|\*|\?)")


def own_files(root: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """Return the files that the patterns select, by path in the zip; a later pattern wins.

    A pattern is a file, a folder's `folder/**` or a glob; a leading `!` removes what it matches, from the
    dependencies too. A file that no pattern matches is not in the package. Links are followed: what they lead to is
    shipped. Raises `PackagingError` for a pattern that must be a mistake.
    """
    chosen: dict[str, Path] = {}
    for pattern in patterns:
        if pattern == "!**":
            chosen = {}
        elif pattern.startswith("!"):
            unwanted = re.compile(expression(_within(pattern[1:])))
            chosen = {name: path for name, path in chosen.items() if not unwanted.fullmatch(name)}
        elif pattern.startswith("**"):
            raise PackagingError(f"package.patterns in serverless.yml: {pattern!r} would ship the whole folder.")
        else:
            chosen |= _matched(root, pattern)
    return dict(sorted(chosen.items()))


def executables(files: Mapping[str, Path]) -> list[str]:
    """The names of the files that somebody may execute."""
    return [name for name, path in files.items() if path.stat().st_mode & 0o111]


def expression(glob: str) -> str:
    """The regular expression of a glob: `**` is any path, `*` and `?` are within one folder."""
    return "".join({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)) for part in _GLOB.split(glob))


def _within(pattern: str) -> str:
    """The pattern without `./` and a slash at its end; refuses one that leaves the service's folder."""
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or pattern.startswith("/") or re.match(r"[A-Za-z]:", pattern):
        raise PackagingError(
            f"package.patterns in serverless.yml: {pattern!r} leaves the service's folder, and the package has names "
            "within it only. Link the folder into the service, as in `ln -s ../shared shared`, and write 'shared/**'."
        )
    return "/".join(parts)


def _matched(root: Path, pattern: str) -> dict[str, Path]:
    within = _within(pattern)
    wanted = re.compile(expression(within))
    found = {name: path for name, path in _candidates(root, within) if wanted.fullmatch(name)}
    if found:
        return found
    hint = f": for the folder, write '{within}/**'" if (root / within).is_dir() else ""
    raise PackagingError(f"package.patterns in serverless.yml: {pattern!r} matches no file{hint}.")


def _candidates(root: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    """Files that the pattern may match, in the deepest folder that it names, no deeper than it reaches."""
    parts = pattern.split("/")
    named = 0
    while named < len(parts) - 1 and not _GLOB.search(parts[named]):
        named += 1
    start = root.joinpath(*parts[:named])
    deepest = None if "**" in pattern else len(parts) - named
    for path in _walk(start, deepest, ()):
        yield path.relative_to(root).as_posix(), path


def _walk(folder: Path, deepest: int | None, above: tuple[Path, ...]) -> Iterator[Path]:
    """The files below a folder, through links, but not round a loop of them."""
    real = folder.resolve()
    if real in above or not folder.is_dir() or deepest == 0:
        return
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name not in _NEVER_SHIPPED)
    for path in (folder / name for name in names):
        if path.is_dir():
            yield from _walk(path, None if deepest is None else deepest - 1, (*above, real))
        elif path.is_file() and path.suffix != ".pyc":
            yield path
