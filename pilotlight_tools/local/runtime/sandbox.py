"""A sandbox: one Lambda execution environment on this machine, with `awslambdaric` started as Lambda starts it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from pilotlight_tools.local.runtime.runtime_api import RuntimeApi, RuntimeRequest, route

RUNTIME_FOLDER = Path(__file__).with_name("managed")
"""In place of /var/runtime."""
EXEC_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
_TASK_ROOT = "/var/task/"

InitializationType = Literal["on-demand", "provisioned-concurrency", "snap-start"]


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The result of one invocation. `duration_ms`: event sent → response (or error) read, in milliseconds."""

    request_id: str
    payload: Any
    error: dict[str, Any] | None
    duration_ms: float


def lambda_variables(
    code_dir: Path, handler: str, api: str, function_name: str, memory_mb: int, initialization_type: str
) -> dict[str, str]:
    """What Lambda sets ("Working with Lambda environment variables", "Defined runtime environment variables")."""
    return {
        "_HANDLER": handler,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function_name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]" + uuid.uuid4().hex,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_RUNTIME_DIR": str(RUNTIME_FOLDER),
        "LAMBDA_TASK_ROOT": str(code_dir),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", ""),
        "PWD": str(code_dir),  # of Lambda's start script, which is in bash
        # /var/task is read-only on Lambda, so bytecode that one run compiles is not there for the next.
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": ":UTC",
    }


def by_its_version(python: Path) -> Path:
    """Return the same Python by the name that it has on Lambda, `python3.13`."""
    return next(iter(sorted(python.parent.glob("python3.[0-9]*"))), python)


def command_line(
    python: Path, variables: Mapping[str, str], code_dir: Path, runtime: Path = RUNTIME_FOLDER
) -> list[str]:
    """What Lambda starts: its Python and bootstrap, behind AWS_LAMBDA_EXEC_WRAPPER.

    "Modifying the runtime environment" in the Lambda Developer Guide. As Lambda's own start script does, it ends
    with 127 for a wrapper that is not there, and with 126 for one that may not be executed.
    """
    command = [str(by_its_version(python)), str(runtime / "bootstrap.py")]
    wrapper = variables.get(EXEC_WRAPPER)
    if not wrapper:
        return command
    path = code_dir / wrapper.removeprefix(_TASK_ROOT)
    if not path.is_file():
        return ["sh", "-c", f"echo '{wrapper}: does not exist'; exit 127"]
    if not os.access(path, os.X_OK):
        return ["sh", "-c", f"echo '{wrapper}: is not an executable'; exit 126"]
    return [str(path), *command]


