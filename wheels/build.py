"""`npm run build`: the two wheels and the plugin's tarball, as a release publishes them, in build/dist/."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pilotlight

WHEELS = ("pilotlight", "pilotlight_tools")
"""The folders below this one that have a project table."""
_HERE = Path("wheels")
_PLUGIN = Path("plugin")
_DEFAULT_FOLDER = Path("build/dist")
_INTERRUPTED = 130


class BuildError(Exception):
    """Something was not built; the message includes the tool's output."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build everything; the exit code is 0, 1 for a problem, 2 for wrong usage, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    if options.tag is not None and options.tag != f"v{pilotlight.__version__}":
        print(f"error: the tag {options.tag} is not of version {pilotlight.__version__}: tag v{pilotlight.__version__}",
              file=sys.stderr)  # fmt: skip
        return 1
    try:
        built = build(options.folder)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    for file in built:
        print(f"{file}  {file.stat().st_size / 1000:,.1f} kB")
    return 0


def build(folder: Path, project: Path = Path()) -> list[Path]:
    """Build the wheels, and the tarball where the plugin has a package.json, in place of those in `folder`.

    Return the files. Raises BuildError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in _built_in(folder):
        earlier.unlink()
    for name in WHEELS:
        build_wheel(project / _HERE / name, folder)
    if (project / _PLUGIN / "package.json").exists():
        _run(["npm", "pack", f"./{_PLUGIN}", "--pack-destination", str(folder.resolve())], project)
    return _built_in(folder)


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of the project table in `project`, with the same bytes for the same files. Raises BuildError.

    hatchling is the locked one of this Python, so nothing is downloaded. It gives all files one time:
    SOURCE_DATE_EPOCH if that is set, else a date of its own.
    """
    before = set(folder.glob("*.whl"))
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())], project)
    [wheel] = set(folder.glob("*.whl")) - before
    return wheel


def _built_in(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.whl"), *folder.glob("*.tgz")])


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"`{' '.join(command)}` in {folder} failed:\n{done.stdout.strip()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="npm run build --", description="Build the wheels and the plugin's tarball into a folder."
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=_DEFAULT_FOLDER,
        help="for the files, in place of earlier ones (default: %(default)s)",
    )
    parser.add_argument("--tag", help="fail unless this is the version's tag, such as v0.2.0")
    return parser


if __name__ == "__main__":
    sys.exit(main())
