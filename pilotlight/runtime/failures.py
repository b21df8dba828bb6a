"""What Lambda and the log get of an error. Loaded with the first error, as `traceback` is heavy."""

import os
import sys
import time
import traceback
from typing import Any

from pilotlight.runtime import FaultError, output
from pilotlight.runtime.payload import write_result
from pilotlight.runtime.runtime_api import RuntimeApi

_OURS = (__file__.removesuffix("failures.py") + "loop.py", "/bootstrap.py")
"""The first frames of these files are not shown; the second is the managed client's rule."""
_NO_BREAK_SPACE = "\u00a0"
_MOST_CAUSE_BYTES = 1024 * 1024
"""A longer cause is not sent to X-Ray."""

Frame = tuple[str, Any, str, str | None]


def post_error(error: Exception, api: RuntimeApi, request_id: str, invocation_id: str | None) -> None:
    """Log and post what ended an invocation."""
    if isinstance(error, FaultError):
        document = _document(error.message, error.error_type, error.trace, request_id)
        cause = _xray_cause("LambdaValidationError", error.message, [])
    else:
        frames = _frames(error)
        message, kind = str(error), type(error).__name__
        document = _document(message, kind, traceback.format_list(frames), request_id)
        cause = _xray_cause(kind, message, frames)
    _log(document)
    text = _json(cause)
    header = text if len(text.encode()) < _MOST_CAUSE_BYTES else ""
    api.post_error(request_id, _json(document).encode(), header, invocation_id)


def post_init_error(error: Exception, api: RuntimeApi) -> None:
    """Log and post what ended init."""
    if isinstance(error, FaultError):
        document = _document(error.message, error.error_type, error.trace)
    else:
        document = _document(str(error), type(error).__name__, traceback.format_list(_frames(error)))
    import logging

    from awslambdaric.lambda_literals import (  # type: ignore[import-untyped]
        lambda_unhandled_exception_warning_message,
    )

    logging.warning(lambda_unhandled_exception_warning_message)
    _log(document)
    api.post_init_error(_json(document).encode(), str(document["errorType"]))


def _document(message: str, kind: str, trace: list[str] | None, request_id: str = "") -> dict[str, Any]:
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace or []}


def _frames(error: Exception) -> list[Frame]:
    frames = [(each.filename, each.lineno, each.name, each.line) for each in traceback.extract_tb(error.__traceback__)]
    for number, (file, *_) in enumerate(frames):
        if file != _OURS[0] and _OURS[1] not in file:
            return [_import_module()] * (file == "<frozen importlib._bootstrap>") + frames[number:]
    return frames


def _import_module() -> Frame:
    """The frame of `importlib.import_module`, through which the managed client imports a handler."""
    import importlib
    import linecache

    code = importlib.import_module.__code__
    number = max(line for *_, line in code.co_lines() if line)
    return code.co_filename, number, code.co_name, linecache.getline(code.co_filename, number).strip()


def _xray_cause(kind: str, message: str, frames: list[Frame]) -> dict[str, Any]:
    stack = [{"label": name, "path": file, "line": line} for file, line, name, _ in frames]
    return {
        "working_directory": os.getcwd(),  # noqa: PTH109 (pathlib is heavy)
        "exceptions": [{"message": message, "type": kind, "stack": stack}],
        "paths": list({file for file, *_ in frames}),
    }


def _log(document: dict[str, Any]) -> None:
    if output.IS_JSON:
        logging = sys.modules.get("logging")
        now = logging.Formatter.converter(time.time()) if logging else time.gmtime()
        output.sink.log_error(
            [_json({"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", now), "level": "ERROR", **document})]
        )
        return
    kind, message = document["errorType"], document["errorMessage"]
    first = (
        "[ERROR]"
        + (f" {kind}" if kind else "")
        + (":" if kind and message else "")
        + (f" {message}" if message else "")
    )
    lines = [first, "Traceback (most recent call last):"]
    for element in document["stackTrace"]:
        lines += [_indented(line) for line in element.splitlines()] if element else [""]
    output.sink.log_error(lines)


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return _NO_BREAK_SPACE * (len(line) - len(text)) + text


def _json(document: dict[str, Any]) -> str:
    text, _ = write_result(document)
    return text if isinstance(text, str) else text.decode()
