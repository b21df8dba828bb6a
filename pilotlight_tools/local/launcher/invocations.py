"""Tells the front door which invocation made a response, whatever handler it is of.

Our own routes respond with `X-Request-Id`; somebody else's handler responds as it always did. The front door needs the
id to put its measurement and the function's record together, so the engine adds a header, for the front door alone.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import lambda_runtime

from pilotlight_tools.local.launcher.guard import INVOCATION_HEADER, SECRET_HEADER, Application, Message

_ASKS = SECRET_HEADER.lower().encode()

_of_this_request: ContextVar[list[str] | None] = ContextVar("_of_this_request", default=None)


def install() -> None:
    """Note each invocation of a worker. Raises AttributeError where the engine is not as expected."""
    invoke = lambda_runtime.Worker.invoke

    def noted(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        note(request_id)
        return invoke(self, event, request_id, **options)

    lambda_runtime.Worker.invoke = noted


def note(request_id: str) -> None:
    """Note an invocation for the HTTP request that is being served, if one is; the engine's threads inherit which."""
    invocations = _of_this_request.get()
    if invocations is not None:
        invocations.append(request_id)


class Invocations:
    """An ASGI application that adds the header to the responses of another, where the front door asked."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not any(name.lower() == _ASKS for name, _ in scope["headers"]):
            return await self._application(scope, receive, send)
        invocations: list[str] = []
        _of_this_request.set(invocations)

        async def send_with_header(message: Message) -> None:
            # The last one responded: an authorizer is invoked before the function.
            if message["type"] == "http.response.start" and invocations:
                header = (INVOCATION_HEADER.lower().encode(), invocations[-1].encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        return await self._application(scope, receive, send_with_header)
