"""The API: your routes, and the Lambda entry point."""

from pilotlight import Request, Routes, entry_point

routes = Routes()


@routes.route("/hello")
def hello(request: Request):
    """Say hello, and show how the request arrived."""
    response = {
        "message": "Hello from Lambda",
        "method": request.method,
        "path": request.path,
        "query": dict(sorted(request.query.items())),
    }
    if request.body is not None:
        response["body"] = request.body if not isinstance(request.body, bytes) else request.body.hex()
    return response


@routes.route("/items/{id}", "GET")
def item(request: Request):
    """Return the path parameter: an example to copy."""
    return {"id": request.path_parameters["id"]}


handler = entry_point(routes)
