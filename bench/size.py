"""Zip sizes: ours as `sls package` makes it, and the peers' with and without what the Lambda runtime provides."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from bench.apps import PEERS
from bench.install import app_folder, shipped_zip
from pilotlight_build.runtime_modules import RUNTIME_FOLDERS
from pilotlight_tools.local.runtime.python import runtime_python


def run() -> dict[str, Any]:
    """Megabytes (10^6 bytes) of each; JSON-ready."""
    python = runtime_python()
    ours = shipped_zip()
    rows: list[dict[str, Any]] = []
    if ours:
        megabytes = ours.stat().st_size / 1e6
        rows.append({"app": "pilotlight", "zip_mb": round(megabytes, 3), "without_boto_mb": round(megabytes, 3)})
    for peer in PEERS:
        folder = app_folder(peer, "as shipped", python)
        whole, without = zipped(folder, leave_out=frozenset()), zipped(folder, leave_out=RUNTIME_FOLDERS)
        rows.append({"app": peer.name, "zip_mb": round(whole / 1e6, 3), "without_boto_mb": round(without / 1e6, 3)})
    return {"sizes": rows}


def zipped(folder: Path, leave_out: frozenset[str]) -> int:
    """Bytes of a folder's zip, without the packages in `leave_out`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and re.split(r"[/.-]", name)[0] not in leave_out:
                archive.write(path, name)
    return packed.tell()
