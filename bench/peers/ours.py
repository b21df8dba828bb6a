"""Pilotlight's routes for the bench; handler.py is the user's, and may contain anything."""

from __future__ import annotations

from pilotlight.entry import entry_point
from pilotlight.routing import Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pilotlight.proxy import Request

routes = Routes()


@routes.route("/hello")
def hello(request: Request) -> dict[str, Any]:
    """Say hello, and show how the request arrived."""
    content: dict[str, Any] = {
        "message": "Hello from Lambda",
        "method": request.method,
        "path": request.path,
        "query": dict(sorted(request.query.items())),
    }
    if request.body is not None:
        content["body"] = request.body if not isinstance(request.body, bytes) else request.body.hex()
    return content


@routes.route("/items/{id}", "GET")
def item(request: Request) -> dict[str, Any]:
    """A route with a path parameter, to copy."""
    return {"id": request.path_parameters["id"]}


handler = entry_point(routes)
