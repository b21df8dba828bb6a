"""The deploy tool `sls`, run for real on a private copy of the service.

The tool writes `.serverless` and the package beside `serverless.yml`. Two of them in one folder would overwrite each
other's, so each stack deploys from its own copy: a `npm test` beside a running `npm start` is safe.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.engine import SUPERVISOR

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = ("node_modules", ".venv")  # large, and only read: linked, not copied
LEFT_OUT = (".git", ".serverless", "build", "tests", "docs", "__pycache__", ".*_cache", ".hypothesis", "*.pyc")
WENT_WELL = re.compile(r"\s*\w+_(COMPLETE|IN_PROGRESS) - (?!.*FAILED)")
OWN_SETTINGS = ("AWS_", "SLS_", "SERVERLESS_")


class DeployToolError(Exception):
    """The deploy tool failed; the message holds its own words."""


def service_of(checkout: Path = CHECKOUT) -> str:
    """The name of the service in `serverless.yml`, or `DeployToolError` when it is not there in plain words."""
    file = checkout / "serverless.yml"
    found = re.search(r"^service:\s*['\"]?([A-Za-z][\w-]*)", file.read_text() if file.exists() else "", re.MULTILINE)
    if found is None:
        raise DeployToolError(f"{file} does not name its service: it needs a line such as `service: pilotlight`")
    return found[1]


@dataclass(frozen=True)
class Output:
    """What one run of the tool gave: its exit code and everything it printed (its log and its answer together)."""

    exit_code: int
    text: str


class DeployTool:
    """`sls` for one engine: `environment` holds that engine's endpoint and credentials."""

    def __init__(self, folder: Path, environment: Mapping[str, str], checkout: Path = CHECKOUT) -> None:
        """Copy the service in `checkout` into `folder`, which must not exist yet."""
        self.program = checkout / "node_modules" / ".bin" / "sls"
        if not self.program.exists():
            raise DeployToolError(
                "the deploy tool is not installed: run `npm ci` first (`npm start` does it by itself)"
            )
        self.folder = folder
        shutil.copytree(checkout, folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT, *SHARED))
        for name in SHARED:
            if (checkout / name).exists():
                (folder / name).symlink_to(checkout / name)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)},
            **environment,
            "SLS_AWS_MONITORING_FREQUENCY": "200",  # milliseconds between looks at the stack: 5000 is for the real AWS
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "NO_COLOR": "1",
        }

    def run(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> Output:
        """Run `sls` with `arguments`, giving each line to `on_line` as it is printed."""
        lines: list[str] = []
        # Its standard input is ours to hold: should we die, the supervisor ends the tool and removes its folder.
        with subprocess.Popen(
            [sys.executable, "-E", "-S", str(SUPERVISOR), str(self.folder), str(self.program), *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            assert process.stdout is not None  # noqa: S101 (for mypy: it was opened as a pipe)
            for line in process.stdout:
                lines.append(line)
                on_line(line.rstrip())
            exit_code = process.wait()
        return Output(exit_code, "".join(lines))

    def must_run(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> str:
        """Like `run`, for what has to succeed: return what it printed, or raise `DeployToolError` with it."""
        output = self.run(*arguments, on_line=on_line)
        if output.exit_code != 0:
            said = "\n".join(line for line in output.text.splitlines() if not WENT_WELL.match(line))
            raise DeployToolError(
                f"`sls {' '.join(arguments)}` failed with exit code {output.exit_code}. It said:\n\n{said.strip()}"
            )
        return output.text
