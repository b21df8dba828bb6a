"""requirements.txt, or uv.lock, as people write them: what is to be installed for the deployed platform.

requirements.txt decides where there is one; else uv.lock does, of this folder or of the workspace that it belongs to.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.local_sources import digest_of
from pilotlight_build.platforms import Platform, applies
from pilotlight_build.runtime_modules import AWS_SDK, NEVER_SHIPPED, normalised
from pilotlight_build.uv import exported, lock_of

_INCLUDED = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_LINKS = ("-f", "--find-links")
_IN_FULL = {"-i": "--index-url", "-f": "--find-links"}

NOT_HASHED = (
    "The requirements pin no hashes ({}), so the same file may install something else tomorrow: `uv pip compile "
    "--generate-hashes` writes them, and `requireHashes: true` under custom.pilotlight insists on them."
)


@dataclass(frozen=True)
class Line:
    """A requirement: what an installer gets, and its hashes. `local` is a folder or file of this machine, or empty."""

    wanted: str
    name: str
    hashes: tuple[str, ...] = ()
    local: str = ""
    extras: str = ""

    @property
    def is_fetched_source(self) -> bool:
        """Whether it comes from git, or by an address that is no wheel's."""
        address = self.wanted.partition(" @ ")[2] or self.wanted
        is_remote = "://" in address and not self.local
        return is_remote and not re.search(r"\.whl(#.*)?$", address)

    def __str__(self) -> str:
        return " ".join([self.wanted, *self.hashes])


@dataclass(frozen=True)
class Requirements:
    """What an installer gets: requirements, options such as an index, constraints. Paths are absolute, markers done.

    `digests` tell one state of a local folder from another; `left_to_runtime` are names that Lambda's runtime has.
    """

    lines: tuple[Line, ...] = ()
    options: tuple[str, ...] = ()
    constraints: str = ""
    digests: tuple[str, ...] = ()
    left_to_runtime: frozenset[str] = NEVER_SHIPPED

    @property
    def text(self) -> str:
        """A requirements file."""
        return "".join(f"{line}\n" for line in (*self.options, *self.lines))

    @property
    def are_hashed(self) -> bool:
        """Whether each has a hash: then nothing is resolved."""
        return all(line.hashes for line in self.lines)

    @property
    def key(self) -> str:
        """What the installed files depend on."""
        return "\n".join([self.text, self.constraints, *self.digests, *sorted(self.left_to_runtime)])

    @property
    def notices(self) -> tuple[str, ...]:
        """A line where an index may give something else tomorrow."""
        names = [line.name for line in self.lines if not line.hashes and not line.local]
        if not names:
            return ()
        which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        return (NOT_HASHED.format(which),)


def of_service(
    root: Path, platform: Platform, *, require_hashes: bool = False, ships_boto3: bool = False
) -> Requirements:
    """The requirements of a service: of its requirements.txt, or else of its uv.lock. Raises `PackagingError`."""
    file = root / "requirements.txt"
    if not file.exists() and (lock := lock_of(root)):
        found = _Found(platform, _left_to_runtime(ships_boto3))
        found.collect_text(exported(root, lock), [root / "uv.lock"])
        return found.requirements(require_hashes=require_hashes)
    return read(file, platform, require_hashes=require_hashes, ships_boto3=ships_boto3)


def read(file: Path, platform: Platform, *, require_hashes: bool = False, ships_boto3: bool = False) -> Requirements:
    """Read a file for `platform`: without what the runtime includes, with markers evaluated, `-r` and `-c` followed.

    Raises `PackagingError` for a file that is missing, and with `require_hashes` for a requirement without one.
    """
    if not file.exists():
        raise PackagingError(
            f"{file.name} is missing, and there is no uv.lock: write {file.name}, empty if there is nothing to install."
        )
    found = _Found(platform, _left_to_runtime(ships_boto3))
    found.collect(file, [])
    return found.requirements(require_hashes=require_hashes)


