"""What a function can do, from awslambdaric's public behaviour and from what Lambda's bootstrap sets up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.pilotlight.runtime.both import Event


@dataclass(frozen=True)
class Case:
    """A function and its events. `unlike`: how the clients differ on purpose; the reason is in `DIFFERENCES`."""

    name: str
    code: str
    events: Sequence[Event] = (Event(),)
    handler: str = "function.handler"
    variables: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    frames: bool = False
    unlike: str = ""


DIFFERENCES = {
    "http.client": "awslambdaric posts init errors by http.client, with headers that Lambda does not need",
}
"""Reasons for what is not the same, byte for byte."""


def events(*values: object) -> list[Event]:
    """An event for each value: bytes are sent as they are."""
    return [Event(value if isinstance(value, bytes) else json.dumps(value).encode()) for value in values]


def returning(expression: str, imports: str = "") -> str:
    """A handler that returns an expression."""
    return f"{imports}\ndef handler(event, context):\n    return {expression}\n"


RESULTS = """
import collections, datetime, decimal, enum, uuid
Point = collections.namedtuple("Point", "x y")
class Color(enum.IntEnum):
    RED = 1
class Text(str):
    pass
class Half(float):
    def __repr__(self):
        return "half"
class Kind(enum.Enum):
    A = "a"
class Model:
    def _asdict(self):
        return {"as": "dict"}
circle = []
circle.append(circle)
pair = {}
pair["self"] = [pair, pair]
def deep(n):
    value = []
    for _ in range(n):
        value = [value]
    return value
VALUES = {
    "none": None, "true": True, "int": 7, "big": 10**30, "float": 1.5, "exponent": 1e300, "minus zero": -0.0,
    "nan": float("nan"), "infinity": float("-inf"), "text": "h\\u00e9llo \\u65e5 \\U0001f600", "quotes": "\\"\\\\/\\b\\f\\n\\r\\t\\x00\\x1f\\x7f",
    "separators": "\\u2028\\u2029", "empty": "", "list": [1, [2, (3,)]], "tuple": (1, 2), "dict": {"a": {"b": []}},
    "int keys": {1: "a", True: "b", None: "c", 1.5: "d"}, "bytes": b"\\x00\\xff", "text bytes": {"b": b"h\\xc3\\xa9"},
    "bad bytes": {"b": b"\\xff"}, "bytes key": {b"k": 1}, "bytearray": bytearray(b"x"), "set": {1}, "decimal": decimal.Decimal("1.10"),
    "decimal nan": [decimal.Decimal("NaN")], "decimal deep": {"a": [decimal.Decimal("1E+5")]}, "date": datetime.date(2026, 1, 1),
    "uuid": uuid.UUID(int=1), "named": Point(1, [2]), "named deep": [{"p": Point(1, 2)}], "color": Color.RED, "kind": Kind.A,
    "subclass": Text("t"), "half": Half(0.5), "ordered": collections.OrderedDict(a=1), "default": collections.defaultdict(list, a=[1]),
    "model": Model(), "generator": (n for n in [1]), "range": range(3), "function": print, "circle": circle, "pair": pair,
    "deep": deep(500), "too deep": deep(200_000), "digits": 10**5000, "tuple key": {(1, 2): 3}, "large": "x" * 2_000_000,
    "large text": "\\u00e9" * 700_000, "many": list(range(150_000)), "response": {"statusCode": 200, "headers": {"a": "b"}, "body": "{}"},
}
def handler(event, context):
    return VALUES[event]
