"""Keeps web pages out of the engine: it runs code, and it trusts whoever reaches its port.

The rules are those of guard/rules.py. The front door, which passes on what browsers send, shows the secret of this
start instead.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pilotlight_tools.local.guard.rules import refusal

SECRET_HEADER = "X-Pilotlight-Engine"  # noqa: S105 (a name)
"""Carries the secret; neither the engine nor a function sees it."""
CONTEXT_HEADER = "X-Pilotlight-Context"
"""Carries what the engine knows of a response (invocations.py) to the front door, which takes it out again."""
_HEADER = SECRET_HEADER.lower().encode()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Guard:
    """An ASGI application that passes on to another what does not come from a web page."""

    def __init__(self, application: Application, secret: str, port: int) -> None:
        if not secret:
            raise ValueError("the guard needs a secret: an empty one would admit an empty header")
        self._application = application
        self._secret = secret.encode()
        self._port = port

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = [(name.lower(), value) for name, value in scope["headers"]]
            shown = [value for name, value in headers if name == _HEADER]
            is_ours = any(hmac.compare_digest(value, self._secret) for value in shown)
            if not is_ours and (reason := refusal(headers, self._port)):
                return await _refuse(scope, send, reason)
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0].lower() != _HEADER]}
        return await self._application(scope, receive, send)


async def _refuse(scope: Scope, send: Callable[[Message], Awaitable[None]], reason: str) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
    message = f"The local engine refuses this request: {reason}. Ask the API at the address printed first."
    body = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    return await send({"type": "http.response.body", "body": body})
