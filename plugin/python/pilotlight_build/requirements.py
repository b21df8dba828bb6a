"""requirements.txt as people write it: what is to be installed for the deployed platform, and whether hashes pin it."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.platforms import Platform, applies
from pilotlight_build.runtime_modules import RUNTIME_DISTRIBUTIONS

NOT_HASHED = (
    "requirements.txt pins no hashes, so the same file may install something else tomorrow: `uv pip compile "
    "--generate-hashes` writes them, and `requireHashes: true` under custom.pilotlight insists on them."
)
_REQUIREMENTS = ("-r", "--requirement")
_CONSTRAINTS = ("-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_LINKS = ("-f", "--find-links")
_IGNORED_IN_DIGESTS = frozenset({".git", ".venv", "__pycache__", "node_modules", "build", "dist"})


@dataclass(frozen=True)
class Requirements:
    """What an installer gets. `text` has a line each, paths absolute; `constraints` the same of `-c` files.

    `are_hashed`: each has a hash, so nothing is resolved. `digests` tell one state of a local folder from another.
    """

    text: str
    are_hashed: bool
    constraints: str = ""
    digests: tuple[str, ...] = ()
    ships_boto3: bool = False
    notices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the installed files depend on."""
        return "\n".join([self.text, self.constraints, *self.digests, str(self.ships_boto3)])


def read(
    requirements: Path, platform: Platform, *, require_hashes: bool = False, ships_boto3: bool = False
) -> Requirements:
    """Read a file for `platform`: with markers evaluated, `-r` and `-c` followed, and without what the runtime
    includes, unless `ships_boto3`.

    Raises `PackagingError` for a file that is missing, and with `require_hashes` for a requirement without one.
    """
    if not requirements.exists():
        raise PackagingError(
            f"{requirements.name} is missing: write it, empty if there is nothing to install; `npm run lock` does here."
        )
    found = _Found(ships_boto3)
    _collect(requirements, platform, found, ())
    if found.without_hash and require_hashes:
        raise PackagingError(
            f"{requirements.name}: {found.without_hash[0]} has no --hash, and hashes are required: `npm run lock`, or "
            "`uv pip compile --generate-hashes`, writes them."
        )
    are_hashed = not found.without_hash
    return Requirements(
        text="\n".join(sorted(found.lines)) + "\n",
        are_hashed=are_hashed,
        constraints="" if are_hashed else "\n".join(sorted(found.constraints)),
        digests=tuple(sorted(found.digests)),
        ships_boto3=ships_boto3,
        notices=() if are_hashed else (NOT_HASHED,),
    )


@dataclass
class _Found:
    ships_boto3: bool = False
    lines: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    without_hash: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)


def _collect(file: Path, platform: Platform, found: _Found, above: tuple[Path, ...]) -> None:
    if file in above or not file.is_file():
        raise PackagingError(f"{above[-1].name if above else file.name} names {file.name}, which cannot be read.")
    for line in _logical_lines(file.read_text(encoding="utf-8")):
        option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
        value = value.strip()
        if option in _REQUIREMENTS:
            _collect(file.parent / value, platform, found, (*above, file))
        elif option in _CONSTRAINTS:
            found.constraints += _logical_lines((file.parent / value).read_text(encoding="utf-8"))
        elif option in _EDITABLE:
            _add_local(value, [*above, file], found)
        elif option in _LINKS:
            found.lines.append(f"--find-links {_absolute(value, [*above, file])}")
        elif line.startswith("-"):
            found.lines.append(line)
        elif _is_path(line):
            _add_local(line, [*above, file], found)
        else:
            _add(line, platform, found)


def _add(line: str, platform: Platform, found: _Found) -> None:
    specifier, *hashes = re.split(r"\s+(?=--hash=)", line)
    wanted, _, marker = specifier.partition(";") if " @ " not in specifier else specifier.partition(" ;")
    name = re.split(r"[^A-Za-z0-9._-]", wanted.strip(), maxsplit=1)[0]
    is_of_runtime = normalised(name) in RUNTIME_DISTRIBUTIONS and not found.ships_boto3
    if is_of_runtime or not applies(marker, platform):
        return
    if not hashes:
        found.without_hash.append(name)
    found.lines.append(" ".join([wanted.strip(), *hashes]))
    if local := re.search(r"@ (?:git\+)?file://(?:localhost)?(/[^@#\s]+)", wanted):
        found.digests.append(_digest(Path(local[1])))


def _add_local(value: str, files: Sequence[Path], found: _Found) -> None:
    """A folder, wheel or archive of this machine, with extras or without; it has no hash."""
    path, bracket, extras = value.partition("[")
    absolute = _absolute(path, files)
    if not Path(absolute).exists() and "://" not in absolute:
        raise PackagingError(f"{files[-1].name}: there is no {path}.")
    found.without_hash.append(path)
    found.lines.append(f"{absolute}{bracket}{extras}")
    found.digests.append(_digest(Path(absolute)))


def _absolute(value: str, files: Sequence[Path]) -> str:
    """A path of the service's folder, as pip has it; or else of the folder of the file that names it."""
    if "://" in value or value.startswith("git+"):
        return value
    in_service, beside = ((file.parent / value).resolve() for file in (files[0], files[-1]))
    return str(in_service if in_service.exists() or not beside.exists() else beside)


def _is_path(line: str) -> bool:
    start = line.partition("[")[0].split(" ")[0]
    return start.startswith((".", "/")) or start.endswith((".whl", ".tar.gz", ".zip"))


def _digest(path: Path) -> str:
    """What a local source consists of: sizes and times, since it may be large."""
    if not path.exists():
        return ""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    described = [
        f"{each} {each.stat().st_size} {each.stat().st_mtime_ns}"
        for each in files
        if not _IGNORED_IN_DIGESTS.intersection(each.parts)
    ]
    return hashlib.sha256("\n".join(described).encode()).hexdigest()


def normalised(name: str) -> str:
    """The name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stripped = re.sub(r"(^|\s)#.*", "", line).strip()
        if stripped:
            yield stripped