"""  # noqa: E501 (a handler, shorter to read)
RESULT_NAMES = [
    *(
        "none",
        "true",
        "int",
        "big",
        "float",
        "exponent",
        "minus zero",
        "nan",
        "infinity",
        "text",
        "quotes",
        "separators",
    ),
    *(
        "empty",
        "list",
        "tuple",
        "dict",
        "int keys",
        "bytes",
        "text bytes",
        "bad bytes",
        "bytes key",
        "bytearray",
        "set",
    ),
    *(
        "decimal",
        "decimal nan",
        "decimal deep",
        "date",
        "uuid",
        "named",
        "named deep",
        "color",
        "kind",
        "subclass",
        "half",
    ),
    *("ordered", "default", "model", "generator", "range", "function", "circle", "pair", "deep", "too deep", "digits"),
    *("tuple key", "large text", "many", "response"),
]
RAW_EVENTS = [
    *(
        b"{}",
        b"[]",
        b'""',
        b"0",
        b"-0",
        b"-0.0",
        b"1e5",
        b"1E400",
        b"true",
        b"null",
        b' {"a" : 1}\r\n\t ',
        b"",
        b" ",
        b"{",
    ),
    *(
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'{"a": NaN}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[1,]",
        b"01",
        b"1.",
        b".5",
        b"+1",
    ),
    *(
        b'"\xc3\xa9"',
        b'"\xe9"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'"\\ud83d\\ude00"',
        b'"\\ud800"',
        b'"\\u12"',
        b'"\\x"',
        b'"\t"',
    ),
    *(b'"a" "b"', b"nul", b'{"a": 1, "a": 2}', b'{"a" 1}', b"{1: 2}", b"[" * 500 + b"]" * 500, b"[" * 100_000),
    *(b"1" * 4000, b"1" * 5000, b'"' + b"x" * 3_000_000 + b'"', "\u2028".encode(), b"\xc2\xa0{}"),
]
ERRORS = """
import os, sys
class Odd(Exception):
    pass
class Silent(Exception):
    def __str__(self):
        return ""
def inner():
    raise Odd("from\\ninside \\u65e5")
def recursive(n):
    return recursive(n + 1)
def handler(event, context):
    if event == "plain":
        raise ValueError("it broke")
    if event == "empty":
        raise KeyError()
    if event == "key":
        raise KeyError("k\\u00e9y")
    if event == "inner":
        inner()
    if event == "silent":
        raise Silent()
    if event == "chained":
        try:
            inner()
        except Odd as error:
            raise RuntimeError("after") from error
    if event == "group":
        raise ExceptionGroup("several", [ValueError(1), TypeError(2)])
    if event == "recursive":
        recursive(0)
    if event == "elsewhere":
        import json
        json.loads("{")
    if event == "exec":
        exec("def f():\\n    1/0\\nf()")
    if event == "system":
        open("/no/such/file")
    if event == "long":
        raise ValueError("x" * 1_100_000)
    if event == "spaces":
        raise ValueError("  indented\\n\\n  more\\r\\n\\ttab")
    if event == "assert":
        assert event == 1, {"a": 1}
    if event == "unicode":
        "\\ud800".encode()
    return "fine"
"""
ERROR_NAMES = [
    *("plain", "empty", "key", "inner", "silent", "chained", "group", "recursive", "elsewhere", "exec", "system"),
    *("long", "spaces", "assert", "unicode", "none"),
]
PRINTING = """
import sys
print("at import")
sys.stderr.write("err at import\\n")
def handler(event, context):
    print("one", 2, sep="-")
    print("no line end", end="")
    print()
    sys.stdout.writelines(["a\\n", "b\\n"])
    sys.stderr.write("to stderr \\u00e9\\n")
    context.log("by context\\n")
    context.log({"a": 1})
    print("\\u65e5", flush=True)
    return [sys.stdout.write("w\\n"), sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.errors, sys.stdout.fileno()]
"""
LOGGING = """
import logging
logging.getLogger().setLevel(logging.getLogger().level)
logger = logging.getLogger("a.b")
logger.warning("at import %s", 1)
def handler(event, context):
    root = logging.getLogger()
    for level in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60):
        logger.log(level, "level %s of \\u00e9", level)
    root.error("several\\nlines")
    logger.warning({"a": 1, "b": object.__name__, 2: None})
    logger.warning("extra", extra={"order": 7, "thing": ValueError, "level": "mine"})
    logger.warning("stack", stack_info=False)
    logger.warning("wrong %d", "x") if event == "wrong" else None
    context.log("by context\\n")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("failed")
    root.info("info is %s", root.isEnabledFor(20))
    handlers = [(type(h).__name__, type(h.formatter).__name__, h.level, [type(f).__name__ for f in h.filters]) for h in root.handlers]
    return [handlers, root.level, logging.Formatter.converter.__name__, len(root.handlers)]
