"""The driven history of tests/end_to_end/test_truth.py: the service that it drives, and what each request must be.

The expectation is written by hand, in a file that no reader made (truth_expected.json), so that every reader of the
same history can be compared with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pilotlight_tools.local.deploy_tool import copy_service

EXPECTED = Path(__file__).parents[1] / "end_to_end" / "truth_expected.json"
NO_RECORD = "no record"
TIMEOUT_SECONDS = 4
"""Of the functions: shorter than the project's, so that a time-out is soon over."""

_ROUTES = """

import os
import time

from pilotlight.proxy import HttpError, Response


@routes.route("/process")
def process(request: Request) -> dict[str, Any]:
    time.sleep(float(request.query.get("seconds", "0")))
    return {"process": os.getpid()}


@routes.route("/refuse")
def refuse(request: Request) -> None:
    raise HttpError(409, str(os.getpid()))


@routes.route("/break")
def break_(request: Request) -> None:
    raise RuntimeError(f"broken in {os.getpid()}")


@routes.route("/sleep")
def sleep(request: Request) -> None:
    time.sleep(600)


@routes.route("/crash")
def crash(request: Request) -> None:
    os._exit(1)


@routes.route("/limited")
def limited(request: Request) -> dict[str, Any]:
    return {"process": os.getpid()}


handler = entry_point(routes)
"""
_ORDERS = '''"""A handler of somebody else's, wrapped: what it raises, API Gateway answers."""

import json
import os
import time

from pilotlight import warmable


@warmable
def handler(event, context):
    if event["path"] == "/orders/raise":
        raise RuntimeError(f"raised in {os.getpid()}")
    if event["path"] == "/orders/crash":
        os._exit(1)
    time.sleep(float((event["queryStringParameters"] or {}).get("seconds", "0")))
    body = {"process": os.getpid()}
    return {"statusCode": 200, "headers": {"X-Request-Id": context.aws_request_id}, "body": json.dumps(body)}
'''
_ORDERS_FUNCTION = """\
  orders:
    handler: orders.handler
    events:
      - http: { path: /orders, method: get }
      - http: { path: '/orders/{action}', method: get }
"""
_API_PATHS = ("process", "refuse", "break", "sleep", "crash", "limited")
_LEFT_OUT_FOR_ROUTES_ALONE = ("wrapping", "facts", "frameworks", "importing", "redirect")
"""Modules that serverless.yml leaves out of the package until somebody uses `warmable`."""


@dataclass(frozen=True, slots=True)
class Met:
    """What one request met. `start` is a start type or NO_RECORD; `route` is API Gateway's resource."""

    route: str
    function: str
    status: int
    start: str


@cache
def expected() -> Mapping[str, Any]:
    """The expectation, as it stands in the file."""
    found: Mapping[str, Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return found


def expected_history() -> Counter[Met]:
    """How many requests met what, by the expectation."""
    met: Counter[Met] = Counter()
    for row in expected()["history"]:
        met[Met(row["route"], row["function"], row["status"], row["start"])] += row["count"]
    return met


def sums(met: Iterable[Met]) -> dict[str, Any]:
    """Add up what requests met, in the shape of the expectation: `requests`, `starts`, `routes`, `functions`."""
    everything = list(met)
    return {
        "requests": len(everything),
        "starts": {
            start: {"count": len(those), **_failures(those), "throttles": sum(each.status == 429 for each in those)}
            for start, those in _grouped(everything, "start").items()
        },
        **{
            f"{name}s": {key: _group(those) for key, those in _grouped(everything, name).items()}
            for name in ("route", "function")
        },
    }


def make_truth_project(sample_project: Path, folder: Path) -> Path:
    """Copy the sample service into `folder`, and give it the routes and the second function of the history."""
    copy_service(sample_project, folder)
    handler = folder / "handler.py"
    handler.write_text(handler.read_text(encoding="utf-8") + _ROUTES, encoding="utf-8")
    (folder / "orders.py").write_text(_ORDERS, encoding="utf-8")
    warmed = expected()["warmed"]
    events = "".join(f"      - http: {{ path: /{path}, method: get }}\n" for path in _API_PATHS)
    events += "      - http: { path: /private, method: get, private: true }\n"
    configuration = folder / "serverless.yml"
    text = configuration.read_text(encoding="utf-8")
    for old, new in (
        ("  timeout: 10 # seconds\n", f"  timeout: {TIMEOUT_SECONDS}\n"),
        ("    handler: handler.handler\n    description: The API of handler.py\n    events:\n", "\\g<0>" + events),
        ("  warmer:\n    handler:", _ORDERS_FUNCTION + "\\g<0>"),
        ("    - handler.py\n", "\\g<0>    - orders.py\n"),
        ("    targets:\n", f"\\g<0>      - {{ function: orders, concurrency: {warmed['orders']} }}\n"),
        *((f"    - '!pilotlight/{name}.py'", "") for name in _LEFT_OUT_FOR_ROUTES_ALONE),
    ):
        assert text.count(old) == 1, f"serverless.yml has {old!r} once"
        text = text.replace(old, new.replace("\\g<0>", old))
    configuration.write_text(text, encoding="utf-8")
    return folder


def _grouped(met: Iterable[Met], name: str) -> dict[str, list[Met]]:
    found: dict[str, list[Met]] = {}
    for each in met:
        found.setdefault(getattr(each, name), []).append(each)
    return found


def _group(met: list[Met]) -> dict[str, int]:
    return {
        "requests": len(met),
        "cold": sum(each.start == "cold" for each in met),
        "without_record": sum(each.start == NO_RECORD for each in met),
        **_failures(met),
    }


def _failures(met: list[Met]) -> dict[str, int]:
    return {
        "errors": sum(400 <= each.status < 500 for each in met),
        "faults": sum(each.status >= 500 for each in met),
    }
