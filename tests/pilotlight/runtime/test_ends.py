"""How a function's process ends, and what becomes of a connection that is lost: as under the managed client."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.sandbox import EXEC_WRAPPER, command_line, lambda_variables
from tests.pilotlight.runtime.both import WRAPPER, Client, Event, run, task_folder, terminate
from tests.pilotlight.runtime.cases import events

CLIENTS: tuple[Client, Client] = ("managed", "lean")
ENDING = """
import os, sys, threading, time
def handler(event, context):
    print("started", event)
    if event == "exit":
        sys.exit(3)
    if event == "exit with text":
        sys.exit("over")
    if event == "interrupt":
        raise KeyboardInterrupt
    if event == "base":
        class Base(BaseException): pass
        raise Base("b")
    if event == "killed":
        os.kill(os.getpid(), 9)
    if event == "at once":
        os._exit(4)
    if event == "surrogate":
        return "\\ud800"
    if event == "surrogate error":
        raise ValueError("\\ud800")
    if event == "thread":
        threading.Thread(target=lambda: (time.sleep(0.2), print("thread done"))).start()
        sys.exit(5)
    if event == "atexit":
        import atexit
        atexit.register(print, "at exit")
        sys.exit(6)
    return event
"""
BAD_STR = """
class E(Exception):
    def __str__(self):
        raise ValueError("no text")
def handler(event, context):
    raise E
"""


@pytest.mark.parametrize(
    "event",
    [
        *("exit", "exit with text", "interrupt", "base", "killed", "at once", "surrogate", "surrogate error"),
        *("thread", "atexit"),
    ],
)
def test_a_function_that_ends_its_process_ends_it_as_under_the_managed_client(event: str, tmp_path: Path) -> None:
    """The traceback that Python prints for it names the client's own files, hence only its last line is compared."""
    task_folder(tmp_path, {"function.py": ENDING})
    managed, lean = (run(client, tmp_path, events("fine", event, "never")) for client in CLIENTS)
    assert lean.posted == managed.posted
    assert lean.status == managed.status is not None
    assert _own(lean.log) == _own(managed.log)


@pytest.mark.parametrize("statement", ["import sys; sys.exit(7)", "raise KeyboardInterrupt", "import os; os._exit(8)"])
def test_an_import_that_ends_the_process_posts_nothing(statement: str, tmp_path: Path) -> None:
    task_folder(tmp_path, {"function.py": statement})
    managed, lean = (run(client, tmp_path, events(1)) for client in CLIENTS)
    assert (lean.posted, lean.status) == (managed.posted, managed.status)
    assert lean.posted == []


def test_an_error_without_a_text_ends_the_process(tmp_path: Path) -> None:
    task_folder(tmp_path, {"function.py": BAD_STR})
    managed, lean = (run(client, tmp_path, events(1)) for client in CLIENTS)
    assert (lean.posted, lean.status) == (managed.posted, managed.status) == ([], 1)


@pytest.mark.parametrize(
    "code",
    [
        "def handler(event, context): pass",
        "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('told'))\ndef handler(event, context): pass",
        "import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(9))\ndef handler(event, context): pass",
    ],
    ids=["no handler of its own", "a handler that returns", "a handler that ends"],
)
def test_sigterm_does_what_it_does_under_the_managed_client(code: str, tmp_path: Path) -> None:
    task_folder(tmp_path, {"function.py": code})
    managed, lean = (run(client, tmp_path, [], during=terminate) for client in CLIENTS)
    assert (lean.log, lean.status) == (managed.log, managed.status)


def test_sigterm_with_sys_exit_ends_at_once(tmp_path: Path) -> None:
    """A difference: awslambdaric waits for its thread, which waits for an event, until Lambda kills it."""
    code = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\ndef handler(event, context): pass"
    )
    task_folder(tmp_path, {"function.py": code})
    managed, lean = (run(client, tmp_path, [], during=terminate) for client in CLIENTS)
    assert (managed.status, lean.status) == (None, 0)


EVENT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r1\r\n"
    b"Lambda-Runtime-Deadline-Ms: 4000000000000\r\nContent-Length: 2\r\n\r\n{}"
)
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
CLOSE, RESET = b"close", b"reset"
Script = Sequence[bytes | tuple[bytes, bytes]]
"""What the Runtime API does with each request: sends bytes, or ends the connection, or both."""