"""  # noqa: E501 (a handler, shorter to read)
LATE_LOGGING = """
import sys
def handler(event, context):
    if event == "late":
        import logging.handlers, logging
        logging.error("late")
        return [type(h).__name__ for h in logging.getLogger().handlers]
    context.log("early\\n")
    return None
"""
CONTEXT = """
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    client = context.client_context
    return [repr(context), type(context).__name__, type(left).__name__, left > 0, context.w3c(), context.memory_limit_in_mb,
            context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id, context.tenant_id,
            client and [repr(client), client.custom, client.env, client.client and client.client.app_title],
            os.environ.get("_X_AMZN_TRACE_ID"), context.aws_request_id, context.invoked_function_arn,
            sorted(name for name in vars(context))]
"""  # noqa: E501 (a handler, shorter to read)
CLIENT = json.dumps(
    {
        "custom": {"a": "\u00e9"},
        "env": {"b": 1},
        "client": {"app_title": "t", "other": 1},
        "w3c": {"traceparent": "00", "x": 1},
    }
)
SURROUNDINGS = """
import builtins, os, subprocess, sys
kept = sorted((k, v) for k, v in os.environ.items() if k != "AWS_LAMBDA_RUNTIME_API")
names = sorted(n for n in dir(builtins) if n != "_")
script = "import os, sys; print(sorted((k, v) for k, v in os.environ.items() if k != 'AWS_LAMBDA_RUNTIME_API'), sys.path)"
def handler(event, context):
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    exits = [repr(exit), repr(quit), type(help).__name__, repr(copyright)[:40], repr(credits)[:40], repr(license)]
    return [kept, sys.path, sys.argv, names, exits, child.stdout, os.getcwd(), sys.executable, sys.stdin.read(),
            __name__, __file__, sys.dont_write_bytecode, os.getenv("PYTHONPATH")]
"""  # noqa: E501 (a handler, shorter to read)
SHADOW = """
import logging, json, decimal, collections, random, own
def handler(event, context):
    return [m.__file__ for m in (logging, json, decimal, collections, random, own)]
