"""`npm start`'s command as a process, with its output as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from pilotlight_tools.local.deploy_tool import copy_service
from tests.conftest import until

_FOR_INSTALLING = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
"""How the variables begin by which this machine reaches a package index."""


def service_with(handler: str, sample_project: Path, folder: Path) -> Path:
    """Copy the sample service into `folder`, with another handler.py; return its folder."""
    project = folder / "checkout"
    copy_service(sample_project, project)
    (project / "handler.py").write_text(handler)
    return project


@dataclass
class Started:
    """The running command, with its output so far."""

    process: subprocess.Popen[str]
    temporary: Path
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def printed(self, pattern: str) -> re.Match[str] | None:
        """Search its output."""
        return re.search(pattern, "".join([*self.out, *self.err]))

    def url(self) -> str:
        """The API's address, once it is up."""
        running = until(lambda: self.printed(r"API +(http\S+)") or self.ended(), seconds=90, what="the API")
        assert isinstance(running, re.Match), self.everything()
        return running[1]

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def everything(self) -> str:
        """All its output so far."""
        return "".join([*self.out, *self.err])

    def leaves_nothing(self) -> None:
        """Assert that no file is left in its temporary folder."""
        assert list(self.temporary.iterdir()) == []


@contextmanager
def starting(temporary: Path, folder: Path, *arguments: str, **environment: str) -> Iterator[Started]:
    """Run the command in `folder` with a temporary folder of its own, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pilotlight_tools.local", "start", *arguments],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name.startswith(_FOR_INSTALLING)},
            "PATH": os.environ["PATH"],
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with followed(process, temporary) as started:
        yield started


@contextmanager
def followed(process: subprocess.Popen[str], temporary: Path) -> Iterator[Started]:
    """Collect what a process prints until the block ends, which ends the process."""
    started = Started(process, temporary)
    assert process.stdout is not None
    assert process.stderr is not None
    readers = [
        Thread(target=collect, args=(process.stdout, started.out)),
        Thread(target=collect, args=(process.stderr, started.err)),
    ]
    for reader in readers:
        reader.start()
    try:
        yield started
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join(20)
        process.stdout.close()
        process.stderr.close()


def collect(stream: Iterator[str], into: list[str]) -> None:
    """Append the lines of a stream as they arrive."""
    for line in stream:
        into.append(line)  # noqa: PERF402 (line by line, because tests read them meanwhile)
