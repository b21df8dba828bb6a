"""custom.pilotlight.targets of serverless.yml, checked, as the warmer reads it from PILOTLIGHT_TARGETS.

`python -m pilotlight_build.resolve_targets` reads `{"targets": […], "functions": ["api"], "names": {"api":
"pilotlight-prod-api"}, "timeouts": {"api": 10}, "aliases": {"api": null}}` from standard input and prints the list; an
error is one line on standard error that names the key, with exit code 1.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotlight.warming.targets import TargetsError, parse_target

_SETTING = "custom.pilotlight.targets"
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,128}|\$LATEST")


def main() -> int:
    """Run the command; return the exit code."""
    request = json.load(sys.stdin)
    try:
        functions = [Function(key, *(request[each].get(key) for each in _PROPERTIES)) for key in request["functions"]]
        print(json.dumps(resolve(request["targets"], functions)))
    except TargetsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@dataclass(frozen=True)
class Function:
    """A function of the service: its key in serverless.yml, deployed name, timeout, and the alias that users reach.

    A function that is no target needs its key alone. The deploy tool gives some functions an alias
    (plugin/qualifiers.cjs); `alias` is None for the others.
    """

    key: str
    name: str | None = None
    timeout: int | str | None = None
    alias: str | None = None


_PROPERTIES = ("names", "timeouts", "aliases")


def resolve(targets: Any, functions: Sequence[Function]) -> list[dict[str, Any]]:
    """Return the targets with each function's deployed name and timeout (seconds), and each time zone's rule.

    Raises TargetsError.
    """
    if not isinstance(targets, list) or not targets:
        raise TargetsError(f"{_SETTING} must be a list such as [{{function: api, concurrency: 5}}]")
    by_key = {function.key: function for function in functions}
    return [_resolve(target, by_key, f"{_SETTING}[{index}]") for index, target in enumerate(targets)]


def posix_zone(name: str) -> str:
    """Return the POSIX TZ string of a time zone such as Europe/Berlin: the last line of its TZif file (RFC 9636).

    Raises LookupError for an unknown time zone.
    """
    if name not in zoneinfo.available_timezones():
        raise LookupError(name)
    files = [Path(folder) / name for folder in zoneinfo.TZPATH]
    content = next((file.read_bytes() for file in files if file.is_file()), None)
    if content is None:
        content = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    return content.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


def _resolve(target: Any, functions: dict[str, Function], where: str) -> dict[str, Any]:
    if not isinstance(target, dict):
        raise TargetsError(f"{where} must be an object such as {{function: api, concurrency: 5}}")
    entry = {**target}
    key = entry.get("function")
    function = functions.get(key) if isinstance(key, str) else None
    if function is None:
        raise TargetsError(f"{where}.function must be one of {', '.join(sorted(functions))}, not {key!r}")
    if "timeout" in entry:
        raise TargetsError(f"{where}.timeout is not known: the warmer takes functions.{key}.timeout")
    if "build" in entry:
        raise TargetsError(f"{where}.build is not known: the plugin sets it to what is deployed")
    entry["timeout"] = function.timeout
    _numbers(entry)
    for window in entry["windows"] if isinstance(entry.get("windows"), list) else []:
        _numbers(window)
    if "timeZone" in entry:
        zone = entry.pop("timeZone")
        try:
            entry["zone"] = posix_zone(zone)
        except (LookupError, TypeError) as error:
            raise TargetsError(f"{where}.timeZone must be a time zone such as Europe/Berlin, not {zone!r}") from error
    elif entry.get("windows"):
        raise TargetsError(f"{where}.timeZone is missing: the windows need one, such as Europe/Berlin or UTC")
    alias = entry.pop("alias", None)
    if alias is not None and not (isinstance(alias, str) and _ALIAS.fullmatch(alias)):
        raise TargetsError(f"{where}.alias must be the name of an alias of the function, or $LATEST, not {alias!r}")
    entry["function"] = f"{function.name}:{function.alias}" if function.alias else function.name
    parse_target(entry, where)
    return entry


def _numbers(entry: Any) -> None:
    """Convert numbers given as text, as by `--param concurrency=20`."""
    for name in ("concurrency", "min", "max", "timeout"):
        if isinstance(entry, dict) and isinstance(entry.get(name), str) and entry[name].isdigit():
            entry[name] = int(entry[name])


if __name__ == "__main__":
    sys.exit(main())
