"""The patterns of `package.patterns` in serverless.yml, as globs of paths in the package."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pilotlight_build.bytecode import PackagingError

_SPECIAL = re.compile(r"[*?{\[]")
_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\\.|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)
_CHOICE = re.compile(r"(?<!\\)\{([^{}]*,[^{}]*)\}")
_TRANSLATED = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_EVERYTHING = frozenset({"**", "**/*", "**/**", "*/**"})


@dataclass(frozen=True)
class Pattern:
    """A pattern as it is `written`, and as a `glob` without what means nothing, such as `./` and a slash at the end."""

    written: str
    glob: str
    removes: bool

    @property
    def is_everything(self) -> bool:
        """Whether it matches the whole folder."""
        return self.glob in _EVERYTHING

    def matches(self, name: str) -> bool:
        """Whether it matches a file, by its path in the package."""
        return bool(self._expression.fullmatch(name))

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(expression(self.glob), re.DOTALL)

    @property
    def folder(self) -> str:
        """The deepest folder that it names without a glob, "" for the service's."""
        parts = self.glob.split("/")
        first = next((index for index, part in enumerate(parts) if _SPECIAL.search(part)), len(parts) - 1)
        return unescaped("/".join(parts[: min(first, len(parts) - 1)]))

    @property
    def depth(self) -> int | None:
        """How many folders below its `folder` it may reach, plus one; None for all."""
        if "**" in self.glob or re.search(r"\{[^}]*/", self.glob):
            return None
        return self.glob.count("/") + 1 - (self.folder.count("/") + 1 if self.folder else 0)


def parsed(patterns: Iterable[str]) -> list[Pattern]:
    """Read the patterns. Raises `PackagingError` for one that is a mistake whatever files there are."""
    found = []
    for written in patterns:
        glob = written.removeprefix("!")
        found.append(Pattern(written, _within(written, glob), written.startswith("!")))
    return found


def last_match(patterns: Sequence[Pattern], names: Sequence[str]) -> Pattern | None:
    """The pattern that decides on a file: the last that matches one of its names."""
    return next((each for each in reversed(patterns) if any(map(each.matches, names))), None)


def expression(glob: str) -> str:
    """The regular expression of a glob: `**` is any path, `*`, `?` and `[…]` are within one folder, `{a,b}` either."""
    choice = _CHOICE.search(glob)
    if choice:  # the innermost first
        before, after = glob[: choice.start()], glob[choice.end() :]
        return "|".join(f"(?:{expression(before + each + after)})" for each in choice[1].split(","))
    return "".join(_TRANSLATED.get(token) or _character(token) for token in _TOKENS.findall(glob))


def unescaped(glob: str) -> str:
    """The path of a glob that has no special characters but escaped ones."""
    return re.sub(r"\\(.)", r"\1", glob)


def _character(token: str) -> str:
    if token.startswith("[") and len(token) > 2:
        inside = token[1:-1]
        no = inside[0] in "!^"
        return f"[{'^/' if no else ''}{inside[no:].replace(chr(92), chr(92) * 2).replace('[', chr(92) + '[')}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)


def _within(written: str, glob: str) -> str:
    """The glob in its simplest form. A backslash separates, as on Windows, unless it escapes a bracket."""
    path = re.sub(r"\\(?![\[\]{}])", "/", glob)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    simple = "/".join(parts)
    if not parts:
        raise _mistake(written, "names no file: write a file, or a folder's '<folder>/**'.")
    if path.startswith("/") or re.match(r"[A-Za-z]:/", path):
        raise _mistake(written, f"is absolute, and leaves the service's folder: write one within it, {_hint(simple)}.")
    if ".." in parts and not written.startswith("!"):
        end = parts[len(parts) - parts[::-1].index("..") :]
        name = end[0] if end and not _SPECIAL.search(end[0]) else "shared"
        raise _mistake(
            written,
            "leaves the service's folder, and the package has names within it only. Link the folder into the service, "
            f"as in `ln -s ../{name} {name}`, and write '{name}/**'.",
        )
    return simple


def _hint(simple: str) -> str:
    return f"such as {simple!r}" if not re.match(r"[A-Za-z]:", simple) else "such as 'data/**'"


def _mistake(written: str, why: str) -> PackagingError:
    return PackagingError(f"package.patterns in serverless.yml: {written!r} {why}")
