"""The handler that Lambda puts on the root logger. Loaded with `logging`, hence not before the function's code does."""

import logging
import os
import time

from pilotlight.runtime import output

_DATE = "%Y-%m-%dT%H:%M:%S"
_KNOWN = {
    *("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text"),
    *("stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName"),
    *("processName", "process", "aws_request_id", "tenant_id", "_frame_type"),
}
"""Attributes of a record that are no fields of its JSON."""


def set_up() -> None:
    """Log as the function is configured to: its format, and the level of `AWS_LAMBDA_LOG_LEVEL`."""
    logging.Formatter.converter = time.gmtime
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = ("DEBUG" if level == "TRACE" else level).upper()
    has_levels = output.IS_JSON or level
    handler = (LambdaLoggerHandlerWithFrameType if has_levels else LambdaLoggerHandler)(output.sink)
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    handler.setFormatter(JsonFormatter() if output.IS_JSON else logging.Formatter(text, _DATE))
    if level in logging.getLevelNamesMapping():
        logging.getLogger().setLevel(level)
    handler.addFilter(LambdaLoggerFilter())
    logging.getLogger().addHandler(handler)


class LambdaLoggerHandler(logging.Handler):
    """Writes records to the log."""

    def __init__(self, log_sink: output.Sink) -> None:
        super().__init__()
        self.log_sink = log_sink

    def emit(self, record: logging.LogRecord) -> None:
        self.log_sink.log(self.format(record))


class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
    """Writes records to the log, each with its level."""

    def emit(self, record: logging.LogRecord) -> None:
        message = self.format(record)
        frame_type = getattr(record, "_frame_type", None) or _frame_type(record, 0xA55A0003)
        self.log_sink.log(message, frame_type=frame_type)


class LambdaLoggerFilter(logging.Filter):
    """Marks records with the invocation that they come from."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = output.request_id or ""
        record.tenant_id = output.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object for each record ("Using structured JSON logs with Python")."""

    def __init__(self) -> None:
        super().__init__(datefmt=_DATE + "Z")

    def format(self, record: logging.LogRecord) -> str:
        import json

        record.levelno = _ten_step(record)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = _frame_type(record, 0xA55A0002)
        has_values = isinstance(record.msg, dict) and not record.args
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if has_values else record.getMessage(),
            "logger": record.name,
            **_of_exception(record),
            "requestId": getattr(record, "aws_request_id", None),
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None,
        }
        if getattr(record, "tenant_id", None) is not None:
            fields["tenantId"] = vars(record)["tenant_id"]
        extra = {key: value for key, value in vars(record).items() if key not in _KNOWN and key not in fields}
        fields = {key: value for key, value in (fields | extra).items() if value is not None}
        return json.JSONEncoder(ensure_ascii=False, default=str).encode(fields) + "\n"


def _of_exception(record: logging.LogRecord) -> dict[str, object]:
    if not record.exc_info:
        return {"stackTrace": None, "errorType": None, "errorMessage": None}
    import traceback

    kind, error, trace = record.exc_info
    name = kind.__name__  # type: ignore[union-attr]  # as the managed client, which fails where there is no exception
    return {"stackTrace": traceback.format_tb(trace), "errorType": name, "errorMessage": str(error)}


def _ten_step(record: logging.LogRecord) -> int:
    return min(50, max(0, record.levelno)) // 10 * 10


def _frame_type(record: logging.LogRecord, without_level: int) -> bytes:
    """A frame's first four bytes: what the format is, and each level four more than the one below."""
    step = _ten_step(record) // 10
    return (without_level + (4 + 4 * step if step else 0)).to_bytes(4, "big")