"""

CASES = [
    Case("results", RESULTS, events(*RESULT_NAMES)),
    Case("a result of 2 MB", RESULTS, events("large", "none")),
    Case(
        "events",
        returning("[type(event).__name__, repr(event)[:200], hash(repr(event)) if event == event else 0]"),
        events(*RAW_EVENTS),
    ),
    Case(
        "events of other content types",
        returning("[type(event).__name__, repr(event)]"),
        [
            Event(b"{}", {"Content-Type": kind})
            for kind in ("text/plain", "application/json; charset=utf-8", "Application/JSON")
        ],
    ),
    Case("exceptions", ERRORS, events(*ERROR_NAMES)),
    Case("exceptions, JSON log", ERRORS, events(*ERROR_NAMES), variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"}),
    Case("exceptions, frames", ERRORS, events(*ERROR_NAMES), frames=True),
    Case(
        "exceptions, JSON frames",
        ERRORS,
        events(*ERROR_NAMES),
        frames=True,
        variables={"AWS_LAMBDA_LOG_FORMAT": "json"},
    ),
    Case("exceptions with logging loaded", "import logging\n" + ERRORS, events(*ERROR_NAMES)),
    Case("print", PRINTING, events(1, 2)),
    Case("print, frames", PRINTING, events(1), frames=True),
    *(
        Case(
            f"logging, {log_format or 'no format'}, {level or 'no level'}{', frames' if frames else ''}",
            LOGGING,
            events(1, 2),
            variables={"AWS_LAMBDA_LOG_FORMAT": log_format, "AWS_LAMBDA_LOG_LEVEL": level},
            frames=frames,
        )
        for log_format in (None, "Text", "JSON")
        for level in (None, "TRACE", "info", "ERROR", "FATAL", "odd")
        for frames in (False, True)
    ),
    Case(
        "logging of a tenant",
        LOGGING,
        [Event(headers={"Lambda-Runtime-Aws-Tenant-Id": "t1"})],
        variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    ),
    Case("logging that is loaded late", LATE_LOGGING, events("early", "late")),
    Case("logging that is loaded late, frames", LATE_LOGGING, events("early", "late"), frames=True),
    Case(
        "the root logger without handlers",
        "import logging\nlogging.getLogger().handlers.clear()\n" + returning("context.log('x\\n')"),
        frames=True,
    ),
    Case(
        "context",
        CONTEXT,
        [
            Event(),
            Event(
                headers={
                    "Lambda-Runtime-Client-Context": CLIENT,
                    "Lambda-Runtime-Aws-Tenant-Id": "t\u00e9".encode().decode("latin-1"),
                }
            ),
            Event(
                headers={"Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}'}
            ),
            Event(headers={"Lambda-Runtime-Client-Context": "{}", "Lambda-Runtime-Cognito-Identity": "{}"}),
            Event(headers={"Lambda-Runtime-Client-Context": "null", "Lambda-Runtime-Cognito-Identity": "null"}),
            Event(headers={"Lambda-Runtime-Client-Context": '{"client": {"app_title": "t"}, "w3c": 1}'}),
            Event(headers={"Lambda-Runtime-Client-Context": "no JSON"}),
            Event(headers={"Lambda-Runtime-Cognito-Identity": "{"}),
            Event(headers={"Lambda-Runtime-Trace-Id": None}),
            Event(headers={"Lambda-Runtime-Trace-Id": "", "Lambda-Runtime-Invocation-Id": "inv-1"}),
            Event(b"no JSON", {"Lambda-Runtime-Invocation-Id": "inv-2"}),
            Event(headers={"Lambda-Runtime-Deadline-Ms": "1", "Lambda-Runtime-Invoked-Function-Arn": None}),
            Event(headers={"Lambda-Runtime-Deadline-Ms": None}),
        ],
    ),
    Case(
        "the context without the function's variables",
        CONTEXT,
        variables={f"AWS_LAMBDA_FUNCTION_{n}": None for n in ("NAME", "VERSION", "MEMORY_SIZE")},
    ),
    Case("variables, path, builtins and a child", SURROUNDINGS),
    Case("the same with a PYTHONPATH of one's own", SURROUNDINGS, variables={"PYTHONPATH": "/tmp:relative"}),
    Case("the same with other variables", SURROUNDINGS, variables={"HOME": "/nowhere", "X": "\u00e9", "SHLVL": "0"}),
    Case(
        "a module with a standard module's name",
        SHADOW,
        files={n + ".py": "" for n in ("logging", "json", "decimal", "random", "own", "simplejson")},
    ),
    Case("the runtime's own boto3", returning("[boto3.__file__, boto3.__version__]", "import boto3")),
    Case("a handler in a folder", "", files={"sub/mod.py": returning("__name__")}, handler="sub/mod.handler"),
    Case(
        "a handler in a package",
        "",
        files={"sub/__init__.py": "", "sub/mod.py": returning("__name__")},
        handler="sub.mod.handler",
    ),
    Case(
        "a handler that is a class",
        "class handler:\n    def __init__(self, event, context):\n        raise LookupError(event)\n",
    ),
    Case("a handler that is not there", returning("1"), handler="function.nothing", unlike="http.client"),
    Case("a module that is not there", returning("1"), handler="nothing.handler", unlike="http.client"),
    Case("a handler without a dot", returning("1"), handler="function", unlike="http.client"),
    Case("a built-in module", returning("1"), handler="sys.exit", unlike="http.client"),
    Case("an import that fails", "import no_such_module", unlike="http.client"),
    Case("a syntax error", "def handler(:\n", unlike="http.client"),
    Case("a syntax error in an import", "import other", files={"other.py": "x = (\n"}, unlike="http.client"),
    Case(
        "an exception at import",
        "print('before')\ndef f():\n    raise ValueError('at import')\nf()",
        unlike="http.client",
    ),
    Case("an exception in an import", "import other", files={"other.py": "1 / 0\n"}, unlike="http.client"),
    Case(
        "an exception at import, JSON log",
        "raise ValueError('at import')",
        variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"},
        unlike="http.client",
    ),
    Case("an exception at import, frames", "raise ValueError('at import')", frames=True, unlike="http.client"),
    Case(
        "an exception at import with logging",
        "import logging\nraise ValueError('at import')",
        frames=True,
        unlike="http.client",
    ),
    Case("an empty exception at import", "raise KeyError", unlike="http.client"),
]
