"""Build the zip for Lambda: `python -m pilotlight_build.package`, run by the sls plugin (plugin/package.cjs).

It contains own files by the patterns of serverless.yml, and dependencies from requirements.txt for the deployed
platform, without what the Lambda runtime includes, with bytecode that Lambda can use. The same input gives the same
bytes, and is built only once. `pilotlight/build.txt` in it is a digest of all the rest: replies to pings name it.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pilotlight_build import bill_of_materials, bytecode, dependencies, own_files, requirements, shipped
from pilotlight_build.archive import check_size, write_zip
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import NOTHING_ELSEWHERE, Elsewhere
from pilotlight_build.platforms import Platform

BUILD_FILE = "pilotlight/build.txt"
"""Where the deployed package finds its build; `pilotlight.ping.read_build` reads it."""
_BUILD_DIGITS = 16


@dataclass(frozen=True)
class Built:
    """The finished package: `bytes` and `files` count the zip; `notices` are for the user; `build` is in BUILD_FILE.

    `left_out` are files of the dependencies, by pattern, each with its reason.
    """

    artifact: str
    sha256: str
    build: str
    bytes: int
    files: int
    cached: bool = False
    notices: list[str] = field(default_factory=list)
    bill_of_materials: str = ""
    left_out: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """`elsewhere`: layers and the like. `ships_boto3`: where requirements name it, though the runtime has it.

    `keep`: patterns of dependencies' files that would be left out.
    """

    elsewhere: Elsewhere = NOTHING_ELSEWHERE
    require_hashes: bool = False
    ships_boto3: bool = False
    keep: tuple[str, ...] = ()


NO_SETTINGS = Settings()


def build(
    root: Path,
    patterns: Sequence[str],
    handlers: Iterable[str],
    platform: Platform,
    artifact: Path,
    cache: Path,
    settings: Settings = NO_SETTINGS,
) -> Built:
    """Build `artifact` from `root` for `platform`, or reuse it when its inputs have not changed.

    `handlers` are serverless.yml's, such as "handler.handler"; `cache` keeps the installed dependencies. Raises
    `PackagingError` with a remedy.
    """
    selected = own_files.select(root, patterns)
    check_size(own_files.sizes(selected.files))
    own = own_files.read(selected.files)
    executable = own_files.executables(selected.files)
    handlers = sorted(set(handlers))
    wanted = requirements.of_service(
        root, platform, require_hashes=settings.require_hashes, ships_boto3=settings.ships_boto3
    )
    compiler = bytecode.find_python(platform.python)
    builders = {path.name: path.read_bytes() for path in Path(__file__).parent.glob("*.py")}
    words = [
        platform.name,
        compiler.version if compiler else "",
        wanted.key,
        *patterns,
        *handlers,
        *executable,
        *settings.elsewhere.words(),
        *settings.keep,
    ]
    key = _digest([*words, _digest([], builders)], own)
    record = artifact.with_suffix(".json")
    before = _built_before(record, key, artifact)
    if before is not None:
        return before

    found = dependencies.installed(wanted, platform, compiler, cache, settings.keep)
    selected.require_matches(found.files)
    removed = own_files.left_out(patterns, found.files)
    installed = found.files.only(lambda name: name not in removed)
    notices = _check_imports(Contents(root, own, installed, removed), handlers, platform, compiler, settings.elsewhere)
    bytecode_of_own = bytecode.compiled(own, compiler) if compiler else {}
    notices += _uncompiled(own, bytecode_of_own) if compiler else []
    files = {**own, **bytecode_of_own}
    check_size({**installed.sizes(), **{name: len(content) for name, content in files.items()}})
    files.pop(BUILD_FILE, None)  # of a package that was unpacked here
    digests = {name: found.digests[name] for name in installed if name != BUILD_FILE}
    digests |= {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    build_of_files = _digest(executable, {name: digest.encode() for name, digest in digests.items()})[:_BUILD_DIGITS]
    files[BUILD_FILE] = f"{build_of_files}\n".encode()
    write_zip(artifact, files, executable, installed)
    sha256 = hashlib.sha256(artifact.read_bytes()).hexdigest()
    bill = artifact.with_suffix(".cdx.json")
    bill_of_materials.write(bill, bill_of_materials.Package(sha256, build_of_files), found.parts, digests)
    built = Built(
        artifact=str(artifact),
        sha256=sha256,
        build=build_of_files,
        bytes=artifact.stat().st_size,
        files=len({*installed, *files}),
        notices=[
            *wanted.notices,
            *selected.notices,
            *notices,
            *shipped.notices(found.left_out),
            *([] if compiler else [bytecode.missing_notice(platform.python)]),
        ],
        bill_of_materials=str(bill),
        left_out=[asdict(each) for each in found.left_out],
    )
    record.write_text(json.dumps({"key": key, "built": asdict(built)}))
    return built


def _check_imports(
    contents: Contents,
    handlers: Sequence[str],
    platform: Platform,
    compiler: bytecode.Python | None,
    elsewhere: Elsewhere,
) -> list[str]:
    """Check them by modules that an unchanged package does not need, and so does not load."""
    from pilotlight_build import imports
    from pilotlight_build.conditions import Target

    target = Target(platform.python, "linux" if platform.machine else sys.platform)
    return imports.check(contents, handlers, target, compiler, elsewhere)


def _uncompiled(own: Mapping[str, bytes], compiled: Iterable[str]) -> list[str]:
    """A notice of sources that nothing certainly loads, for else they are errors, and that are none for this Python."""
    without = sorted({name for name in own if name.endswith(".py")} - {bytecode.source_of(name) for name in compiled})
    named = ", ".join(without[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
    return [f"The deployed Python cannot compile {named}: importing it would fail."] if without else []


def _digest(words: Iterable[str], files: Mapping[str, bytes]) -> str:
    """Return a digest of the words, and of the files by their names in order."""
    digest = hashlib.sha256()
    contents = [data for name in sorted(files) for data in (name.encode(), files[name])]
    for data in (*(word.encode() for word in words), *contents):
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _built_before(record: Path, key: str, artifact: Path) -> Built | None:
    try:
        known = json.loads(record.read_text())
        built = Built(**known["built"])
        if known["key"] != key or not artifact.exists() or not Path(built.bill_of_materials).exists():
            return None
        return replace(built, artifact=str(artifact), cached=True)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _add_elsewhere(parser: argparse.ArgumentParser) -> None:
    for option, metavar, meaning in (
        ("provided", "MODULE", "a layer, or another, has it"),
        ("layer", "PATH", "a folder or zip, as a layer of this service has it, whose files are at /opt on Lambda"),
        ("has-layers", "MODULE.NAME", "one of the handlers, whose functions have layers of which nothing is known"),
        ("python-path", "VALUE", "PYTHONPATH in a function's environment"),
    ):
        parser.add_argument(f"--{option}", action="append", default=[], metavar=metavar, help=meaning)


def _elsewhere(options: argparse.Namespace) -> Elsewhere:
    return Elsewhere(
        provided=tuple(options.provided),
        layers=tuple(options.root / layer for layer in options.layer),
        layered=tuple(options.has_layers),
        python_path=tuple(options.python_path),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, which the sls plugin calls with `--json`; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pilotlight_build.package", description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(), help="the service's folder (default: .)")
    parser.add_argument("--pattern", action="append", default=[], metavar="GLOB", help="as in package.patterns")
    parser.add_argument("--handler", action="append", required=True, metavar="MODULE.NAME", help="a function's handler")
    parser.add_argument("--runtime", default="python3.13", help="provider.runtime (default: %(default)s)")
    parser.add_argument("--architecture", default="arm64", choices=["arm64", "x86_64"], help="default: %(default)s")
    parser.add_argument(
        "--for-this-machine", action="store_true", help="build for this Python, which the local engine runs"
    )
    parser.add_argument("--output", type=Path, help="the zip (default: build/<platform>.zip)")
    parser.add_argument("--cache", type=Path, help="the folder for installed dependencies (default: beside the zip)")
    _add_elsewhere(parser)
    parser.add_argument("--require-hashes", action="store_true", help="refuse requirements without a hash")
    parser.add_argument("--ship-boto3", action="store_true", help="ship the SDK, which the runtime has too")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="GLOB", help="ship what would be left out of the dependencies"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--verbose", action="store_true", help="list what is left out of the dependencies")
    options = parser.parse_args(arguments)
    try:
        here = options.for_this_machine
        platform = Platform.this_machine() if here else Platform.lambda_runtime(options.runtime, options.architecture)
        artifact = options.output or options.root / "build" / f"{platform.name}.zip"
        cache = options.cache or artifact.parent / "cache"
        settings = Settings(_elsewhere(options), options.require_hashes, options.ship_boto3, tuple(options.keep))
        built = build(options.root, options.pattern, options.handler, platform, artifact, cache, settings)
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(asdict(built)))
    else:
        size = f"{built.bytes / 1e6:.2f} MB, {built.files} files, build {built.build}, sha256 {built.sha256}"
        print("\n".join([f"{built.artifact}: {size}{' (unchanged)' if built.cached else ''}", *built.notices]))
        if options.verbose:
            print(
                "\n".join(
                    "Left out: {pattern} (files: {files}, bytes: {bytes}): {reason}".format(**each)
                    for each in built.left_out
                )
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
