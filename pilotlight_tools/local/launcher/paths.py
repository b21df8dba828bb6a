"""Gives functions the path as API Gateway does: as the client encoded it. The engine decodes it first.

A REST API's proxy event keeps `/items/a%2Fb` and `/items/100%2525` as they are, so that the function decodes once.
"""

from __future__ import annotations

from typing import Any

from pilotlight_tools.local.launcher.guard import Application

_HOST, _PATH = b".execute-api.", "/_aws/execute-api/"
"""How the engine tells requests to an API from those to AWS: by the host, or by the path."""


class RawPaths:
    """An ASGI application that passes requests to an API on to another with their paths undecoded."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and is_for_an_api(scope) and (raw := scope.get("raw_path")):
            scope = {**scope, "path": raw.decode("ascii", "replace")}
        await self._application(scope, receive, send)


def is_for_an_api(scope: Any) -> bool:
    """Whether a request is to a deployed API."""
    hosts = (value for name, value in scope["headers"] if name.lower() == b"host")
    return scope["path"].startswith(_PATH) or any(_HOST in host for host in hosts)
