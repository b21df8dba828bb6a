"""Zips for Lambda: equal files give equal bytes."""

import hashlib
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.stored import Stored, append, deflated

LARGEST_UNZIPPED_BYTES = 262_144_000
"""What Lambda takes of an unzipped package with its layers, 250 MB ("Lambda quotas")."""
BOOTSTRAP = "pilotlight/runtime/bootstrap"
"""Of the lean runtime client: Lambda executes it. A file system may have no execute bits, or a checkout lose them."""
_EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_zip(
    artifact: Path, files: Mapping[str, bytes], executable: Collection[str] = (), stored: Stored | None = None
) -> None:
    """Write sorted names with one time and two modes, so that equal files give equal bytes. Replace in one step.

    `stored` are files of a zip that this function wrote: they are copied as they are, unless `files` have the name.
    """
    artifact.parent.mkdir(parents=True, exist_ok=True)
    names = sorted(files)
    with tempfile.NamedTemporaryFile(dir=artifact.parent, suffix=".zip", delete=False) as temporary:
        try:
            with ThreadPoolExecutor() as pool, zipfile.ZipFile(temporary, "w") as archive:
                fresh = dict(zip(names, pool.map(lambda name: deflated(files[name]), names), strict=True))
                for name in sorted({*files, *(stored or ())}):
                    if name in fresh:
                        append(
                            archive, _entry(name, is_executable=name in executable or name == BOOTSTRAP), fresh[name]
                        )
                    elif stored is not None:
                        append(archive, *stored.compressed(name))
            Path(temporary.name).chmod(0o644)
            Path(temporary.name).replace(artifact)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file, by its name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _entry(name: str, *, is_executable: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
    entry.create_system = 3  # Unix, wherever this runs: Lambda reads the mode below
    entry.external_attr = (0o100755 if is_executable else 0o100644) << 16
    return entry


def check_size(sizes: Mapping[str, int]) -> None:
    """Raise `PackagingError` for more than Lambda takes, by the files' sizes in bytes. Names the largest folders."""
    total = sum(sizes.values())
    if total <= LARGEST_UNZIPPED_BYTES:
        return
    folders: dict[str, int] = {}
    for name, size in sizes.items():
        for place in {"/".join(name.split("/")[:depth]) for depth in (1, 2)}:
            folders[place] = folders.get(place, 0) + size
    largest = sorted(folders, key=lambda name: (-folders[name], name))[:4]
    parts = ", ".join(f"{name} {folders[name] / 2**20:.0f} MB" for name in largest)
    raise PackagingError(
        f"The package has {total / 2**20:.0f} MB unzipped, and Lambda takes {LARGEST_UNZIPPED_BYTES / 2**20:.0f} MB. "
        f"The largest parts: {parts}. Leave out what no "
        "function needs by package.patterns in serverless.yml, such as '!<folder>/**'."
    )
