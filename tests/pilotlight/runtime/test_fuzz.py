"""Handlers and events that nobody thought of: made up, and run under both clients."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

from tests.pilotlight.runtime.both import Event, run, task_folder

EXAMPLES = int(os.environ.get("PILOTLIGHT_RUNTIME_EXAMPLES", "3000"))
"""Set the variable to try more."""
_ON_EACH_RUN = 1000
FUNCTION = """
import collections, datetime, decimal, enum, logging, sys, uuid
D = decimal.Decimal
P = collections.namedtuple("P", "a b")
class E(enum.IntEnum):
    A = 1
class S(str): pass
class I(int): pass
class F(float): pass
class L(list): pass
class O(dict): pass
class X(Exception): pass
nan, inf = float("nan"), float("inf")
def handler(event, context):
    if not (isinstance(event, dict) and isinstance(event.get("do"), str)):
        return [type(event).__name__, repr(event)[:300]]
    scope = {"event": event, "context": context}
    exec(event["do"], globals(), scope)
    return scope.get("result")
"""
_TEXTS = [
    "",
    "a",
    "\u00e9",
    "\u65e5\u672c",
    "\U0001f600",
    "\x00\x1f\x7f\x80",
    '"\\/',
    "\u2028",
    "\n\r\t",
    "x" * 300,
    " ",
    "\u00a0x",
]


def test_made_up_handlers_and_events_do_the_same_under_both(tmp_path: Path) -> None:
    seed = random.randrange(2**32) if EXAMPLES > 3000 else 16  # noqa: S311
    made_up = random.Random(seed)  # noqa: S311
    task_folder(tmp_path, {"function.py": FUNCTION})
    left = EXAMPLES
    while left > 0:
        events = [_event(made_up) for _ in range(min(left, _ON_EACH_RUN))]
        variables = made_up.choice([{}, {"AWS_LAMBDA_LOG_FORMAT": "JSON"}, {"AWS_LAMBDA_LOG_LEVEL": "INFO"}])
        frames = made_up.random() < 0.5
        managed, lean = (
            run(client, tmp_path, events, variables=variables, frames=frames) for client in ("managed", "lean")
        )
        assert len(managed.posted) == len(events), f"seed {seed}: {managed.log[-1000:]}"
        for event, theirs, ours in zip(events, managed.posted, lean.posted, strict=True):
            assert ours == theirs, f"seed {seed}: {event}"
        assert (lean.log, lean.frames) == (managed.log, managed.frames), f"seed {seed}"
        left -= len(events)


def _event(made_up: random.Random) -> Event:
    kind = made_up.random()
    if kind < 0.25:
        return Event(_mangled(made_up, json.dumps(_json(made_up, 4), ensure_ascii=made_up.random() < 0.5).encode()))
    return Event(json.dumps({"do": _code(made_up)}).encode())


def _code(made_up: random.Random) -> str:
    lines = []
    for _ in range(made_up.randrange(3)):
        text = made_up.choice(_TEXTS)
        lines.append(
            made_up.choice(
                [
                    f"print({text!r}, {made_up.randrange(9)}, end={made_up.choice(_TEXTS)!r})",
                    f"context.log({text!r})",
                    f"logging.getLogger({made_up.choice(['', 'a.b'])!r}).log({made_up.randrange(70)}, {text!r})",
                    f"logging.error({_logged(made_up)})",
                    f"logging.warning('%s', {_logged(made_up)}, extra={{'k{made_up.randrange(3)}': {text!r}}})",
                    f"sys.stderr.write({text!r})",
                ]
            )
        )
    if made_up.random() < 0.3:
        error = made_up.choice(["X", "ValueError", "KeyError", "OSError", "Exception", "ExceptionGroup"])
        text = made_up.choice(_TEXTS)
        lines.append(
            f"raise ExceptionGroup({text!r}, [X(1)])" if error == "ExceptionGroup" else f"raise {error}({text!r})"
        )
    lines.append(f"result = {_expression(made_up, 4)}")
    return "\n".join(lines)


def _logged(made_up: random.Random) -> str:
    """A value with keys that JSON has: for others, a traceback shows the file of the client that wrote the log."""
    return _expression(made_up, 2).replace("b'k':", "'k':").replace("(1,):", "'t':")


def _expression(made_up: random.Random, depth: int) -> str:
    """A Python expression for a value that a handler may return, JSON's own or not."""
    if depth == 0 or made_up.random() < 0.4:
        return made_up.choice(
            [
                *(
                    repr(made_up.choice(_TEXTS)),
                    str(made_up.randrange(-(10**20), 10**20)),
                    repr(made_up.gauss(0, 1e10)),
                ),
                *(
                    "None",
                    "True",
                    "False",
                    "nan",
                    "-inf",
                    "0.1 + 0.2",
                    "1e22",
                    "-0.0",
                    f"D('{made_up.gauss(0, 100):.5f}')",
                ),
                *("D('NaN')", "D('Infinity')", "b'bytes'", "b'\\xff'", "E.A", "S('s')", "I(3)", "F(0.5)", "{1, 2}"),
                *(
                    "datetime.date(2026, 1, 1)",
                    "uuid.UUID(int=7)",
                    "(n for n in ())",
                    "object",
                    "range(2)",
                    "bytearray(b'x')",
                ),
            ]
            if made_up.random() < 0.5
            else [repr(made_up.choice(_TEXTS)), str(made_up.randrange(1000)), "None", "True", "1.5"]
        )
    items = [_expression(made_up, depth - 1) for _ in range(made_up.randrange(4))]
    keys = [
        made_up.choice([repr(made_up.choice(_TEXTS))] * 6 + ["1", "None", "True", "1.5", "nan", "b'k'", "(1,)", "E.A"])
        for _ in items
    ]
    mapping = "{" + ", ".join(f"{key}: {item}" for key, item in zip(keys, items, strict=True)) + "}"
    listing = "[" + ", ".join(items) + "]"
    return made_up.choice(
        [listing, mapping, mapping, f"tuple({listing})", f"L({listing})", f"O({mapping})", f"P(1, {listing})"]
    )


def _json(made_up: random.Random, depth: int) -> object:
    if depth == 0 or made_up.random() < 0.3:
        return made_up.choice(
            [made_up.choice(_TEXTS), made_up.randrange(-(10**30), 10**30), made_up.gauss(0, 1e100), None, True]
        )
    if made_up.random() < 0.5:
        return [_json(made_up, depth - 1) for _ in range(made_up.randrange(4))]
    return {made_up.choice(_TEXTS): _json(made_up, depth - 1) for _ in range(made_up.randrange(4))}


def _mangled(made_up: random.Random, text: bytes) -> bytes:
    for _ in range(made_up.choice([0, 0, 1, 2])):
        at = made_up.randrange(len(text) + 1)
        put = made_up.choice(
            [
                b"",
                b" ",
                b"\n",
                b"NaN",
                b"-Infinity",
                b"\\",
                b'"',
                b"\xff",
                b"\xc3",
                b"\\u12",
                b"\\ud83d",
                b",",
                b"]",
                b"}",
                b"0",
                b"e",
                b".",
            ]
        )
        text = text[:at] + put + text[at + made_up.randrange(3) :]
    return text
