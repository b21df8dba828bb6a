"""Tells the front door what only the engine knows of a response: `$context` variables of API Gateway's access log.

The front door measures and writes the access log (local/access_log.py). Which invocation responded, which resource
matched, and which error API Gateway itself answered with, nobody sees outside: so the engine adds a header, for the
front door alone. It holds a JSON object of variables by name, without `$context.`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import lambda_runtime

from pilotlight_tools.local.launcher.guard import CONTEXT_HEADER, SECRET_HEADER, Application, Message

REQUEST_ID = "integration.requestId"
TRACE_ID = "xrayTraceId"

_ASKS = SECRET_HEADER.lower().encode()
_MOST_CHARACTERS = 500
"""Of one value: an error message may quote what a client sent, and a header has a bounded length."""

_of_this_request: ContextVar[dict[str, str] | None] = ContextVar("_of_this_request", default=None)


def install() -> None:
    """Note each invocation of a worker. Raises AttributeError where the engine is not as expected."""
    invoke = lambda_runtime.Worker.invoke

    def invoke_and_note(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        note({REQUEST_ID: request_id, TRACE_ID: _root_of(options.get("trace_id"))})
        return invoke(self, event, request_id, **options)

    lambda_runtime.Worker.invoke = invoke_and_note


def note(variables: Mapping[str, object]) -> None:
    """Note variables of the HTTP request that is being served, if one is; None forgets one.

    The engine's threads inherit which request that is.
    """
    known = _of_this_request.get()
    if known is None:
        return
    for name, value in variables.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = str(value)[:_MOST_CHARACTERS]


def noted(name: str) -> str | None:
    """Return what was noted of the HTTP request that is being served."""
    return (_of_this_request.get() or {}).get(name)


def _root_of(trace_header: str | None) -> str | None:
    """The trace id of `Root=1-…;Parent=…;Sampled=1`; None where the function's tracing is not active."""
    parts = dict(part.partition("=")[::2] for part in (trace_header or "").split(";"))
    return parts.get("Root")


class Invocations:
    """An ASGI application that adds the header to the responses of another, where the front door asked."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not any(name.lower() == _ASKS for name, _ in scope["headers"]):
            return await self._application(scope, receive, send)
        known: dict[str, str] = {}
        _of_this_request.set(known)

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start" and known:
                header = (CONTEXT_HEADER.lower().encode(), json.dumps(known).encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        return await self._application(scope, receive, send_with_header)
