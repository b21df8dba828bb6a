"""The segments that AWS itself sends and nothing local does: API Gateway's and Lambda's.

Made from measurements: the front door's clock for the API's stage, the record's for the function, its `init_ms`
for the initialization. Each is marked by `metadata.pilotlight.synthetic`. Their form follows "Understanding AWS
X-Ray traces for Amazon API Gateway APIs" (API Gateway developer guide) and "Visualize Lambda function invocations using
AWS X-Ray" (Lambda developer guide):

    AWS::ApiGateway::Stage          front door's start to end, root of the trace
      Lambda (subsegment)           the integration: the same times, as nothing in between is measured
        AWS::Lambda                 the Lambda service: the same times, or the function's without a front door
                                    (an HTTP API, a function URL, the SDK: nothing measures what comes before)
          AWS::Lambda::Function     the record's start to end; its id is the Parent in `_X_AMZN_TRACE_ID`
            Initialization          cold starts: `init_ms` up to the record's start: before its parent begins, as on AWS
            pilotlight              our own subsegment, which the handler sent

What has no measurement is not made: how long an asynchronous event or a queue's message waited, an attempt that left no
record, a function whose tracing is not active. The engine passes no trace header on, so a function that calls another
is not seen above it: each has a trace of its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document, facts_of
from pilotlight_tools.local.exchange import Exchange, new_trace_id
from pilotlight_tools.local.pair import Pair

_ACCOUNT = "000000000000"
_REGION = "us-east-1"
_PARENTS_REMEMBERED = 10_000


class Synthesiser:
    """A subscriber that makes each pair's segments and passes them to `keep`, for the API `service` and its stage."""

    def __init__(self, service: str, stage: str, keep: Callable[[list[Document]], None]) -> None:
        self._service = service
        self._stage = stage
        self._keep = keep
        self._parents: dict[str, dict[str, float]] = {}

    def __call__(self, pair: Pair) -> None:
        """Make the segments that AWS would have sent for `pair`."""
        if pair.record is None:
            self._keep(synthesise(pair, self._service, self._stage))
            return
        invocations = self._invocations_below_parent(pair.record)
        request_id = _request_id(pair.record)
        whole = Pair(pair.exchange, pair.record | {"start_time": invocations[request_id]})
        taken = next(iter(invocations)) != request_id
        self._keep(synthesise(whole, self._service, self._stage, parent_taken=taken))

    def _invocations_below_parent(self, record: Document) -> dict[str, float]:
        """The invocations whose records named the same parent, with the start of the first record of each.

        On AWS each invocation has a function segment, and so a parent, of its own. An engine that passes a caller's
        trace header on unchanged would give all invocations of that caller one parent. An invocation may have several
        records: the warmer's has one for each target.
        """
        invocations = self._parents.setdefault(f"{record['trace_id']} {record['parent_id']}", {})
        if len(self._parents) > _PARENTS_REMEMBERED:
            del self._parents[next(iter(self._parents))]
        request_id, start = _request_id(record), record["start_time"]
        invocations[request_id] = min(invocations.get(request_id, start), start)
        return invocations


def synthesise(pair: Pair, service: str, stage: str, *, parent_taken: bool = False) -> list[Document]:
    """Make the AWS segments of one invocation: Lambda's from a record, API Gateway's from an exchange.

    `service` is the API's name. Without a record the request ended in API Gateway:
    only its own segment is made, in the exchange's trace. `parent_taken` says that another function segment of the
    trace has the id that this record names as its parent: this segment gets a new id, below the other one.
    """
    gateway = _gateway(pair.exchange, pair.record, service, stage) if pair.exchange else None
    made = [gateway] if gateway else []
    if pair.record:
        made += _lambda(pair.exchange, pair.record, gateway, service, parent_taken)
    return made


