"""The dependencies, installed for the platform that Lambda runs, not for this machine, and compressed once."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pilotlight_build import bill_of_materials, bytecode, installing, own_sources, shipped
from pilotlight_build.archive import digests_of, write_zip
from pilotlight_build.bill_of_materials import Part
from pilotlight_build.platforms import Platform
from pilotlight_build.requirements import Requirements
from pilotlight_build.stored import Stored

_ARCHIVE, _ABOUT = "files.zip", "about.json"


@dataclass(frozen=True)
class Dependencies:
    """The files by path in the zip, with bytecode, and their SHA-256; what is left out; the distributions."""

    files: Stored
    digests: Mapping[str, str]
    left_out: tuple[shipped.LeftOut, ...]
    parts: tuple[Part, ...]


def installed(
    wanted: Requirements,
    platform: Platform,
    compiler: bytecode.Python | None,
    cache: Path,
    keep: Sequence[str] = (),
) -> Dependencies:
    """Install the dependencies for `platform`, or take them from `cache`; `keep` are patterns of what is kept."""
    made_of = f"{platform} {compiler and compiler.version}\n{wanted.key}\n{keep}\n{own_sources.digest()}"
    folder = cache / f"dependencies-{platform.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            fresh = Path(temporary, "fresh")
            fresh.mkdir()
            raw = Path(temporary, "raw")
            installing.install(wanted, platform, raw)
            _store(raw, fresh, compiler, keep)
            for older in cache.glob(f"dependencies-{platform.name}-*"):
                shutil.rmtree(older, ignore_errors=True)
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.exists():  # another build may have created the same folder first
                    raise
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    left_out = tuple(shipped.LeftOut(**each) for each in about["left_out"])
    parts = tuple(Part(**each) for each in about["parts"])
    return Dependencies(Stored((folder / _ARCHIVE).read_bytes()), about["digests"], left_out, parts)


def _store(raw: Path, folder: Path, compiler: bytecode.Python | None, keep: Sequence[str]) -> None:
    choice = shipped.choose(raw, keep)
    files = {name: shipped.content(raw, name) for name in choice.names}
    executable = [name for name in choice.names if (raw / name).stat().st_mode & 0o111]
    digests = digests_of(files)
    parts = bill_of_materials.parts(raw, digests)
    if compiler is not None:
        compiled = bytecode.compiled(files, compiler)
        digests |= digests_of(compiled)
        files |= compiled
    write_zip(folder / _ARCHIVE, files, executable)
    about = {
        "digests": digests,
        "left_out": [asdict(each) for each in choice.left_out],
        "parts": [asdict(each) for each in parts],
    }
    (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
