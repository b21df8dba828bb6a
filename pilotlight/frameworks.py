"""`routes_of`: which of a framework's routes a request met, so that a catch-all of API Gateway is not one route."""

from __future__ import annotations

from urllib.parse import unquote

from pilotlight.facts import method_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Route = Callable[[Mapping[str, Any]], str]
    Find = Callable[[str, str], str]


def routes_of(app: Any) -> Route:
    """Return a `route=` for `warmable` that asks an app of FastAPI, Starlette or Flask, or a Powertools resolver.

    It returns the route as the app declares it (`/orders/{id}`, `/orders/<int:id>`), "" where none matches, and matches
    only for requests that are recorded. Raises TypeError for another kind of app: pass a function of the event then.
    """
    find = _finder(app)

    def route(event: Mapping[str, Any]) -> str:
        return find(*_method_and_path(event))

    return route


def _finder(app: Any) -> Find:
    if hasattr(app, "url_map"):
        return lambda method, path: _of_flask(app, method, path)
    if hasattr(app, "_dynamic_routes") and hasattr(app, "resolve"):
        return lambda method, path: _of_powertools(app, method, path)
    if hasattr(getattr(app, "router", None), "routes"):
        return lambda method, path: _of_starlette(
            app.router.routes, {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        )
    raise TypeError(
        f"routes_of knows FastAPI, Starlette, Flask and the resolvers of Powertools, not {type(app).__name__}: "
        "give `route=` a function that takes the event and returns the route's name"
    )


def _of_flask(app: Any, method: str, path: str) -> str:
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method=method, return_rule=True)
    except Exception:  # werkzeug's 404, 405 and redirects
        return ""
    return str(rule.rule)


def _of_starlette(routes: Any, scope: dict[str, Any]) -> str:
    """The path of the first route that matches in full, through mounted apps, as Starlette's router finds it."""
    for route in routes:
        if hasattr(route, "effective_route_contexts"):  # a router that FastAPI has included
            if included := _of_starlette(route.effective_route_contexts(), scope):
                return included
            continue
        match, child = route.matches(scope)
        if match.name == "FULL":
            declared, mounted = str(getattr(route, "path", "")), getattr(route, "routes", None)
            return declared + _of_starlette(mounted, {**scope, **child}) if mounted else declared
    return ""


def _of_powertools(app: Any, method: str, path: str) -> str:
    """Its resolver keeps no route after the response, so the routes are asked as it asks them."""
    candidates = [*getattr(app, "_static_routes", []), *getattr(app, "_dynamic_routes", [])]
    stripped = app._remove_prefix(path) if hasattr(app, "_remove_prefix") else path
    for route in candidates:
        methods = [route.method] if isinstance(route.method, str) else route.method
        if method in methods and route.rule.match(stripped):
            return str(getattr(route, "path", "") or route.rule.pattern)
    return ""


def _method_and_path(event: Mapping[str, Any]) -> tuple[str, str]:
    """The method, and the path as a framework's adapter decodes it: without the stage of an HTTP API."""
    context = event.get("requestContext")
    stage = context.get("stage") if isinstance(context, dict) else None
    path = str(event.get("rawPath") or event.get("path") or event.get("raw_path") or "/").partition("?")[0]
    if "rawPath" in event and stage and stage != "$default" and path.startswith(f"/{stage}/"):
        path = path[len(stage) + 1 :]
    return method_of(event).upper(), unquote(path)
