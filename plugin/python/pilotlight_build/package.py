"""The command line of the builder: `python -m pilotlight_build.package`, run by the sls plugin (plugin/package.cjs)."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pilotlight_build.build import Built, Service, Settings, build
from pilotlight_build.bytecode import PackagingError
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.platforms import Platform


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, which the sls plugin calls with `--json`; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        here = options.for_this_machine
        platform = Platform.this_machine() if here else Platform.lambda_runtime(options.runtime, options.architecture)
        artifact = options.output or options.root / "build" / f"{platform.name}.zip"
        cache = options.cache or artifact.parent / "cache"
        settings = Settings(_elsewhere(options), options.require_hashes, options.ship_boto3, tuple(options.keep))
        built = build(Service(options.root, options.pattern, options.handler), platform, artifact, cache, settings)
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(asdict(built)))
    else:
        _show(built, lists_left_out=options.verbose)
    return 0


def _show(built: Built, *, lists_left_out: bool) -> None:
    size = f"{built.bytes / 1e6:.2f} MB, {built.files} files, build {built.build}, sha256 {built.sha256}"
    print("\n".join([f"{built.artifact}: {size}{' (unchanged)' if built.cached else ''}", *built.notices]))
    for each in built.left_out if lists_left_out else ():
        print("Left out: {pattern} (files: {files}, bytes: {bytes}): {reason}".format(**each))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pilotlight_build.package", description="Build the zip for Lambda.")
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
    return parser


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


if __name__ == "__main__":
    sys.exit(main())
