"""custom.pilotlight.targets of serverless.yml, checked, as the warmer reads it from PILOTLIGHT_TARGETS.

`python -m pilotlight_build.resolve_targets` reads `{"targets": […], "names": {"api": "pilotlight-prod-api"},
"timeouts": {"api": 10}}` from standard input and prints the list; an error is one line on standard error that names the
key, with exit code 1.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
import zoneinfo
from pathlib import Path
from typing import Any

from pilotlight.warming.targets import TargetsError, parse_target

_SETTING = "custom.pilotlight.targets"


def main() -> int:
    """Run the command; return the exit code."""
    request = json.load(sys.stdin)
    try:
        print(json.dumps(resolve(request["targets"], request["names"], request["timeouts"])))
    except TargetsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def resolve(targets: Any, names: dict[str, str], timeouts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the targets with each function's deployed name and timeout (seconds), and each time zone's rule.

    Raises TargetsError.
    """
    if not isinstance(targets, list) or not targets:
        raise TargetsError(f"{_SETTING} must be a list such as [{{function: api, concurrency: 5}}]")
    return [_resolve(target, names, timeouts, f"{_SETTING}[{index}]") for index, target in enumerate(targets)]


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


def _resolve(target: Any, names: dict[str, str], timeouts: dict[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(target, dict):
        raise TargetsError(f"{where} must be an object such as {{function: api, concurrency: 5}}")
    entry = {**target}
    function = entry.get("function")
    if function not in names:
        raise TargetsError(f"{where}.function must be one of {', '.join(sorted(names))}, not {function!r}")
    if "timeout" in entry:
        raise TargetsError(f"{where}.timeout is not known: the warmer takes functions.{function}.timeout")
    entry["timeout"] = timeouts[function]
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
    if alias is not None and not (isinstance(alias, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,128}", alias)):
        raise TargetsError(f"{where}.alias must be the name of an alias of the function, not {alias!r}")
    parse_target(entry, where)
    return {**entry, "function": names[function] + (f":{alias}" if alias else "")}


def _numbers(entry: Any) -> None:
    """Convert numbers given as text, as by `--param concurrency=20`."""
    for name in ("concurrency", "min", "max", "timeout"):
        if isinstance(entry, dict) and isinstance(entry.get(name), str) and entry[name].isdigit():
            entry[name] = int(entry[name])


if __name__ == "__main__":
    sys.exit(main())
