"""Install requirements for the platform that Lambda runs: by uv where it is there, else by pip; both give the same.

What has hashes is installed as it is pinned, the rest is resolved, with the markers of the deployed platform. Folders
of this machine are built to wheels first; what else has no wheel is built, and taken if the wheel is for any machine.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotlight_build import wheel_builder
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.install_errors import problem, run, without_wheel
from pilotlight_build.installed import check_platform
from pilotlight_build.platforms import Platform, marker_environment, newest_glibc, wheel_platforms
from pilotlight_build.requirements import Requirements
from pilotlight_build.runtime_modules import normalised
from pilotlight_build.uv import find_uv

_WORDS_OF_UV = {"--pre": "--prerelease allow", "--trusted-host": "--allow-insecure-host"}
_UNKNOWN_TO_UV = frozenset({"--prefer-binary", "--use-feature"})
_MOST_BUILDS = 50


def install(requirements: Requirements, platform: Platform, folder: Path, uv: Sequence[str] | None = None) -> None:
    """Install into `folder`, which is new, without what is left to the runtime. Raises `PackagingError` with a remedy.

    `uv` is the command; an empty one stands for pip.
    """
    folder.mkdir()
    if not requirements.lines:
        return
    command = find_uv() if uv is None else uv
    with tempfile.TemporaryDirectory() as work:
        task = _Task(requirements, platform, folder, Path(work))
        if command:
            _by_uv(task, command)
        else:
            _by_pip(task)
    (folder / ".lock").unlink(missing_ok=True)  # of uv
    _remove(folder, requirements.left_to_runtime)
    check_platform(folder, platform)


@dataclass(frozen=True)
class _Task:
    """What to install, for which platform and where to; `work` is a folder for what that needs on the way."""

    requirements: Requirements
    platform: Platform
    folder: Path
    work: Path

    @property
    def wheels(self) -> Path:
        """Where wheels are that are built here."""
        return self.work / "wheels"


def _by_uv(task: _Task, uv: Sequence[str]) -> None:
    platform = task.platform
    built = wheel_builder.wheels_of_folders(task.requirements, wheel_builder.by_uv(uv), task.wheels, platform)
    options, words = [], []
    for option in built.options:
        name, _, value = option.partition(" ")
        if name in _WORDS_OF_UV:
            words += f"{_WORDS_OF_UV[name]} {value}".split()
        elif name not in _UNKNOWN_TO_UV:
            options.append(option)
    listed = _written(task.work / "requirements.txt", [*options, *map(str, built.lines)])
    command = [*uv, "pip", "install", "--quiet", "--no-progress", "--link-mode", "copy", "--python", sys.executable]
    command += ["--target", str(task.folder), *words, *_how(built, task.work), "-r", listed]
    if platform.machine is not None:
        version = ".".join(map(str, platform.python))
        target = f"{platform.machine}-manylinux_2_{newest_glibc(platform)}"
        command += ["--python-version", version, "--python-platform", target]
    failed = run(command)
    if failed:
        raise PackagingError(problem(failed, "uv", platform))


def _by_pip(task: _Task) -> None:
    platform, wheels = task.platform, task.wheels
    current = wheel_builder.wheels_of_folders(task.requirements, wheel_builder.by_pip(), wheels, platform)
    if any(line.hashes for line in current.lines):
        current = wheel_builder.hashed(current)
    for _attempt in range(_MOST_BUILDS):
        listed = _written(task.work / "requirements.txt", [*current.options, *map(str, current.lines)])
        command = [*_pip(platform), "--target", str(task.folder), *_how(current, task.work), "-r", listed]
        if wheels.is_dir():
            command += ["--find-links", str(wheels)]
        failed = run(command)
        if not failed:
            return
        missing = without_wheel(failed) if platform.machine else None
        if missing is None or not wheel_builder.build_missing(missing, current, wheels, platform):
            raise PackagingError(problem(failed, "pip", platform))
        current = wheel_builder.with_built(current, missing, wheels)


def _pip(platform: Platform) -> list[str]:
    """pip, whose markers are those of the platform: its own options change the wheels that it takes, not these."""
    pip = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    pip += ["--root-user-action=ignore"]
    if platform.machine is None:
        return [sys.executable, "-m", "pip", *pip]
    environment = marker_environment(platform)
    code = (
        f"from pip._vendor.packaging import markers; own = markers.default_environment; "
        f"markers.default_environment = lambda: {{**own(), **{environment!r}}}; "
        "import sys; from pip._internal.cli.main import main; sys.exit(main())"
    )
    pip += ["--only-binary=:all:", "--implementation=cp", f"--python-version={'.'.join(map(str, platform.python))}"]
    return [sys.executable, "-c", code, *pip, *(f"--platform={tag}" for tag in wheel_platforms(platform))]


def _how(requirements: Requirements, work: Path) -> list[str]:
    if requirements.are_hashed:
        return ["--no-deps", "--require-hashes"]
    if not requirements.constraints:
        return []
    return ["-c", _written(work / "constraints.txt", [requirements.constraints])]


def _written(file: Path, lines: Sequence[str]) -> str:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def _remove(folder: Path, names: frozenset[str]) -> None:
    """What is left to the runtime, and was installed because something else needs it."""
    for record in folder.glob("*.dist-info/RECORD"):
        if normalised(record.parent.name.removesuffix(".dist-info").rpartition("-")[0]) not in names:
            continue
        for line in record.read_text(encoding="utf-8").splitlines():
            (folder / line.split(",")[0]).unlink(missing_ok=True)
        shutil.rmtree(record.parent, ignore_errors=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
