"""Install requirements for the platform that Lambda runs: hashed ones as they are pinned, others resolved.

pip installs what is pinned by hashes. What has to be resolved or built, uv does where it is there: it evaluates markers
for the deployed platform, and builds local folders, git checkouts and source distributions. pip can resolve too, where
everything has a wheel.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.platforms import Platform, wheel_platforms
from pilotlight_build.requirements import Requirements, normalised
from pilotlight_build.runtime_modules import RUNTIME_DISTRIBUTIONS

_MACHINES = {"x86_64": 62, "aarch64": 183}
"""`e_machine` in the header of an ELF file (System V ABI)."""


def install(requirements: Requirements, platform: Platform, folder: Path) -> None:
    """Install into `folder`, which is new, without what the runtime includes. Raises `PackagingError` with a remedy."""
    folder.mkdir()
    if not requirements.text.strip():
        return
    listed = folder.with_suffix(".txt")
    listed.write_text(requirements.text)
    if requirements.are_hashed:
        _run([*_pip(platform, folder), "--no-deps", "--require-hashes", "-r", str(listed)], "pip", platform)
        return
    constraints: list[str] = []
    if requirements.constraints:
        file = folder.with_name("constraints.txt")
        file.write_text(requirements.constraints)
        constraints = ["-c", str(file)]
    if uv := find_uv():
        _run([*uv, *_uv_options(platform, folder), "-r", str(listed), *constraints], "uv", platform)
    else:
        _run([*_pip(platform, folder), "-r", str(listed), *constraints], "pip", platform)
    (folder / ".lock").unlink(missing_ok=True)  # of uv
    if not requirements.ships_boto3:
        _remove_runtime(folder)
    _check_platform(folder, platform)


def find_uv() -> list[str] | None:
    """The command that runs uv: of this Python, or on PATH; None where there is none."""
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else None


def _uv_options(platform: Platform, folder: Path) -> list[str]:
    options = ["pip", "install", "--quiet", "--no-progress", "--link-mode", "copy", "--target", str(folder)]
    options += ["--python", sys.executable]
    if platform.machine is None:
        return options
    newest = next(wheel_platforms(platform)).removesuffix(f"_{platform.machine}")
    version = ".".join(map(str, platform.python))
    return [*options, "--python-version", version, "--python-platform", f"{platform.machine}-{newest}"]


def _pip(platform: Platform, folder: Path) -> list[str]:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--no-compile", "--root-user-action=ignore", "--target", str(folder)]
    if platform.machine is None:
        return pip
    version = ".".join(map(str, platform.python))
    pip += ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
    return [*pip, *(f"--platform={tag}" for tag in wheel_platforms(platform))]


def _run(command: Sequence[str], installer: str, platform: Platform) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        output = done.stderr.strip().splitlines()[-12:]
        told = f"{installer} could not install the dependencies:\n  " + "\n  ".join(output)
        raise PackagingError(told + _remedy(done.stderr, installer, platform))


def _remedy(output: str, installer: str, platform: Platform) -> str:
    if "No module named pip" in output:
        return "\nThis Python has no pip. `node scripts/setup.mjs --for run` creates a .venv that has pip."
    without = re.search(r"No matching distribution found for (\S+)", output)
    if without and platform.machine:
        way = "" if installer == "uv" or find_uv() else ", or install uv (`pip install uv`), which builds pure Python"
        return f"\n{without[1]} has no wheel for {platform.name}: pin a version that has one, or remove it{way}."
    if "wheel" in output or "build" in output.lower():
        return (
            f"\nWhat has no wheel for {platform.name} can be built here only if it is pure Python: pin a version that "
            "has a wheel, or put it into a layer and name its module under `provided`."
        )
    return ""


def _remove_runtime(folder: Path) -> None:
    """What Lambda has, and what was resolved as a dependency of something else."""
    for record in folder.glob("*.dist-info/RECORD"):
        if normalised(record.parent.name.partition("-")[0]) not in RUNTIME_DISTRIBUTIONS:
            continue
        for line in record.read_text(encoding="utf-8").splitlines():
            (folder / line.split(",")[0]).unlink(missing_ok=True)
        shutil.rmtree(record.parent, ignore_errors=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _beginning(file: Path) -> bytes:
    """What tells an ELF file's platform; libraries are large."""
    if not file.is_file():
        return b""
    with file.open("rb") as opened:
        return opened.read(20)


def _check_platform(folder: Path, platform: Platform) -> None:
    """What was built here may be for this machine only."""
    wanted = _MACHINES.get(platform.machine or "")
    for library in folder.rglob("*.so*") if wanted else ():
        header = _beginning(library)
        if header[:4] == b"\x7fELF" and int.from_bytes(header[18:20], "little") != wanted:
            raise PackagingError(
                f"{library.relative_to(folder).as_posix()} was built for this machine, not for {platform.name}: pin a "
                "version that has a wheel, or put it into a layer and name its module under `provided`."
            )