def _status(line: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: 2\r\n\r\n{}" % (line, headers)


FAULTS: dict[str, Script] = {
    "closed at the first poll": [CLOSE],
    "reset at the first poll": [RESET],
    "closed at a later poll, twice": [EVENT, ACCEPTED, CLOSE, CLOSE],
    "reset at a later poll, twice": [EVENT, ACCEPTED, RESET, RESET],
    "closed at a later poll, once": [EVENT, ACCEPTED, CLOSE, EVENT, ACCEPTED],
    "reset at a later poll, once": [EVENT, ACCEPTED, RESET, EVENT, ACCEPTED],
    "closed between requests": [EVENT, (ACCEPTED, CLOSE), EVENT, ACCEPTED],
    "reset between requests": [EVENT, (ACCEPTED, RESET), EVENT, ACCEPTED],
    "closed while the handler runs": [(EVENT, CLOSE), ACCEPTED, EVENT, ACCEPTED],
    "closed as announced": [EVENT, (_status(b"202 Accepted", b"Connection: close\r\n"), CLOSE), EVENT, ACCEPTED],
    "closed within an event": [(EVENT[:-1], CLOSE)],
    "reset within an event": [(EVENT[:-1], RESET)],
    "closed at a result": [EVENT, CLOSE, ACCEPTED],
    "reset at a result": [EVENT, RESET, ACCEPTED],
    "closed within the answer to a result": [EVENT, (b"HTTP/1.1 202 Acc", CLOSE), ACCEPTED],
    "a result that is too large": [EVENT, _status(b"413 Too Large"), EVENT],
    "a result that is refused": [EVENT, _status(b"400 Bad Request"), EVENT],
    "an error of the Runtime API": [EVENT, _status(b"500 Internal Server Error"), EVENT],
    "another success": [EVENT, _status(b"200 OK"), EVENT, ACCEPTED],
    "a redirection": [EVENT, _status(b"302 Found", b"Location: /x\r\n"), EVENT],
    "no HTTP": [(b"nonsense\r\n\r\n", CLOSE)],
    "no request id": [EVENT.replace(b"Aws-Request-Id", b"Other"), ACCEPTED],
    "no UTF-8": [EVENT.replace(b"Content-Type", b"Lambda-Runtime-Aws-Tenant-Id: \xff\r\nContent-Type"), ACCEPTED],
    "in chunks": [
        EVENT.replace(b"Content-Length: 2\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        ACCEPTED,
        EVENT,
    ],
    "until the connection closes": [(EVENT.replace(b"Content-Length: 2\r\n", b""), CLOSE), ACCEPTED, EVENT],
    "HTTP 1.0": [(EVENT.replace(b"HTTP/1.1", b"HTTP/1.0"), CLOSE), ACCEPTED, EVENT],
    "100 Continue": [b"HTTP/1.1 100 Continue\r\n\r\n" + EVENT, ACCEPTED, EVENT],
    "headers in lower case": [
        EVENT.replace(b"Lambda-Runtime-Aws-Request-Id", b"lambda-runtime-aws-request-id"),
        ACCEPTED,
    ],
}
CRASHES_OF_THE_MANAGED_CLIENT: dict[str, Script] = {
    "closed within the headers": [(EVENT[:40], CLOSE)],
    "403 for an event": [_status(b"403 Forbidden")],
    "500 for an event": [_status(b"500 Internal Server Error")],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_connection_has_the_end_that_it_has_under_the_managed_client(name: str, tmp_path: Path) -> None:
    task_folder(
        tmp_path, {"function.py": "import time\ndef handler(event, context):\n    time.sleep(0.05)\n    return 1\n"}
    )
    managed, lean = (_under_fault(client, FAULTS[name], tmp_path) for client in CLIENTS)
    assert lean == managed


@pytest.mark.parametrize("name", CRASHES_OF_THE_MANAGED_CLIENT)
def test_where_the_managed_client_crashes_ours_ends_with_an_error(name: str, tmp_path: Path) -> None:
    """A difference: awslambdaric 4.2 reads memory that is not there. Lambda starts another process after both."""
    task_folder(tmp_path, {"function.py": "def handler(event, context):\n    return 1\n"})
    managed, lean = (_under_fault(client, CRASHES_OF_THE_MANAGED_CLIENT[name], tmp_path) for client in CLIENTS)
    assert managed == (lean[0], -signal.SIGSEGV)
    assert lean[1] == 1


def _under_fault(client: Client, script: Script, folder: Path) -> tuple[list[tuple[int, str]], int | None]:
    """Return the requests that came, each with the number of its connection, and the exit status."""
    requests: list[tuple[int, str]] = []
    left = list(script)
    over, ended = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket, number: int) -> None:
            with connection:
                while head := _request(connection):
                    requests.append((number, head))
                    if not left:
                        over.set()
                        ended.wait(10)  # a connection that closes now would be tried again
                        return
                    answer = left.pop(0)
                    for part in answer if isinstance(answer, tuple) else (answer,):
                        if part in (CLOSE, RESET):
                            if part == RESET:
                                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            return
                        connection.sendall(part)

        def accept() -> None:
            number = 0
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                number += 1
                threading.Thread(target=serve, args=(connection, number), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        variables = lambda_variables(
            folder, "function.handler", f"127.0.0.1:{listener.getsockname()[1]}", "f", 128, "on-demand"
        )
        variables |= {EXEC_WRAPPER: WRAPPER} if client == "lean" else {}
        process = subprocess.Popen(
            command_line(runtime_python(), variables, folder), cwd=folder, env=variables, stderr=subprocess.DEVNULL
        )
        while not over.wait(0.02) and process.poll() is None:
            pass
        status = None if over.is_set() else process.wait()
        process.kill()
        process.wait()
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
    return requests, status


def _request(connection: socket.socket) -> str:
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            received += (chunk := connection.recv(65_536))
            if not chunk:
                return ""
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < sum(lengths):
            body += connection.recv(65_536)
    except ConnectionError:
        return ""
    return head.partition(b"\r\n")[0].decode()


def _own(log: str) -> list[str]:
    """The lines of a log without the traceback of Python's end."""
    before, found, _ = log.partition("Traceback (most recent call last):\n")
    return [*before.splitlines(), log.splitlines()[-1] if found else ""]


def test_events_have_the_shape_that_the_cases_expect() -> None:
    assert events("a", b"b") == [Event(b'"a"'), Event(b"b")]
