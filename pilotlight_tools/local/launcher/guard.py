"""Keeps web pages out of the engine: it runs code, and it trusts whoever reaches its port.

A browser on this machine reaches the port too, for any page that its user visits. It tells on the page: by `Origin`
(Fetch standard, "Origin header"), by `Sec-Fetch-Site` (W3C, "Fetch Metadata Request Headers"), and, where a foreign
name was made to resolve to this machine (DNS rebinding), by `Host`. Programs such as the deploy tool send neither.
The front door, which passes on what browsers send, shows the secret of this start instead.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

SECRET_HEADER = "X-Pilotlight-Engine"  # noqa: S105 (a name)
"""Carries the secret; neither the engine nor a function sees it."""
INVOCATION_HEADER = "X-Pilotlight-Invocation"
"""Carries Lambda's request id of the invocation that responded, to the front door, which takes it out again."""
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


def refusal(headers: list[tuple[bytes, bytes]], port: int) -> str | None:
    """Why an engine on `port` refuses a request with these headers (names in lower case); None where it does not."""
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.decode("latin-1"))
    if b"origin" in values:
        return f"it comes from a web page of {', '.join(values[b'origin'])}"
    if sites := values.get(b"sec-fetch-site"):
        # Also "none", an address that the user typed: where that address redirects to the engine, it is still "none".
        return f"it comes from a browser (Sec-Fetch-Site: {', '.join(sites)})"
    hosts = values.get(b"host", [])
    if len(hosts) != 1 or not is_this_engine(hosts[0], port):
        return f"its Host is {', '.join(hosts) or 'missing'}, which is not this engine"
    return None


def is_this_engine(host: str, port: int) -> bool:
    """Whether a `Host` header names this port of the loopback interface. Browsers look up no `localhost` elsewhere."""
    name, _, named_port = host.lower().rpartition(":")
    if named_port != str(port):
        return False
    return name in ("127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")


async def _refuse(scope: Scope, send: Callable[[Message], Awaitable[None]], reason: str) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
    message = f"The local engine refuses this request: {reason}. Ask the API at the address printed first."
    body = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    return await send({"type": "http.response.body", "body": body})
