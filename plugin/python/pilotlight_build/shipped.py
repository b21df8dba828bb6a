"""Which installed files are shipped: what runs on Lambda, or is read there. The rest is listed with its reason."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotlight_build.patterns import parsed
from pilotlight_build.unused_tests import unused_test_folders

_OF_DIST_INFO = re.compile(
    r"METADATA|entry_points\.txt|top_level\.txt|(licenses|license_files)/.+|(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*",
    re.IGNORECASE,
)
"""What importlib.metadata reads, and the licences."""
_FOR_TOOLS = re.compile(r"(?:^|/)(?P<typed>py\.typed)$|(?P<suffix>\.(?:pyi|pxd|pyx|c|h|cpp|hpp|cc))$")
_SUFFIX = re.compile(rb"\.(?:pyi|pxd|pyx|c|h|cpp|hpp|cc)\b")
_BEFORE_SUFFIX = re.compile(rb"[\w*.-]*$")
_LONGEST_NAME = 100

RECORDS = "an installer's records"
_TESTS = "tests, which nothing else there imports or names"
_TOOLS = "for compilers and type checkers, and no module there names it"
_COMMANDS = "starts a Python of this machine"
_MANUALS = "manuals"


@dataclass(frozen=True)
class LeftOut:
    """Files that are not shipped: `pattern` keeps them, if it is a setting; `bytes` are theirs together."""

    pattern: str
    reason: str
    files: int
    bytes: int

    @property
    def is_marker(self) -> bool:
        """Whether it only says to type checkers that a package has types (PEP 561)."""
        return self.pattern.endswith("py.typed")


@dataclass(frozen=True)
class Choice:
    """The names that are shipped, and what is left out."""

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def choose(folder: Path, keep: Sequence[str] = ()) -> Choice:
    """Choose among the installed files in `folder`; `keep` are patterns of what is shipped whatever it is."""
    kept = parsed(keep)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [name for name in names if not _is_bytecode_of(name, names_of=folder)]
    files = _Files(folder, names)
    shipped, left_out = [], defaultdict(list)
    for name in names:
        found = files.reason(name)
        if found is None or any(each.matches(name) for each in kept):
            shipped.append(name)
        else:
            left_out[found].append((folder / name).stat().st_size)
    listed = [LeftOut(pattern, reason, len(sizes), sum(sizes)) for (pattern, reason), sizes in left_out.items()]
    return Choice(tuple(shipped), tuple(sorted(listed, key=lambda each: (each.reason, each.pattern))))


def content(folder: Path, name: str) -> bytes:
    """What is shipped of a file: of METADATA what importlib.metadata reads, without the README."""
    found = (folder / name).read_bytes()
    return found.partition(b"\n\n")[0] + b"\n" if name.endswith(".dist-info/METADATA") else found


def notices(left_out: Iterable[LeftOut]) -> list[str]:
    """At most one line about what is left out, without what every package has and nothing reads when it runs."""
    found = [each for each in left_out if each.reason not in (RECORDS, _COMMANDS) and not each.is_marker]
    if not found:
        return []
    largest = sorted(found, key=lambda each: (-each.bytes, each.pattern))
    size = sum(each.bytes for each in found) / 1e6
    shown = ", ".join(each.pattern for each in largest[:3])
    more = f" and {len(largest) - 3} more, which `--verbose` lists" if len(largest) > 3 else ""
    text = (
        f"Left out of the dependencies, {size:.1f} MB of tests and of what compilers and type checkers read: "
        f"{shown}{more}. Where something reads them, write `keep: ['{largest[0].pattern}']` under custom.pilotlight."
    )
    return [text]


class _Files:
    """The installed files, and which of them no module needs."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        sources = {name: (folder / name).read_bytes() for name in names if name.endswith((".py", ".pyi"))}
        of_tools = {name.partition("/")[0] for name in names if _FOR_TOOLS.search(name)}
        self._tests = unused_test_folders(names, sources)
        self._named = _named_by(
            {name: source for name, source in sources.items() if name.partition("/")[0] in of_tools}
        )

    def reason(self, name: str) -> tuple[str, str] | None:
        """The pattern that would keep a file, and why it is left out; None for one that is shipped."""
        top, _, rest = name.partition("/")
        if top.endswith(".dist-info"):
            return None if _OF_DIST_INFO.fullmatch(rest) else (f"*.dist-info/{rest}", RECORDS)
        if top == "bin" and self._starts_python(name):
            return "bin/*", _COMMANDS
        if name.startswith(("share/man/", "share/doc/")):
            return "/".join([*name.split("/")[:2], "**"]), _MANUALS
        for tests in self._tests:
            if name.startswith(f"{tests}/"):
                return f"{tests}/**", _TESTS
        return self._of_tools(name)

    def _of_tools(self, name: str) -> tuple[str, str] | None:
        found = _FOR_TOOLS.search(name)
        if not found:
            return None
        top, slash, _ = name.partition("/")
        named = self._named[top]
        suffix = found["suffix"]
        if suffix and named & {name.rpartition("/")[2], suffix, f"*{suffix}"}:
            return None
        if suffix == ".pyi" and "attach_stub" in named:
            return None
        return f"{top}/**{suffix or 'py.typed'}" if slash else name, _TOOLS

    def _starts_python(self, name: str) -> bool:
        with (self._folder / name).open("rb") as file:
            start = file.read(256)
        return start[:2] == b"#!" and (b"python" in start or b"exec" in start)


def _named_by(sources: Mapping[str, bytes]) -> Mapping[str, set[str]]:
    """The files that the modules of each folder at the top name, such as `api.h`, `*.h`, `.h` or attach_stub."""
    named: dict[str, set[str]] = defaultdict(set)
    for name, source in sources.items():
        if name.endswith(".py"):
            named[name.partition("/")[0]].update(_words(source))
    return named


def _words(source: bytes) -> Iterator[str]:
    if b"attach_stub" in source:
        yield "attach_stub"
    for found in _SUFFIX.finditer(source):
        start = _BEFORE_SUFFIX.search(source[max(0, found.start() - _LONGEST_NAME) : found.start()])
        word = ((start[0] if start else b"") + found[0]).decode("utf-8", "replace")
        if not word.startswith(".") or source[found.start() - 1 : found.start()] in (b"'", b'"'):
            yield word


def _is_bytecode_of(name: str, names_of: Path) -> bool:
    """Whether a file is bytecode with its source beside it; without, it is what runs."""
    if "__pycache__/" in name:
        return True
    return name.endswith(".pyc") and (names_of / name[:-1]).exists()
