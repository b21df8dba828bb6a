"""Zips for Lambda: equal files give equal bytes."""

import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

_EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_zip(artifact: Path, files: Mapping[str, bytes], executable: Collection[str] = ()) -> None:
    """Write sorted names with one time and two modes, so that equal files give equal bytes. Replace in one step."""
    artifact.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=artifact.parent, suffix=".zip", delete=False) as temporary:
        try:
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                for name in sorted(files):
                    entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
                    entry.create_system = 3  # Unix, wherever this runs: Lambda reads the mode below
                    entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
                    archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, compresslevel=9)
            Path(temporary.name).chmod(0o644)
            Path(temporary.name).replace(artifact)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