class Sandbox:
    """`with Sandbox(code_dir, "handler.handler", python=…) as sandbox: sandbox.invoke(event)`.

    code_dir: the folder that is /var/task on AWS. python: a Python with `awslambdaric`. environment: variables besides
    those that Lambda sets; with AWS_LAMBDA_EXEC_WRAPPER it starts by this wrapper. prefix: a command to run it under
    (`taskset`, `valgrind`). on_init_complete: called with the process id at the first request for an event, before
    it gets one. start: starts the process; the signature is `subprocess.Popen`'s. Raises TimeoutError where Lambda
    itself would still wait. When a function crashes or exceeds `timeout_seconds`, the `InvocationResult` has
    Lambda's own error (`Runtime.ExitError`, `Sandbox.Timedout`), and the sandbox has ended.
    """

    def __init__(
        self,
        code_dir: Path,
        handler: str,
        *,
        python: Path,
        environment: Mapping[str, str] | None = None,
        function_name: str = "bench",
        memory_mb: int = 512,
        timeout_seconds: float = 30,
        initialization_type: InitializationType = "on-demand",
        prefix: Sequence[str] = (),
        on_init_complete: Callable[[int], None] | None = None,
        start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        self._api = RuntimeApi()
        self._logs = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close())
        self._waiting: RuntimeRequest | None = None
        self._on_init_complete = on_init_complete
        self._timeout_seconds = timeout_seconds
        self.arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.init_error: dict[str, Any] | None = None
        self.init_ms: float | None = None
        """Process start → first request for an event, in milliseconds. None before that request."""
        self.first_response_ms: float | None = None
        """Process start → first response (or error) read, in milliseconds."""
        variables = lambda_variables(
            code_dir, handler, self._api.address, function_name, memory_mb, initialization_type
        )
        variables |= {"AWS_EXECUTION_ENV": f"AWS_Lambda_{by_its_version(python).name}", **(environment or {})}
        try:
            self._started = time.perf_counter()
            self.process = start(
                [*prefix, *command_line(python, variables, code_dir)],
                cwd=code_dir,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=self._logs,
                stderr=self._logs,
                start_new_session=True,  # only this process gets Ctrl-C; close() ends the sandbox
            )
        except BaseException:
            self._api.close()
            self._logs.close()
            raise

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until the execution environment requests an event, or its init fails. Raises TimeoutError."""
        until = time.perf_counter() + seconds
        while self._waiting is None and self.init_error is None:
            request = self._receive(until)
            if request is None:
                if not self.alive:
                    self.init_error = self.init_error or self._exit_error("")
                    return
                raise TimeoutError(f"no request for an event within {seconds:g} s; its log:\n{self.logs()}")

    def invoke(self, event: object, *, trace_header: str = "", acknowledge: bool = True) -> InvocationResult:
        """Send one event (bytes unchanged, anything else as JSON) and wait for the result.

        trace_header: Lambda-Runtime-Trace-Id, generated and sampled when empty. acknowledge=False leaves the execution
        environment waiting at its response, to count instructions up to there. Raises RuntimeError when init failed.
        """
        self.wait_ready()
        if self._waiting is None:
            raise RuntimeError(f"init failed: {self.init_error}\n{self.logs()}")
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        request_id = str(uuid.uuid4())
        waiting, self._waiting = self._waiting, None
        handed_over = time.perf_counter()
        waiting.connection.respond("200 OK", self._headers(request_id, trace_header), body)
        while True:
            request = self._receive(handed_over + self._timeout_seconds)
            if request is None:
                return self._lost(request_id, handed_over)
            kind, about = route(request)
            if kind in ("response", "error") and about == request_id:
                break
        if self.first_response_ms is None:
            self.first_response_ms = (request.arrived - self._started) * 1000
        if acknowledge:
            request.connection.respond("202 Accepted", {"Content-Type": "application/json"}, b'{"status":"OK"}')
        result = json.loads(request.body) if request.body else None
        duration_ms = (request.arrived - handed_over) * 1000
        return InvocationResult(
            request_id,
            result if kind == "response" else None,
            result if kind == "error" else None,
            duration_ms,
        )

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process.poll() is None

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU that the process has had so far, in all its threads, waiting not included."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e6

    def logs(self) -> str:
        """Return what the process has written to stdout and stderr so far."""
        return os.pread(self._logs.fileno(), 10_000_000, 0).decode(errors="replace")

    def close(self) -> None:
        """End the process (SIGTERM, and SIGKILL after five seconds) and free its port."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._api.close()
        self._logs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self, until: float) -> RuntimeRequest | None:
        # In short steps, to notice a dead process without a watching thread.
        while (left := until - time.perf_counter()) > 0:
            request = self._api.receive(min(left, 0.1))
            if request is None:
                if not self.alive:
                    return None
                continue
            kind, _ = route(request)
            if kind == "next":
                self._asked(request)
            elif kind == "init/error":
                self.init_error = json.loads(request.body)
                request.connection.respond("202 Accepted", {})
            elif kind == "restore/next":
                request.connection.respond("200 OK", {})  # this process is the snapshot: nothing to restore
            elif kind == "restore/error":
                request.connection.respond("202 Accepted", {})
            return request
        return None

    def _asked(self, request: RuntimeRequest) -> None:
        self._waiting = request
        if self.init_ms is None:
            self.init_ms = (request.arrived - self._started) * 1000
            if self._on_init_complete:
                began = time.perf_counter()
                self._on_init_complete(self.process.pid)
                self._started += time.perf_counter() - began  # not the execution environment's time: it only waits

    def _headers(self, request_id: str, trace_header: str) -> dict[str, str]:
        root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self._timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": trace_header or f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=1",
        }

    def _lost(self, request_id: str, handed_over: float) -> InvocationResult:
        if self.alive:
            self.process.kill()
            self.process.wait()
            message = f"Task timed out after {self._timeout_seconds:.2f} seconds"
            error = {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request_id} Error: {message}",
            }
        else:
            error = self._exit_error(request_id)
        return InvocationResult(request_id, None, error, (time.perf_counter() - handed_over) * 1000)

    def _exit_error(self, request_id: str) -> dict[str, Any]:
        status = self.process.returncode
        how = f"signal: {-status}" if status < 0 else f"exit status {status}"
        return {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: {how}",
        }
