"""What the function writes: stdout and stderr without buffers, and the log, as the managed client writes them."""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
"""The log format; what is not `JSON` is text ("Log and monitor Python Lambda functions")."""
_NO_LEVEL = 0xA55A0003.to_bytes(4, "big")
_ERROR = (0xA55A0016 if IS_JSON else 0xA55A0017).to_bytes(4, "big")


request_id: str | None = None
tenant_id: str | None = None
"""Of the invocation that is running: what log records are marked with."""


class Unbuffered:
    """A stream that is flushed after each write, so that no line is lost when Lambda freezes the environment."""

    def __init__(self, stream: "TextIO") -> None:
        self.stream = stream

    def __enter__(self) -> "Unbuffered":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, msg: str) -> None:
        self.stream.write(msg)
        self.stream.flush()

    def writelines(self, msgs: list[str]) -> None:
        self.stream.writelines(msgs)
        self.stream.flush()


class Sink:
    """The log as lines on stdout."""

    def log(self, msg: str, frame_type: bytes | None = None) -> None:  # noqa: ARG002 (for the other sink)
        """Write a message as it is."""
        sys.stdout.write(msg)

    def log_error(self, lines: list[str]) -> None:
        """Write an error: one message of several lines, which a carriage return keeps together."""
        sys.stdout.write("\r".join(lines) + "\n")

    def close(self) -> None:
        """Close what the log goes to, if it is not stdout."""


class FramedSink(Sink):
    """The log as frames on a descriptor that Lambda gives: type, length, microseconds since 1970, message."""

    def __init__(self, descriptor: int) -> None:
        self.file = open(descriptor, "wb", 0)  # noqa: SIM115 (open until the process ends)

    def log(self, msg: str, frame_type: bytes | None = None) -> None:
        message = msg.encode()
        microseconds = time.time_ns() // 1000
        sizes = len(message).to_bytes(4, "big") + microseconds.to_bytes(8, "big")
        self.file.write((frame_type or _NO_LEVEL) + sizes + message)

    def log_error(self, lines: list[str]) -> None:
        self.log("\n".join(lines), _ERROR)

    def close(self) -> None:
        self.file.close()


sink = Sink()


def opened() -> Sink:
    """Replace stdout and stderr, and return where the log goes."""
    global sink
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    if "_LAMBDA_TELEMETRY_LOG_FD" in os.environ:
        sink = FramedSink(int(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD")))
    return sink
