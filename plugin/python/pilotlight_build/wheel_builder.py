"""Build wheels of what has none: folders of this machine, what is in git, and source distributions."""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.install_errors import WAYS_WITHOUT_WHEEL, last_lines, run
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import Line, Requirements, name_of
from pilotlight_build.runtime_modules import normalised


@dataclass(frozen=True)
class Builder:
    """`build` builds what is named into a folder, and returns what went wrong, empty if nothing.

    `builds_all`: what comes from elsewhere too, not folders of this machine alone.
    """

    build: Callable[[str, Path], str]
    builds_all: bool


def by_uv(uv: Sequence[str]) -> Builder:
    """Folders alone: uv builds the rest itself, but takes its last build of a folder whose code has changed."""
    command = [*uv, "build", "--quiet", "--wheel", "--no-create-gitignore", "--python", sys.executable, "--out-dir"]
    return Builder(lambda source, folder: run([*command, str(folder), source]), builds_all=False)


def by_pip() -> Builder:
    """Folders, archives, and what is in git."""
    return Builder(lambda source, folder: _pip_wheel([source], folder), builds_all=True)


def wheels_of_folders(requirements: Requirements, builder: Builder, wheels: Path, platform: Platform) -> Requirements:
    """The requirements with a wheel in the place of each folder, and of each source from elsewhere if pip builds."""
    lines = []
    for line in requirements.lines:
        is_source = bool(line.local) and not line.local.endswith(".whl")
        is_folder = is_source and Path(line.local).is_dir()
        if is_folder or (builder.builds_all and (is_source or line.is_fetched_source)):
            wheel = _built(line.local or line.wanted.rpartition(" @ ")[2], line.name, builder, wheels, platform)
            lines.append(_of_wheel(wheel, line.extras))
        else:
            lines.append(line)
    return replace(requirements, lines=tuple(lines))


def hashed(requirements: Requirements) -> Requirements:
    """The same with hashes of the wheels of this machine: pip wants hashes of all or of none."""
    return replace(requirements, lines=tuple(_hashed(line) if line.local else line for line in requirements.lines))


def build_missing(name: str, requirements: Requirements, wheels: Path, platform: Platform) -> bool:
    """Build what pip found no wheel of, such as `docopt==0.6.2`; whether there is now one more wheel."""
    pinned = _pinned(name, requirements)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text(f"{pinned}\n", encoding="utf-8")
        distribution = name_of(name)
        sources = ["--no-binary", distribution, "--find-links", str(wheels), "-r", str(listed)]
        before = set(wheels.glob("*.whl"))
        wheels.mkdir(exist_ok=True)
        failed = _pip_wheel(sources, Path(folder, "built"))
        if failed and "No matching distribution" in failed:
            return False
        found = next(iter(Path(folder, "built").glob("*.whl")), None)
        if failed or found is None:
            raise PackagingError(_not_built(name, failed, platform))
        _check_pure(found, name, platform)
        found.rename(wheels / found.name)
        return set(wheels.glob("*.whl")) != before


def with_built(requirements: Requirements, name: str, wheels: Path) -> Requirements:
    """The requirements with the wheel that was built in the place of the pin with hashes, which are of the source."""
    distribution = normalised(name_of(name))
    lines = []
    for line in requirements.lines:
        if line.hashes and normalised(line.name) == distribution:
            wheel = next(each for each in wheels.glob("*.whl") if normalised(each.name.split("-")[0]) == distribution)
            lines.append(_hashed(_of_wheel(wheel, line.extras)))
        else:
            lines.append(line)
    return replace(requirements, lines=tuple(lines))


def _pip_wheel(arguments: Sequence[str], folder: Path) -> str:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    return run([*pip, "--wheel-dir", str(folder), *arguments])


def _built(source: str, name: str, builder: Builder, wheels: Path, platform: Platform) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        failed = builder.build(source, Path(folder))
        found = next(iter(Path(folder).glob("*.whl")), None)
        if failed or found is None:
            raise PackagingError(_not_built(name, failed, platform))
        _check_pure(found, name, platform)
        wheels.mkdir(exist_ok=True)
        return found.rename(wheels / found.name)


def _check_pure(wheel: Path, name: str, platform: Platform) -> None:
    if platform.machine is not None and not wheel.stem.endswith("-none-any"):
        raise PackagingError(
            f"{name} has no wheel for {platform.name}, and what is built here ({wheel.name}) is for this machine only: "
            f"{WAYS_WITHOUT_WHEEL}"
        )


def _not_built(name: str, failed: str, platform: Platform) -> str:
    return f"{name} cannot be built for {platform.name}: {WAYS_WITHOUT_WHEEL} The build says:{last_lines(failed)}"


def _of_wheel(wheel: Path, extras: str) -> Line:
    name = wheel.name.split("-")[0].replace("_", "-")
    return Line(f"{name}{extras} @ {wheel.resolve().as_uri()}", name, (), str(wheel.resolve()), extras)


def _hashed(line: Line) -> Line:
    if line.hashes or not Path(line.local).is_file():
        return line
    digest = hashlib.sha256(Path(line.local).read_bytes()).hexdigest()
    return replace(line, hashes=(f"--hash=sha256:{digest}",))


def _pinned(name: str, requirements: Requirements) -> str:
    """The requirement as it is pinned by hashes, or else as pip names it."""
    distribution = normalised(name_of(name))
    return next(
        (str(line) for line in requirements.lines if line.hashes and normalised(line.name) == distribution), name
    )
