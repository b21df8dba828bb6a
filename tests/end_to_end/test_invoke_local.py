"""`breakpoint()` under `sls invoke local` opens Python's debugger on the terminal in which the command was typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from pilotlight_tools.local.deploy_tool import copy_service
from tests.conftest import until
from tests.support.project import PROJECT

INVOKE = [str(PROJECT / "node_modules/.bin/sls"), "invoke", "local", "-f", "api", "--path", "events/get-hello.json"]
ON_A_TERMINAL = [sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))", *INVOKE]


@pytest.mark.slow
@pytest.mark.end_to_end
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_breakpoint_opens_the_debugger_on_the_terminal(sample_project: Path, tmp_path: Path) -> None:
    project = tmp_path / "checkout"
    copy_service(sample_project, project)
    handler = project / "handler.py"
    handler.write_text(handler.read_text().replace("    content: dict", "    breakpoint()\n    content: dict"))
    shown: list[bytes] = []

    def shows(text: bytes) -> bool:
        return text in b"".join(shown)

    with subprocess.Popen(
        ON_A_TERMINAL, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        output = process.stdout

        def read() -> None:
            while chunk := output.read(4096):
                shown.append(chunk)

        reader = Thread(target=read)
        reader.start()
        until(lambda: shows(b"(Pdb)"), seconds=60, what="the debugger")
        process.stdin.write(b"p 'the method is ' + request.method\n")
        until(lambda: shows(b"'the method is GET'"), what="the value")
        process.stdin.write(b"c\n")
        assert process.wait(60) == 0
        reader.join(10)
    assert shows(b"Hello from Lambda")
