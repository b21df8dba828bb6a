"""What an installer's output means: the requirement that is at fault, and the way out."""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence

from pilotlight_build.platforms import Platform

WAYS_WITHOUT_WHEEL = (
    "pin a version that has a wheel, take a distribution that has one (psycopg2-binary for psycopg2), or put it into a "
    "layer and name its module under `provided`."
)
_LINES = 12
_NAME = r"`?([A-Za-z0-9][A-Za-z0-9._-]*)"

_CAUSES = [
    (
        r"No module named pip",
        "This Python has no pip. `node scripts/setup.mjs --for run` creates a .venv that has pip.",
    ),
    (
        rf"Failed to (?:download and )?build {_NAME}[\s\S]*built wheel `([^`]+)` is not compatible",
        "{0} has no wheel for {platform}, and what is built here ({1}) is for this machine only: " + WAYS_WITHOUT_WHEEL,
    ),
    (
        rf"(?:Failed to (?:download and )?build|Failed building wheel for|Failed to build) {_NAME}",
        "{0} has no wheel for {platform}, and cannot be built here: " + WAYS_WITHOUT_WHEEL,
    ),
    (
        rf"{_NAME}\S* has no wheels with a matching|{_NAME}\S* has no usable wheels",
        "{0} has no wheel for {platform}: " + WAYS_WITHOUT_WHEEL,
    ),
    (
        rf"[Bb]ecause {_NAME} was not found in the",
        "no index has {0}: correct its name, or name its index by `--extra-index-url` in the requirements.",
    ),
    (
        r"there (?:is|are) no versions? of (\S+)",
        "no index has {0}: write a version that there is (`pip index versions` lists them).",
    ),
    (
        r"No matching distribution found for (\S+)",
        "{0} has no wheel for {platform}, or no index has it: check its name and version; else " + WAYS_WITHOUT_WHEEL,
    ),
    (
        rf"(?i)hash mismatch for {_NAME}|do not match the hashes[\s\S]*?\n\s+{_NAME}",
        "{0} has another hash than the requirements pin: lock again (`npm run lock`) if you trust where it comes from.",
    ),
    (
        r"unsatisfiable|ResolutionImpossible|conflicting dependencies",
        "the requirements contradict each other: loosen one of those that are named below.",
    ),
    (
        r"(?i)failed to fetch|could not connect|error sending request|name resolution|max retries exceeded|timed out",
        "an index did not respond: try again, or name another by `--index-url` in the requirements.",
    ),
    (
        r"(?i)all requirements must have their versions pinned|hashes are required|missing hashes|must have a hash",
        "pip takes hashes for all requirements or for none: add the missing ones, or install uv (`pip install uv`).",
    ),
]


def run(command: Sequence[str]) -> str:
    """Run an installer; return what it said if it failed, never empty, else nothing."""
    with tempfile.TemporaryDirectory() as scratch:  # uv leaves locks in it
        variables = {**os.environ, "TMPDIR": scratch}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}") if done.returncode else ""


def problem(output: str, installer: str, platform: Platform) -> str:
    """The message for a failed installation: the cause and the way out first, then the installer's own last lines."""
    for pattern, text in _CAUSES:
        if found := re.search(pattern, output):
            names = [name for name in found.groups() if name]
            cause = text.format(*names, platform=platform.name)
            break
    else:
        cause = f"{installer} could not install them; what it says last names the line to change."
    return f"The dependencies for {platform.name}: {cause}\n{installer} says:{last_lines(output)}"


def without_wheel(output: str) -> str | None:
    """The requirement for which pip found no wheel, None if something else is wrong."""
    found = re.search(r"No matching distribution found for (\S+)", output)
    return found[1] if found else None


def last_lines(output: str) -> str:
    """The end of an installer's output, indented below a message."""
    return "".join(f"\n  {line}" for line in output.strip().splitlines()[-_LINES:])