def name_of(requirement: str) -> str:
    """The distribution that a requirement begins with, as it is written there."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def _left_to_runtime(ships_boto3: bool) -> frozenset[str]:
    return NEVER_SHIPPED if ships_boto3 else NEVER_SHIPPED | AWS_SDK


@dataclass
class _Found:
    """What has been read so far. `files` are the file that is read and, before it, those that name it."""

    platform: Platform
    left_to_runtime: frozenset[str]
    lines: list[Line] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    requires_hashes: bool = False

    def collect(self, file: Path, above: Sequence[Path]) -> None:
        if file in above:
            raise PackagingError(f"{above[-1].name} names {file.name}, which names it again.")
        self.collect_text(_content(file, above), [*above, file])

    def collect_text(self, text: str, files: Sequence[Path]) -> None:
        for line in _logical_lines(text):
            if line.startswith("-"):
                self._option(line, files)
            elif _is_path(line):
                self._add_local(line, files)
            else:
                self._add(line, files)

    def requirements(self, *, require_hashes: bool) -> Requirements:
        without = [line.name for line in self.lines if not line.hashes]
        if without and (require_hashes or self.requires_hashes):
            raise PackagingError(
                f"requirements.txt: {without[0]} has no --hash, and hashes are required: `npm run lock`, or "
                "`uv pip compile --generate-hashes`, writes them."
            )
        return Requirements(
            lines=tuple(sorted(self.lines, key=str)),
            options=tuple(self.options),
            constraints="\n".join(sorted(self.constraints)) if without else "",
            digests=tuple(sorted(digest_of(Path(line.local)) for line in self.lines if line.local)),
            left_to_runtime=self.left_to_runtime,
        )

    def _option(self, line: str, files: Sequence[Path]) -> None:
        option, value = _option_of(line)
        if option in _INCLUDED[:2]:
            self.collect(_beside(value, files), files)
        elif option in _INCLUDED:
            self.constraints += _logical_lines(_content(_beside(value, files), files))
        elif option in _EDITABLE:
            self._add_local(value, files)
        elif option in _LINKS:
            self.options.append(f"--find-links {_absolute(value, files)}")
        elif option == "--require-hashes":
            self.requires_hashes = True
        else:
            self.options.append(f"{_IN_FULL.get(option, option)} {value}".strip())

    def _add(self, line: str, files: Sequence[Path]) -> None:
        wanted, marker, hashes = _parts(line)
        name = name_of(wanted)
        if normalised(name) in self.left_to_runtime or not applies(marker, self.platform):
            return
        local = ""
        if found := re.search(r"@ *file://(?:localhost)?(/[^@#\s]+)", wanted):
            local = found[1]
            _exists(Path(local), local, files)
        extras = re.match(r"[A-Za-z0-9._-]+\s*(\[[^\]]*\])", wanted)
        self.lines.append(Line(wanted, name, hashes, local, extras[1] if extras else ""))

    def _add_local(self, value: str, files: Sequence[Path]) -> None:
        """A folder, wheel or archive of this machine, with extras or without; or, with `-e`, what is in git."""
        wanted, marker, hashes = _parts(value)
        if not applies(marker, self.platform):
            return
        if "://" in wanted and not wanted.startswith("file://"):
            self.lines.append(Line(wanted, wanted.partition("#egg=")[2] or wanted, hashes))
            return
        path, bracket, extras = wanted.removeprefix("file://").partition("[")
        absolute = _path(path, files)
        _exists(absolute, path, files)
        self.lines.append(Line(f"{absolute}{bracket}{extras}", path, hashes, str(absolute), f"{bracket}{extras}"))


def _content(file: Path, above: Sequence[Path]) -> str:
    if not file.is_file():
        raise PackagingError(f"{above[-1].name if above else file.name} names {file.name}, which cannot be read.")
    return file.read_text(encoding="utf-8-sig")


def _exists(path: Path, named: str, files: Sequence[Path]) -> None:
    if not path.exists():
        raise PackagingError(f"{files[-1].name}: there is no {named}.")


def _option_of(line: str) -> tuple[str, str]:
    option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
    if not line.startswith("--") and len(option) > 2:  # -rother.txt
        option, value = option[:2], option[2:]
    return option, value.strip()


def _parts(line: str) -> tuple[str, str, tuple[str, ...]]:
    """What is wanted, its marker, its hashes."""
    specifier, *options = re.split(r"\s+(?=--)", line)
    has_address = "://" in specifier or _is_path(specifier)
    wanted, _, marker = specifier.partition(" ;" if has_address else ";")
    return wanted.strip(), marker, tuple(each for each in options if each.startswith("--hash="))


def _absolute(value: str, files: Sequence[Path]) -> str:
    return value if "://" in value else str(_path(value, files))


def _path(value: str, files: Sequence[Path]) -> Path:
    """A path of the service's folder, as pip has it; or else of the folder of the file that names it."""
    in_service = (files[0].parent / value).resolve()
    return in_service if in_service.exists() else _beside(value, files)


def _beside(value: str, files: Sequence[Path]) -> Path:
    return (files[-1].parent / value).resolve()


def _is_path(line: str) -> bool:
    start = line.partition("[")[0].split(" ")[0]
    return start.startswith((".", "/", "file://")) or (
        "://" not in start and start.endswith((".whl", ".tar.gz", ".zip"))
    )


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stripped = re.sub(r"(^|\s)#.*", "", line).strip()
        if stripped:
            yield stripped
