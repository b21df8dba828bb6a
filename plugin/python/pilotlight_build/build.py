"""Build the zip for Lambda: own files, dependencies for the deployed platform, and bytecode that Lambda can use.

The same input gives the same bytes, and is built only once. `pilotlight/build.txt` in it is a digest of all the rest:
replies to pings name it.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pilotlight_build import (
    bill_of_materials,
    bytecode,
    dependencies,
    own_files,
    own_sources,
    requirements,
    shipped,
)
from pilotlight_build.archive import check_size, digests_of, write_zip
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import NOTHING_ELSEWHERE, Elsewhere
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import Requirements

BUILD_FILE = "pilotlight/build.txt"
"""Where the deployed package finds its build; `pilotlight.ping.read_build` reads it."""
_BUILD_DIGITS = 16


@dataclass(frozen=True)
class Service:
    """The folder of a service, its `package.patterns`, and its functions' handlers, such as "handler.handler"."""

    root: Path
    patterns: Sequence[str]
    handlers: Iterable[str]


@dataclass(frozen=True)
class Settings:
    """`elsewhere`: layers and the like. `ships_boto3`: where requirements name it, though the runtime has it.

    `keep`: patterns of dependencies' files that would be left out.
    """

    elsewhere: Elsewhere = NOTHING_ELSEWHERE
    require_hashes: bool = False
    ships_boto3: bool = False
    keep: tuple[str, ...] = ()


NO_SETTINGS = Settings()


@dataclass(frozen=True)
class Built:
    """The finished package: `bytes` and `files` count the zip; `notices` are for the user; `build` is in BUILD_FILE.

    `left_out` are files of the dependencies, by pattern, each with its reason.
    """

    artifact: str
    sha256: str
    build: str
    bytes: int
    files: int
    cached: bool = False
    notices: list[str] = field(default_factory=list)
    bill_of_materials: str = ""
    left_out: list[dict[str, Any]] = field(default_factory=list)


def build(service: Service, platform: Platform, artifact: Path, cache: Path, settings: Settings = NO_SETTINGS) -> Built:
    """Build `artifact` for `platform`, or reuse it when its inputs have not changed.

    `cache` keeps the installed dependencies. Raises `PackagingError` with a remedy.
    """
    inputs = _inputs(service, platform, settings)
    key, record = inputs.key(), artifact.with_suffix(".json")
    before = _built_before(record, key, artifact)
    if before is not None:
        return before
    found = dependencies.installed(inputs.wanted, platform, inputs.compiler, cache, settings.keep)
    built = _write(inputs, found, artifact)
    record.write_text(json.dumps({"key": key, "built": asdict(built)}))
    return built


@dataclass(frozen=True)
class _Inputs:
    """All that a package depends on. `compiler` is the target's interpreter, if this machine has it."""

    service: Service
    platform: Platform
    settings: Settings
    selected: own_files.Selection
    own: Mapping[str, bytes]
    executable: Sequence[str]
    wanted: Requirements
    compiler: bytecode.Python | None

    def key(self) -> str:
        """A digest: equal for equal inputs."""
        words = [
            self.platform.name,
            self.compiler.version if self.compiler else "",
            self.wanted.key,
            *self.service.patterns,
            *self.service.handlers,
            *self.executable,
            *self.settings.elsewhere.words(),
            *self.settings.keep,
        ]
        return _digest([*words, own_sources.digest()], self.own)


def _inputs(service: Service, platform: Platform, settings: Settings) -> _Inputs:
    selected = own_files.select(service.root, service.patterns)
    check_size(own_files.sizes(selected.files))
    return _Inputs(
        service=replace(service, handlers=sorted(set(service.handlers))),
        platform=platform,
        settings=settings,
        selected=selected,
        own=own_files.read(selected.files),
        executable=own_files.executables(selected.files),
        wanted=requirements.of_service(
            service.root, platform, require_hashes=settings.require_hashes, ships_boto3=settings.ships_boto3
        ),
        compiler=bytecode.find_python(platform.python),
    )


def _write(inputs: _Inputs, found: dependencies.Dependencies, artifact: Path) -> Built:
    """Check what is to be shipped, and write the zip and its bill of materials."""
    inputs.selected.require_matches(found.files)
    removed = own_files.left_out(inputs.service.patterns, found.files)
    installed = found.files.only(lambda name: name not in removed)
    notices = _check_imports(inputs, Contents(inputs.service.root, inputs.own, installed, removed))
    compiled = bytecode.compiled(inputs.own, inputs.compiler) if inputs.compiler else {}
    files = {**inputs.own, **compiled}
    check_size({**installed.sizes(), **{name: len(content) for name, content in files.items()}})
    files.pop(BUILD_FILE, None)  # of a package that was unpacked here
    digests = {name: found.digests[name] for name in installed if name != BUILD_FILE}
    digests |= digests_of(files)
    digest_of_files = _digest(inputs.executable, {name: digest.encode() for name, digest in digests.items()})
    build_of_files = digest_of_files[:_BUILD_DIGITS]
    files[BUILD_FILE] = f"{build_of_files}\n".encode()
    write_zip(artifact, files, inputs.executable, installed)
    sha256 = hashlib.sha256(artifact.read_bytes()).hexdigest()
    bill = artifact.with_suffix(".cdx.json")
    bill_of_materials.write(bill, bill_of_materials.Package(sha256, build_of_files), found.parts, digests)
    return Built(
        artifact=str(artifact),
        sha256=sha256,
        build=build_of_files,
        bytes=artifact.stat().st_size,
        files=len({*installed, *files}),
        notices=[
            *inputs.wanted.notices,
            *inputs.selected.notices,
            *notices,
            *_notices_of_bytecode(inputs, compiled),
            *shipped.notices(found.left_out),
        ],
        bill_of_materials=str(bill),
        left_out=[asdict(each) for each in found.left_out],
    )


def _check_imports(inputs: _Inputs, contents: Contents) -> list[str]:
    """Check them by modules that an unchanged package does not need, and so does not load."""
    from pilotlight_build import imports
    from pilotlight_build.conditions import Target

    platform = inputs.platform
    target = Target(platform.python, "linux" if platform.machine else sys.platform)
    return imports.check(contents, list(inputs.service.handlers), target, inputs.compiler, inputs.settings.elsewhere)


def _notices_of_bytecode(inputs: _Inputs, compiled: Iterable[str]) -> list[str]:
    """A notice where there is none, or of sources that the deployed Python cannot compile.

    Nothing certainly loads these, for else they are errors.
    """
    if inputs.compiler is None:
        return [bytecode.missing_notice(inputs.platform.python)]
    sources = {name for name in inputs.own if name.endswith(".py")}
    without = sorted(sources - {bytecode.source_of(name) for name in compiled})
    named = ", ".join(without[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
    return [f"The deployed Python cannot compile {named}: importing it would fail."] if without else []


def _digest(words: Iterable[str], files: Mapping[str, bytes]) -> str:
    """Return a digest of the words, and of the files by their names in order."""
    digest = hashlib.sha256()
    contents = [data for name in sorted(files) for data in (name.encode(), files[name])]
    for data in (*(word.encode() for word in words), *contents):
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _built_before(record: Path, key: str, artifact: Path) -> Built | None:
    try:
        known = json.loads(record.read_text())
        built = Built(**known["built"])
        if known["key"] != key or not artifact.exists() or not Path(built.bill_of_materials).exists():
            return None
        return replace(built, artifact=str(artifact), cached=True)
    except (OSError, ValueError, TypeError, KeyError):
        return None
