"""Look into the targets' finished packages: does each hold Pilotlight, in this release line, and answer pings?

`python -m pilotlight_build.artifacts` reads `{"targets": [{"key": "orders", "artifact": "….zip", "handler":
"orders.handler", "redirected": false, "layers": false, "lean": false}], "installs": true}` from standard input and
prints `{"errors": […], "warnings": […], "builds": {"orders": "…"}}`.
Only what is certain is said: the first tick names targets that do not answer.
"""

import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pilotlight
from pilotlight_build.archive import BOOTSTRAP
from pilotlight_build.handler_source import does_its_work_at_every_ping
from pilotlight_build.handlers import module_files

_VERSION = re.compile(rb"^__version__\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_ZIPPED_REQUIREMENTS = ".requirements.zip"
"""Where serverless-python-requirements puts the requirements with its option `zip`."""
_BUILD_DIGITS = 16
_REDIRECT = "pilotlight.redirect.handler"


@dataclass(frozen=True)
class Target:
    """A target and its package. `redirected`: PILOTLIGHT_HANDLER is set; `layers`: it has some, which may hold more;
    `lean`: it starts by the bootstrap of the lean runtime client."""

    key: str
    artifact: str
    handler: str
    redirected: bool = False
    layers: bool = False
    lean: bool = False

    @property
    def is_redirect(self) -> bool:
        """Whether Pilotlight's redirection is the handler."""
        return self.handler.replace("/", ".") == _REDIRECT


@dataclass(frozen=True)
class Findings:
    """What is wrong with the packages, and what is worth a warning, a line each."""

    errors: list[str]
    warnings: list[str]
    builds: dict[str, str] = field(default_factory=dict)
    """What each target's package holds, by its key: 16 hex digits that differ where names or contents do."""


def inspect(targets: Sequence[Target], *, installs: bool, ours: str = pilotlight.__version__) -> Findings:
    """Inspect each package once. `installs`: something installs requirements.txt; `ours` is the plugin's release."""
    found = Findings([], [])
    artifacts = dict.fromkeys(target.artifact for target in targets)
    for artifact in artifacts:
        _inspect_artifact([each for each in targets if each.artifact == artifact], found, ours, installs=installs)
    return found


def release_line(version: str) -> str:
    """The releases that work together: those of one major, or of one minor while the major is 0."""
    major, minor = [*version.split("."), "0"][:2]
    return f"{major}.{minor}" if major == "0" else major


def _inspect_artifact(targets: Sequence[Target], found: Findings, ours: str, *, installs: bool) -> None:
    try:
        archive = zipfile.ZipFile(targets[0].artifact)
    except (OSError, zipfile.BadZipFile):
        return  # the deploy tool says so itself
    with archive:
        found.builds.update(dict.fromkeys((target.key for target in targets), _build_of(archive)))
        files = _Files(archive)
        found.errors.extend(_redirected_nowhere(targets))
        found.errors.extend(_without_bootstrap(targets, archive))
        if not files.has_pilotlight:
            found.warnings.extend(_without_pilotlight(targets, ours, installs=installs))
        elif (theirs := files.version) and release_line(theirs) != release_line(ours):
            found.errors.append(_other_release(targets, theirs, ours))
        found.warnings.extend(_working_at_every_ping(targets, files))


class _Files:
    """The files of a package, with those of a zip that it carries."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archives = [archive]
        if _ZIPPED_REQUIREMENTS in archive.namelist():
            self._archives.append(zipfile.ZipFile(io.BytesIO(archive.read(_ZIPPED_REQUIREMENTS))))

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""
        return next((each.read(name) for each in self._archives if name in each.namelist()), None)

    @property
    def has_pilotlight(self) -> bool:
        return any(name.startswith("pilotlight/") for each in self._archives for name in each.namelist())

    @property
    def version(self) -> str:
        """The release in the package, empty where it does not say so in the usual line."""
        line = _VERSION.search(self.read("pilotlight/__init__.py") or b"")
        return line[1].decode() if line else ""


def _build_of(archive: zipfile.ZipFile) -> str:
    entries = sorted((entry.filename, entry.CRC, entry.file_size) for entry in archive.infolist())
    return hashlib.sha256(repr(entries).encode()).hexdigest()[:_BUILD_DIGITS]


def _redirected_nowhere(targets: Sequence[Target]) -> Iterator[str]:
    for target in targets:
        if target.is_redirect and not target.redirected:
            yield (
                f"functions.{target.key}.handler is {_REDIRECT}, and PILOTLIGHT_HANDLER is missing: set it in "
                f"functions.{target.key}.environment to the real handler, such as wsgi_handler.handler."
            )


def _without_bootstrap(targets: Sequence[Target], archive: zipfile.ZipFile) -> Iterator[str]:
    """Lambda ends a function whose wrapper it cannot execute with exit status 126, and starts nothing instead."""
    keys = ", ".join(target.key for target in targets if target.lean)
    if not keys:
        return
    mode = archive.getinfo(BOOTSTRAP).external_attr >> 16 if BOOTSTRAP in archive.namelist() else None
    if mode is None:
        yield (
            f"The package of {keys} has no {BOOTSTRAP}, by which `runtimeClient: lean` starts it: Pilotlight has to be "
            "in the package itself, unpacked, with its folder runtime/. Add it, or remove `runtimeClient`."
        )
    elif not mode & 0o001:
        yield (
            f"The package of {keys} has {BOOTSTRAP} without its execute bit, and Lambda would not start the function: "
            "let `packaging: pilotlight` build the package, or `chmod 755` the file before it is packaged."
        )


def _without_pilotlight(targets: Sequence[Target], ours: str, *, installs: bool) -> Iterator[str]:
    keys = [target.key for target in targets if not target.layers]  # a layer may hold it
    if not keys:
        return
    line = f"pilotlight=={release_line(ours)}.*"
    way = "" if installs else ", and let serverless-python-requirements or `packaging: pilotlight` install it"
    yield (
        f"The package of {', '.join(keys)} has no `pilotlight/` in it, so pings are not answered: add the line "
        f"`{line}` to requirements.txt{way}."
    )


def _other_release(targets: Sequence[Target], theirs: str, ours: str) -> str:
    return (
        f"The package of {', '.join(target.key for target in targets)} has Pilotlight {theirs}, and the plugin is of "
        f"{ours}, another release line: write `pilotlight=={release_line(ours)}.*` in requirements.txt, or install "
        f"serverless-pilotlight@{release_line(theirs)}."
    )


def _working_at_every_ping(targets: Sequence[Target], files: _Files) -> Iterator[str]:
    for target in targets:
        if target.is_redirect:
            continue
        for file in module_files(target.handler):
            name = target.handler.rpartition(".")[2]
            source = files.read(file)
            if source is None:
                continue
            if does_its_work_at_every_ping(source, name):
                yield (
                    f"{target.key}: `{name}` in {file} never looks at its event and is not wrapped, so it would do its "
                    f"work at every ping. Write `from pilotlight import warmable` and, below the function, "
                    f"`{name} = warmable({name})`."
                )
            break


def main() -> int:
    """Run the command; return the exit code."""
    request: Mapping[str, Any] = json.load(sys.stdin)
    found = inspect([Target(**each) for each in request["targets"]], installs=request["installs"])
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
