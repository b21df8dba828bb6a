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

_LEFT_OUT = re.compile(r"(^|/)__pycache__/|^bin/|\.(pyc|pxd|c|h)$|(^|/)py\.typed$")
"""Bytecode of this machine, commands, and what only a compiler or a type checker reads."""
_STUB = re.compile(r"[^/]+/.*\.pyi$|[^/]+\.pyi$")
_TESTS = re.compile(r"([^/]+)/(tests?)/")
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
            files = dict(shipped(Path(temporary, "raw")))
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


def shipped(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The installed files that a function needs, by path in the zip."""
    needed = _Needed(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or _LEFT_OUT.search(name) or needed.leaves_out(name):
            continue
        content = path.read_bytes()
        if ".dist-info/" in name:
            if path.name not in _KEPT_OF_DIST_INFO:
                continue
            if path.name == "METADATA":
                content = content.partition(b"\n\n")[0] + b"\n"  # the rest is the README
        yield name, content


class _Needed:
    """Which stubs and tests run after all: stubs by which a package loads its names, tests that its modules import."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, str] = {}

    def leaves_out(self, name: str) -> bool:
        """Whether a file is a stub or a test that nothing in its distribution loads."""
        if _STUB.fullmatch(name):
            return "attach_stub" not in self._source_of(name.partition("/")[0], "")
        if tests := _TESTS.match(name):
            source = self._source_of(tests[1], f"{tests[1]}/{tests[2]}/")
            own = re.escape(tests[1])
            imports = rf"(?:from|import)\s+(?:{own}\.|\.+){tests[2]}\b|from\s+(?:{own}|\.+)\s+import\s+.*\b{tests[2]}\b"
            return not re.search(imports, source)
        return False

    def _source_of(self, package: str, without: str) -> str:
        """The text of a package's modules, without those of one folder."""
        key = f"{package} {without}"
        if key not in self._sources:
            files = (self._folder / package).rglob("*.py")
            names = sorted((path.relative_to(self._folder).as_posix(), path) for path in files)
            shown = [path for name, path in names if not without or not name.startswith(without)]
            self._sources[key] = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in shown)
        return self._sources[key]
