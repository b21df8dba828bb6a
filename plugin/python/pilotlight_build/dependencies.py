"""The dependencies in requirements.txt, installed for the platform that Lambda runs, not for this machine."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pilotlight_build import bytecode
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.runtime_modules import RUNTIME_DISTRIBUTIONS

_LEFT_OUT = re.compile(r"(^|/)(__pycache__|bin)/|\.(pyc|pyi|pxd|c|h)$|(^|/)py\.typed$|^[^/]+/tests?/")
_KEPT_OF_DIST_INFO = ("METADATA", "entry_points.txt")
"""What version() and entry_points() of importlib.metadata read."""


@dataclass(frozen=True)
class Platform:
    """Where the package will run. `machine` is pip's name of the processor; None means this machine."""

    python: tuple[int, int]
    machine: str | None

    @property
    def name(self) -> str:
        """The platform's name, for file names."""
        return f"python{self.python[0]}.{self.python[1]}-{self.machine or f'this-machine-{sys.platform}'}"

    @classmethod
    def lambda_runtime(cls, runtime: str, architecture: str) -> "Platform":
        """Return the platform for serverless.yml's `runtime` (python3.13) and `architecture` (arm64 or x86_64)."""
        found = re.fullmatch(r"python(\d)\.(\d+)", runtime)
        if not found:
            raise PackagingError(f"provider.runtime is {runtime!r}; this project packages python3.x only.")
        return cls((int(found[1]), int(found[2])), {"arm64": "aarch64"}.get(architecture, architecture))

    @classmethod
    def this_machine(cls) -> "Platform":
        """Return the platform of the Python that runs this: the local engine runs the functions with it."""
        return cls(sys.version_info[:2], None)


def read(requirements: Path, platform: Platform) -> str:
    """Return what to install for `platform`: without what the runtime includes, with markers evaluated."""
    if not requirements.exists():
        raise PackagingError(f"{requirements.name} is missing: `npm run lock` writes it from pyproject.toml.")
    lines = []
    for requirement in _logical_lines(requirements.read_text()):
        if requirement.startswith("-"):
            lines.append(requirement)
            continue
        specifier, *hashes = re.split(r"\s+(?=--hash=)", requirement)
        wanted, _, marker = specifier.partition(";")
        name = re.split(r"[^A-Za-z0-9._-]", wanted.strip(), maxsplit=1)[0]
        if re.sub(r"[-_.]+", "-", name).lower() in RUNTIME_DISTRIBUTIONS or not _applies(marker, platform):
            continue
        if not hashes:
            raise PackagingError(f"{requirements.name}: {name} has no --hash; `npm run lock` writes them.")
        lines.append(" ".join([wanted.strip(), *hashes]))
    return "\n".join(sorted(lines)) + "\n"


def installed(pinned: str, platform: Platform, compiler: bytecode.Python | None, cache: Path) -> dict[str, bytes]:
    """Install the dependencies; return their files by path in the zip, with bytecode. Keeps them in `cache`."""
    sources = "".join(Path(module).read_text() for module in (__file__, bytecode.__file__))
    made_of = f"{platform} {compiler and compiler.version}\n{pinned}\n{sources}"
    folder = cache / f"dependencies-{platform.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            fresh = Path(temporary, "fresh")
            _install(pinned, platform, Path(temporary, "raw"))
            files = dict(_shipped(Path(temporary, "raw")))
            if compiler is not None:
                files |= bytecode.compiled(files, compiler)
            for name, content in files.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).write_bytes(content)
            fresh.mkdir(exist_ok=True)
            for older in cache.glob(f"dependencies-{platform.name}-*"):
                shutil.rmtree(older, ignore_errors=True)
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.exists():  # another build may have created the same folder first
                    raise
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _install(pinned: str, platform: Platform, folder: Path) -> None:
    folder.mkdir()
    if not pinned.strip():
        return
    requirements = folder.with_suffix(".txt")
    requirements.write_text(pinned)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--no-compile", "--no-deps", "--require-hashes", "--root-user-action=ignore", "--target", str(folder)]
    if platform.machine is not None:
        version = ".".join(map(str, platform.python))
        pip += ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
        pip += [f"--platform={tag}" for tag in _wheel_platforms(platform)]
    done = subprocess.run([*pip, "-r", str(requirements)], capture_output=True, text=True, check=False)
    if done.returncode:
        output = done.stderr.strip().splitlines()[-12:]
        without = re.search(r"No matching distribution found for (\S+)", done.stderr)
        remedy = ""
        if without and platform.machine:
            remedy = f"\n{without[1]} has no wheel for {platform.name}: pin a version that has one, or remove it."
        if "No module named pip" in done.stderr:
            remedy = "\nThis Python has no pip. `node scripts/setup.mjs --for run` creates a .venv that has pip."
        raise PackagingError("pip could not install the dependencies:\n  " + "\n  ".join(output) + remedy)


def _wheel_platforms(platform: Platform) -> Iterator[str]:
    """Python 3.12 and later run on Amazon Linux 2023, glibc 2.34; earlier ones on Amazon Linux 2, glibc 2.26."""
    newest = 34 if platform.python >= (3, 12) else 26
    yield from (f"manylinux_2_{minor}_{platform.machine}" for minor in range(newest, 16, -1))
    yield f"manylinux2014_{platform.machine}"


def _shipped(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or _LEFT_OUT.search(name):
            continue
        content = path.read_bytes()
        if ".dist-info/" in name:
            if path.name not in _KEPT_OF_DIST_INFO:
                continue
            if path.name == "METADATA":
                content = content.partition(b"\n\n")[0] + b"\n"  # the rest is the README
        yield name, content


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        stripped = re.sub(r"(^|\s)#.*", "", line).strip()
        if stripped:
            yield stripped


def _applies(marker: str, platform: Platform) -> bool:
    """Whether an environment marker holds on `platform`; pip would evaluate it for this machine."""
    if not marker.strip():
        return True
    try:
        from packaging.markers import Marker
    except ImportError:
        from pip._vendor.packaging.markers import Marker  # type: ignore[assignment]
    if platform.machine is None:
        return Marker(marker).evaluate()
    version = ".".join(map(str, platform.python))
    return Marker(marker).evaluate(
        {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": platform.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }
    )
