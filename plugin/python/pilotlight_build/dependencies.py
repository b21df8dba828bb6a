"""The dependencies in requirements.txt, installed for the platform that Lambda runs, not for this machine."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pilotlight_build import bytecode, installing
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import Requirements

_LEFT_OUT = re.compile(r"(^|/)(__pycache__|bin)/|\.(pyc|pyi|pxd|c|h)$|(^|/)py\.typed$|^[^/]+/tests?/")
_KEPT_OF_DIST_INFO = ("METADATA", "entry_points.txt")
"""What version() and entry_points() of importlib.metadata read."""


def installed(
    wanted: Requirements, platform: Platform, compiler: bytecode.Python | None, cache: Path
) -> dict[str, bytes]:
    """Install the dependencies; return their files by path in the zip, with bytecode. Keeps them in `cache`."""
    sources = "".join(Path(module).read_text() for module in (__file__, bytecode.__file__, installing.__file__))
    made_of = f"{platform} {compiler and compiler.version}\n{wanted.key}\n{sources}"
    folder = cache / f"dependencies-{platform.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            fresh = Path(temporary, "fresh")
            installing.install(wanted, platform, Path(temporary, "raw"))
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
