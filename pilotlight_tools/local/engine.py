"""AWS on this machine: the `ministack` engine as a context manager that leaves nothing behind.

Each engine is one server process on 127.0.0.1 whose Lambda execution environments are real child processes. It gets a
temporary folder of its own and no settings from the developer's shell. It runs under `supervisor.py`, which ends it
when this process ends, however that happens.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.config import Config

import pilotlight_tools
from pilotlight_tools.local.invocation import Invocation, InvocationReader
from pilotlight_tools.local.launcher.main import DEBUG_FOLDER, INVOCATIONS_PIPE
from pilotlight_tools.local.temporary import TemporaryFolder

REGION = "us-east-1"
_ACCESS_KEY = "test"
"""The engine's root user; deployed functions have their own roles, which the engine enforces."""
_SECRET_KEY = "test"  # noqa: S105 (not a secret: it opens nothing but an engine on the loopback interface)
LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 60.0
"""The processes end at once; removing the code of many execution environments takes longer."""
SUPERVISOR = Path(__file__).with_name("supervisor.py")
_PACKAGES = Path(pilotlight_tools.__path__[0]).parent


ENDED = "The local engine ended unexpectedly"


class EngineError(Exception):
    """The engine did not start; the message ends with what it logged."""


class Engine:
    """One engine, running between `__enter__` and `__exit__`.

    `port` 0 takes any free port. `account_concurrency` is how many execution environments may run at once in the
    account before Lambda throttles; `warm_seconds` how long an idle one is kept (the engine checks every 30 s, and
    always keeps one for each function). `daemon_address` is the X-Ray daemon's `host:port` for the functions.
    `on_invocation` is called with what each invocation wrote, in a thread of this engine, and must return quickly.
    `debug` lets a debugger listen in each execution environment, of which each function then has one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        account_concurrency: int = 1000,
        warm_seconds: int = 300,
        daemon_address: str | None = None,
        on_invocation: Callable[[Invocation], None] | None = None,
        debug: bool = False,
    ) -> None:
        self._wanted_port = port
        self._settings = {
            "LAMBDA_ACCOUNT_CONCURRENCY": str(account_concurrency),
            "LAMBDA_WARM_TTL_SECONDS": str(warm_seconds),
        }
        if daemon_address is not None:
            self._settings["AWS_XRAY_DAEMON_ADDRESS"] = daemon_address
        self._process: subprocess.Popen[bytes] | None = None
        self._on_invocation = on_invocation
        self._debug = debug
        self._reader: InvocationReader | None = None
        self.port = 0
        self.folder = Path()
        self.secret = secrets.token_urlsafe(32)
        """Lets a request pass that a browser made: for our own front door alone."""

    def __enter__(self) -> Self:
        attempts = 1 if self._wanted_port else 3  # a free port may be taken between finding it and binding it
        for attempt in range(1, attempts + 1):
            self.port = self._wanted_port or free_port()
            if not is_free(self.port):  # otherwise another engine there would respond instead of this one
                raise EngineError(f"the local engine needs port {self.port} of {LOOPBACK}, which is in use")
            self._start()
            try:
                self._wait_until_ready()
            except EngineError:
                self.stop()
                if attempt == attempts:
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                return self
        raise AssertionError("unreachable")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The endpoint for every AWS service, for `AWS_ENDPOINT_URL` and boto3's `endpoint_url`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def connection(self) -> dict[str, Any]:
        """Keyword arguments for `boto3.client(name, **engine.connection)`; no retries, so throttling is visible."""
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": _ACCESS_KEY,
            "aws_secret_access_key": _SECRET_KEY,
            "config": Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=120,
                max_pool_connections=50,
                proxies={},  # a local request must not pass the developer's proxy
            ),
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which a command-line tool uses this engine and nothing else."""
        return environment_of(self.url)

    def log(self, lines: int = 25) -> str:
        """Return the last `lines` lines of the engine's log, or an empty text when there is none."""
        return "\n".join(self.full_log().splitlines()[-lines:])

    def full_log(self) -> str:
        """Return the engine's whole log, or an empty text when there is none."""
        with contextlib.suppress(OSError):
            return self._log_file.read_text(encoding="utf-8", errors="replace")
        return ""

    @property
    def process_id(self) -> int | None:
        """The id of the supervisor process, or None when the engine is not running."""
        return self._process.pid if self._process is not None else None

    def running(self) -> bool:
        """Whether the engine's process is running."""
        return self._process is not None and self._process.poll() is None

    def ending(self) -> str:
        """Say how the engine ended, which nobody asked to end, with the end of its log."""
        code = self._process.poll() if self._process is not None else None
        killed = {-9: "its supervisor was killed", 137: "it was killed"}.get(code or 0, f"exit code {code}")
        return f"{ENDED} ({killed}). The end of its log:\n{self.log()}"

    def stop(self) -> None:
        """End the engine and every process it started, and remove its folder. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 (for mypy: it was opened as a pipe)
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        self._temporary.remove()

    @property
    def _log_file(self) -> Path:
        return self.folder / "engine.log"

    @property
    def debug_folder(self) -> Path:
        """Where each environment writes at which port its debugger listens."""
        return self.folder / "debug"

    @property
    def _pipe(self) -> Path:
        return self.folder / "invocations"

    def _start(self) -> None:
        self._temporary = TemporaryFolder("engine")
        self.folder = self._temporary.path
        # At the end of the path, where no module of a service's folder hides one that the engine needs.
        launch = (
            "import sys; sys.path.append(sys.argv[1]); from pilotlight_tools.local.launcher.main import main; main()"
        )
        # In a file that the launcher removes: variables and arguments of a process can be read as long as it runs.
        secret = self.folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text(self.secret, encoding="utf-8")
        if self._on_invocation is not None:
            self._reader = InvocationReader(self._pipe, self._on_invocation)
            self._reader.start()
        engine = [sys.executable, "-c", launch, str(_PACKAGES), str(secret)]
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-S", str(SUPERVISOR), str(self.folder), *engine],
                env=self._environment_of_process(),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment_of_process(self) -> dict[str, str]:
        # An allowlist: the engine and its functions inherit these variables, and must not get the developer's AWS
        # settings, proxies or Python paths. HOME hides ~/.aws from boto3.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "STATE_DIR": str(self.folder / "state"),
            "S3_DATA_DIR": str(self.folder / "s3"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "LAMBDA_EXECUTOR": "local",
            # Enabled by default, these listen on fixed ports or clean up in the developer's Docker.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.folder}/no-docker.sock",
            **({INVOCATIONS_PIPE: str(self._pipe)} if self._on_invocation is not None else {}),
            **({DEBUG_FOLDER: str(self.debug_folder)} if self._debug else {}),
            **self._settings,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            if not self.running():
                raise EngineError(f"the local engine ended while starting on port {self.port}:\n{self.log()}")
            with contextlib.suppress(OSError, urllib.error.URLError):
                with no_proxy.open(f"{self.url}/_ministack/health", timeout=5):
                    pass
                if self.running():
                    return
            time.sleep(0.05)
        raise EngineError(f"the local engine was not ready after {_READY_SECONDS:.0f} s:\n{self.log()}")


def environment_of(url: str) -> dict[str, str]:
    """Return the environment variables with which a command-line tool uses the engine at `url` and nothing else."""
    return {
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Find a free port of 127.0.0.1 (another process may take it before it is bound)."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether TCP `port` of 127.0.0.1 is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
