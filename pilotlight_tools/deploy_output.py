"""What a failed deploy tool printed, as a person wants to read it: the reason, in their own folder, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pilotlight_tools.configuration import configuration_file, read_configuration

_NOISE = re.compile(
    r"\s*(Environment:|Docs:|Deploying .* to stage|\N{MULTIPLICATION SIGN} Stack .* failed|Error:$)|"
    r"\s*\w+_(COMPLETE|IN_PROGRESS) - "
)
_STACK = re.compile(r"\s+at .*[:)]\d*\)?$")
_PARAMETER = re.compile(r"\$\{param:([\w.-]+)\}")
"""Without a value to fall back on."""


def reason_in(output: str, project: Path, copy: Path | None = None) -> str:
    """Return what matters of `output`; `copy` is the folder that stood in for `project`."""
    if copy is not None:
        for written in dict.fromkeys((str(copy), str(copy.resolve()))):
            output = output.replace(written, str(project.resolve()))
    kept = [line.rstrip() for line in output.splitlines() if not _is_noise(line)]
    told = re.sub(r"\n{2,}", "\n", "\n".join(kept)).strip()
    return "\n".join([told, *_hints(told, project)])


def _is_noise(line: str) -> bool:
    return "FAILED" not in line and bool(_NOISE.match(line) or _STACK.fullmatch(line))


def _hints(told: str, project: Path) -> Iterator[str]:
    if 'Value not found at "param" source' in told:
        yield from _missing_parameters(read_configuration(project), configuration_file(project))
    if re.search(r"ECONNREFUSED (127\.0\.0\.1|::1)", told):
        yield "Nothing answers at that address of this machine: what was started there has ended."


def _missing_parameters(configuration: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Say which parameters are used and not declared, and which name may have been meant."""
    stages = configuration.get("params") or {}
    declared = sorted({name for values in stages.values() if isinstance(values, dict) for name in values})
    used = dict.fromkeys(_PARAMETER.findall(file.read_text(encoding="utf-8", errors="replace")))
    for name in used:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, 1)
            meant = f": is {near[0]!r} there a misspelling of it?" if near else f" ({', '.join(declared) or 'none'})."
            yield f"{file.name} uses ${{param:{name}}}, and `params` in it declares no {name!r}{meant}"
