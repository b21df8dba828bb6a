"""Where the package will run, in the words of pip and uv, and whether an environment marker holds there."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from pilotlight_build.bytecode import PackagingError


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


def newest_glibc(platform: Platform) -> int:
    """The minor version of glibc: Python 3.12 and later run on Amazon Linux 2023, which has 2.34.

    Earlier ones run on Amazon Linux 2, which has 2.26; the newest that both uv and wheels know below it is 2.17.
    """
    return 34 if platform.python >= (3, 12) else 17


def wheel_platforms(platform: Platform) -> Iterator[str]:
    """The tags of wheels that run there, the best first."""
    yield from (f"manylinux_2_{minor}_{platform.machine}" for minor in range(newest_glibc(platform), 16, -1))
    yield f"manylinux2014_{platform.machine}"


def marker_environment(platform: Platform) -> dict[str, str]:
    """What environment markers are about, on `platform`; nothing where that is this machine."""
    if platform.machine is None:
        return {}
    version = ".".join(map(str, platform.python))
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{version}.0",
        "os_name": "posix",
        "platform_machine": platform.machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": "linux",
    }


def applies(marker: str, platform: Platform) -> bool:
    """Whether an environment marker holds on `platform`; pip would evaluate it for this machine."""
    if not marker.strip():
        return True
    try:
        from packaging.markers import Marker
    except ImportError:
        from pip._vendor.packaging.markers import Marker  # type: ignore[assignment]
    return Marker(marker).evaluate(marker_environment(platform))