def _gateway(exchange: Exchange, record: Document | None, service: str, stage: str) -> Document:
    request_id = exchange.request_id or secrets.token_hex(8)
    times = _timed(exchange.started_at, exchange.ended_at)
    request = {
        "method": exchange.method,
        "url": exchange.url,
        "client_ip": exchange.client_ip,
        "user_agent": exchange.user_agent,
    }
    gateway = times | {
        "id": _identity("gateway", request_id),
        "trace_id": record["trace_id"] if record else exchange.trace_id or new_trace_id(exchange.started_at),
        "name": f"{service}/{stage}",
        "origin": "AWS::ApiGateway::Stage",
        "resource_arn": f"arn:aws:apigateway:{_REGION}::/restapis/{service}/stages/{stage}",
        "http": {
            "request": {key: value for key, value in request.items() if value is not None},
            "response": {"status": exchange.status},
        },
        "aws": {"account_id": _ACCOUNT, "api_gateway": {"rest_api_id": service, "stage": stage}},
        "metadata": _label("the local front door's measurement"),
    }
    if record:
        integration = {
            "id": _identity("integration", request_id),
            "name": "Lambda",
            "namespace": "aws",
            "aws": {"function_name": _function(service, record), "region": _REGION, "operation": "Invoke"},
            "http": {"response": {"status": 200}},
        }
        gateway["subsegments"] = [times | integration]
    return gateway | _failure(exchange.status)


def _lambda(
    exchange: Exchange | None, record: Document, gateway: Document | None, service: str, parent_taken: bool
) -> list[Document]:
    request_id = _request_id(record)
    function = _function(service, record)
    common = {
        "trace_id": record["trace_id"],
        "name": function,
        "resource_arn": f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{function}",
        "aws": {"request_id": request_id, "account_id": _ACCOUNT},
    }
    initialization = _initialization(record, request_id)
    begun = exchange.started_at if exchange else min(part["start_time"] for part in (record, *initialization))
    ended = max(exchange.ended_at, record["end_time"]) if exchange else record["end_time"]
    invoked = (
        _timed(begun, ended)
        | common
        | {
            "id": _identity("service", request_id),
            "origin": "AWS::Lambda",
            "http": {"response": {"status": 200}},
            "metadata": _label("the local front door's measurement" if exchange else "the handler's record"),
        }
    )
    if gateway:
        invoked["parent_id"] = gateway["subsegments"][0]["id"]
    executed = (
        _timed(record["start_time"], record["end_time"])
        | common
        | {
            "id": record["parent_id"],
            "parent_id": invoked["id"],
            "origin": "AWS::Lambda::Function",
            "metadata": _label("the handler's record"),
            "subsegments": initialization,
        }
        # Lambda's own segment has the status of the invocation, 200; the function's shows what it raised.
        | ({"fault": True} if record.get("fault") else {})
    )
    if parent_taken:
        executed["id"] = _identity("function", request_id)
        invoked["parent_id"] = record["parent_id"]
    return [invoked, executed]


def _initialization(record: Document, request_id: str) -> list[Document]:
    facts = facts_of(record)
    milliseconds = facts.get(Annotation.INIT_MS)
    if facts.get(Annotation.START) != "cold" or not isinstance(milliseconds, int | float):
        return []
    begun = record["start_time"] - milliseconds / 1000
    return [
        _timed(begun, record["start_time"]) | {"id": _identity("initialization", request_id), "name": "Initialization"}
    ]


def _request_id(record: Document) -> str:
    return str((record.get("aws") or {}).get("request_id") or record["id"])


def _function(service: str, record: Document) -> str:
    """The function's name: a tick's record, which names its target, is the warmer's."""
    facts = facts_of(record)
    label = str(facts.get(Annotation.SERVICE) or service)
    if facts.get(Annotation.KIND) == "tick":
        return f"{label}-warmer"
    return str(facts.get(Annotation.FUNCTION) or label)


def _failure(status: int) -> dict[str, bool]:
    return {
        key: True
        for key, holds in (("fault", status >= 500), ("error", 400 <= status < 500), ("throttle", status == 429))
        if holds
    }


def _timed(start: float, end: float) -> Document:
    return {"start_time": start, "end_time": end}


def _label(source: str) -> dict[str, Any]:
    return {"pilotlight": {"synthetic": True, "made_from": source}}


def _identity(role: str, request_id: str) -> str:
    """Return the same id whenever a segment is made again, so that it replaces itself."""
    return hashlib.sha256(f"{role}:{request_id}".encode()).hexdigest()[:16]
