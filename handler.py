"""The API: your routes, and the Lambda entry point."""

from __future__ import annotations

from pilotlight import Routes, entry_point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pilotlight import Request

routes = Routes()


@routes.route("/hello")
def hello(request: Request) -> dict[str, Any]:
    """Say hello, and show how the request arrived."""
    response: dict[str, Any] = {
        "message": "Hello from Lambda",
        "method": request.method,
        "path": request.path,
        "query": dict(sorted(request.query.items())),
    }
    if request.body is not None:
        response["body"] = request.body if not isinstance(request.body, bytes) else request.body.hex()
    return response


@routes.route("/items/{id}", "GET")
def item(request: Request) -> dict[str, Any]:
    """Return the path parameter: an example to copy."""
    return {"id": request.path_parameters["id"]}


handler = entry_point(routes)
