"""Runs a function under the managed client and under the lean one, and returns what Lambda and the log got of each."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.runtime_api import RuntimeApi, RuntimeRequest, route
from pilotlight_tools.local.runtime.sandbox import EXEC_WRAPPER, RUNTIME_FOLDER, command_line, lambda_variables
from tests.support.project import PROJECT

Client = Literal["managed", "lean"]
WRAPPER = "/var/task/pilotlight/runtime/bootstrap"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"0x[0-9a-f]{8,}")
_VARYING = re.compile(f"{_TIME.pattern}|{_ADDRESS.pattern}".encode())
_FRAME = re.compile(rb"(\xa5\x5a\x00.)(.{4})(.{8})", re.DOTALL)


@dataclass(frozen=True)
class Event:
    """One invocation: its body, and headers besides those that every invocation has; None leaves one out."""

    body: bytes = b"{}"
    headers: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Posted:
    """One request that the client sent, but for the polls. `headers` lacks those that are the client's name and its
    address."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Run:
    """What a function did: its posts, its log without times and addresses, and its exit status.

    `status` is None where the process was waiting for an event.
    """

    posted: list[Posted]
    log: str
    frames: bytes
    status: int | None


def task_folder(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the function's files and our package, as in a zip, and return the folder."""
    if not (folder / "pilotlight").exists():
        shutil.copytree(PROJECT / "pilotlight", folder / "pilotlight", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(
    client: Client,
    folder: Path,
    events: Sequence[Event],
    *,
    handler: str = "function.handler",
    variables: Mapping[str, str | None] | None = None,
    frames: bool = False,
    python: Path | None = None,
    runtime: Path = RUNTIME_FOLDER,
    during: Callable[[subprocess.Popen[bytes], int], None] | None = None,
) -> Run:
    """Run a handler in `folder` with these events. `frames`: with the descriptor for log frames.

    `runtime` stands in place of /var/runtime. `during(process, n)` is called when the process waits for its event
    number n.
    """
    api = RuntimeApi()
    python = python or runtime_python()
    environment = lambda_variables(folder, handler, api.address, "function", 512, "on-demand")
    environment |= {"AWS_EXECUTION_ENV": f"AWS_Lambda_{_version(python)}", "PYTHONHASHSEED": "0"}
    environment |= {"AWS_LAMBDA_LOG_STREAM_NAME": "stream", "LAMBDA_RUNTIME_DIR": str(runtime)}
    environment |= {EXEC_WRAPPER: WRAPPER} if client == "lean" else {}
    for name, value in (variables or {}).items():
        environment.pop(name, None)
        environment |= {} if value is None else {name: value}
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as framed:
        inherited = (framed.fileno(),) if frames else ()
        environment |= {"_LAMBDA_TELEMETRY_LOG_FD": str(framed.fileno())} if frames else {}
        process = subprocess.Popen(
            command_line(python, environment, folder, runtime),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=inherited,
            start_new_session=True,
        )
        try:
            posted, status = _serve(api, process, list(events), during)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            api.close()
        text = os.pread(log.fileno(), 50_000_000, 0).decode(errors="backslashreplace")
        return Run(
            posted,
            _ADDRESS.sub("ADDRESS", _TIME.sub("TIME", text)),
            _without_times(os.pread(framed.fileno(), 50_000_000, 0)),
            status,
        )


def _serve(
    api: RuntimeApi,
    process: subprocess.Popen[bytes],
    events: list[Event],
    during: Callable[[subprocess.Popen[bytes], int], None] | None,
) -> tuple[list[Posted], int | None]:
    posted: list[Posted] = []
    sent, until = 0, time.monotonic() + 60
    while True:
        request = api.receive(0.05)
        if request is None:
            if process.poll() is not None:
                return posted, process.returncode
            if time.monotonic() > until:
                raise TimeoutError("the function neither asked for an event nor ended")
            continue
        kind, _ = route(request)
        if kind != "next":
            posted.append(_posted(request))
            request.connection.respond("202 Accepted", {"Content-Type": "application/json"}, b'{"status":"OK"}')
            continue
        if during is not None:
            during(process, sent)
        if sent == len(events):
            time.sleep(0.02)
            return posted, process.poll()
        sent += 1
        request.connection.respond("200 OK", _headers(events[sent - 1], sent), events[sent - 1].body)


def terminate(process: subprocess.Popen[bytes], _: int) -> None:
    """Send SIGTERM, and wait until the process has ended, or two seconds."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(2)


def _headers(event: Event, number: int) -> dict[str, str]:
    headers: dict[str, str | None] = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-0000-0000-{number:012}",
        "Lambda-Runtime-Deadline-Ms": "4000000000000",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:function",
        "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{number:024};Parent=0000000000000001;Sampled=1",
        **event.headers,
    }
    return {name: value for name, value in headers.items() if value is not None}


def _posted(request: RuntimeRequest) -> Posted:
    unlike = {"user-agent", "host"}
    headers = {name: value for name, value in request.headers.items() if name not in unlike}
    return Posted(request.path, headers, request.body)


def _version(python: Path) -> str:
    return command_line(python, {}, Path())[0].rpartition("/")[2]


def _without_times(frames: bytes) -> bytes:
    without = _FRAME.sub(lambda found: found[1] + found[2] + bytes(8), frames)
    return _VARYING.sub(lambda found: b"T" * len(found[0]), without)
