"""What an installer left in a folder: its distributions, and whether they are for the platform."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.install_errors import WAYS_WITHOUT_WHEEL
from pilotlight_build.platforms import Platform

_MACHINES = {"x86_64": 62, "aarch64": 183}
"""`e_machine` in the header of an ELF file (System V ABI)."""


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its metadata, its files by their paths below the folder, its wheel's tags."""

    metadata: Message
    files: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as its project writes it."""
        return str(self.metadata["Name"])

    @property
    def version(self) -> str:
        """The version."""
        return str(self.metadata["Version"])


def distributions(folder: Path) -> Iterator[Distribution]:
    """The distributions in a folder, by the names of their metadata."""
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as file:
            named = [row[0] for row in csv.reader(file) if row]
        files = tuple(name for name in named if ".." not in name.split("/") and (folder / name).is_file())
        metadata = HeaderParser().parsestr((record.parent / "METADATA").read_text(encoding="utf-8"))
        wheel = record.parent / "WHEEL"
        tags = HeaderParser().parsestr(wheel.read_text(encoding="utf-8")).get_all("Tag") if wheel.exists() else None
        yield Distribution(metadata, files, tuple(tags or ()))


def check_platform(folder: Path, platform: Platform) -> None:
    """Raise `PackagingError` for what was built here and is for this machine only."""
    if platform.machine is None:
        return
    for each in distributions(folder):
        was_built_here = any(tag.rpartition("-")[2].startswith(("linux_", "macosx_")) for tag in each.tags)
        if was_built_here or _is_of_another_machine(folder, each, platform.machine):
            raise PackagingError(
                f"{each.name} has no wheel for {platform.name}, and what is built here is for this machine only: "
                f"{WAYS_WITHOUT_WHEEL}"
            )


def _is_of_another_machine(folder: Path, distribution: Distribution, machine: str) -> bool:
    """Whether all its compiled files are for another; some have files for several, and load what they need."""
    machines = set()
    for name in distribution.files:
        if name.endswith(".so") or ".so." in name:
            with (folder / name).open("rb") as file:
                header = file.read(20)
            if header[:4] == b"\x7fELF":
                machines.add(int.from_bytes(header[18:20], "little"))
    return bool(machines) and _MACHINES.get(machine) not in machines
