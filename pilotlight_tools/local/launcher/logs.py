"""Complete logs without waiting: each invocation of a Python function ends its log with a mark.

The engine reads a function's stderr in a thread of its own, and after each invocation waits 50 ms for a first line: so
much a silent request costs, and a line that comes later belongs to the next invocation or is lost. Here the worker
process writes a mark when the handler has returned, and the engine reads up to it. `print` writes to stderr in the
worker; here a child process's stdout does so too, and bytes that are no text do not end the log.
"""

from __future__ import annotations

import queue
import secrets
import time
from typing import Any

from ministack.core import lambda_runtime

_MARK = f"\0end of log {secrets.token_hex(16)}\0"
"""Made anew for each start, so that no function can write it by chance."""
_ENDED: Any = object()
"""In the place of a line: the worker's stderr is closed."""
_LONGEST_SECONDS = 2.0
"""For a worker that died, and left stderr open in a child process of its own: neither a mark comes, nor an end."""
_STDOUT = "    _real_stdout = sys.stdout\n"
_FLUSHES = 3
"""How often the worker sends what it wrote: that it is ready, that it is not, and the answer of each invocation."""
_STDOUT_INSTEAD = f"""\
    class _Protocol:
        # The protocol's own descriptor: a child process that inherits descriptor 1 writes to the log. The mark goes out
        # before the answer, because the engine may end the worker as soon as it has that.
        def __init__(self):
            self._pipe = os.fdopen(os.dup(1), "w")
            self._log = os.dup(2)  # a function may close or redirect descriptor 2
            self._text = ""
            self._is_ready = False
            os.dup2(2, 1)

        def write(self, text):
            self._text += text

        def flush(self):
            if self._is_ready:
                for stream in (sys.stdout, sys.stderr, sys.__stderr__):
                    try:
                        stream.flush()
                    except Exception:
                        pass
                os.write(self._log, {_MARK!r}.encode() + b"\\n")
            self._is_ready = True
            text, self._text = self._text, ""
            self._pipe.write(text)
            self._pipe.flush()

    _real_stdout = _Protocol()
"""


def install() -> None:
    """Change the engine's workers. Raises ValueError or AttributeError where they are not as expected."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for text, count in ((_STDOUT, 1), ("_real_stdout.flush()", _FLUSHES)):
        if script.count(text) != count:
            raise ValueError(f"its Python worker has {text.strip()!r} {script.count(text)} times, not {count}")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_STDOUT, _STDOUT_INSTEAD)
    worker = lambda_runtime.Worker
    original = {name: getattr(worker, name) for name in ("_read_stderr", "_drain_stderr", "_drain_stderr_bounded")}

    def read_stderr(self: Any) -> None:
        lines = self._stderr_queue  # that of this process: a new one gets a queue of its own
        stream = self._proc.stderr  # kept: to collect it while this thread reads would wait for the end of stderr
        for line in stream.buffer:
            lines.put(line.decode("utf-8", "replace").rstrip("\n"))
        lines.put(_ENDED)

    def drain(name: str) -> Any:
        def drain(self: Any, *arguments: Any, **options: Any) -> str:
            if not self.config.get("Runtime", "").startswith("python"):
                return str(original[name](self, *arguments, **options))
            return log_of(self._stderr_queue)

        return drain

    worker._read_stderr = read_stderr
    for name in ("_drain_stderr", "_drain_stderr_bounded"):
        setattr(worker, name, drain(name))


def log_of(lines: queue.Queue[Any], longest_seconds: float = _LONGEST_SECONDS) -> str:
    """Take the lines up to the mark, or to the end of stderr, and return them as one text."""
    found: list[str] = []
    # A mark that came too late to be waited for is of an earlier invocation; the queue lives as long as its process.
    late: int = getattr(lines, "late_marks", 0)
    deadline = time.monotonic() + longest_seconds
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            late += 1
            break
        if line is _ENDED:
            lines.put(line)  # whoever asks again must not wait
            break
        text, mark, _ = line.partition(_MARK)
        if text or not mark:
            found.append(text)
        if mark and not late:
            break
        late -= bool(mark)
    lines.late_marks = late  # type: ignore[attr-defined]
    return "\n".join(found)
