"""From a path and a method to the function that responds."""

from __future__ import annotations

import os

from pilotlight.proxy import EXPOSED, HttpError, encoder, unquoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pilotlight.cors import Origins
    from pilotlight.proxy import Request

    Route = Callable[[Request], Any]

_ORIGINS_VARIABLE = "PILOTLIGHT_CORS_ORIGINS"
"""The origins of a stage, with commas between them: `corsOrigins` under `params` of serverless.yml."""
_COROUTINE, _ASYNC_GENERATOR = 0x80, 0x200
"""`inspect.CO_COROUTINE` and `inspect.CO_ASYNC_GENERATOR`."""
PREFLIGHT = "preflight"
"""Beside the methods of a path: its own OPTIONS route, which responds to browsers' preflight requests too."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Routes:
    """The routes of an API.

    `allow_origin`: the origins of the web pages that may read responses: "*" for all, one, several, or a predicate;
    default: PILOTLIGHT_CORS_ORIGINS, or else all. `allow_credentials` lets pages send cookies; `expose_headers` are
    what they may read besides X-Request-Id. A page of another origin gets a response without CORS headers.
    `to_json` returns what stands in JSON for a value of the service's own types, and raises TypeError for any other.
    """

    def __init__(
        self,
        allow_origin: Origins | None = None,
        to_json: Callable[[Any], Any] | None = None,
        *,
        allow_credentials: bool = False,
        expose_headers: Sequence[str] = (),
    ) -> None:
        origins = allow_origin if allow_origin is not None else os.environ.get(_ORIGINS_VARIABLE) or "*"
        self.cors: Callable[[Mapping[str, Any]], Mapping[str, str]] = _any_page
        if origins != "*" or allow_credentials or expose_headers:
            from pilotlight.cors import Cors  # "*" needs no more than two headers

            self.cors = Cors(origins, credentials=allow_credentials, expose=expose_headers).headers
        self.encode = encoder(to_json)
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[tuple[str, ...], str, dict[str, Route]]] = []

    def route(self, path: str, *methods: str) -> Callable[[Route], Route]:
        """Decorate the function that responds to `path` for these methods, or for any method where none is named.

        `{name}` in the path matches one segment, `{name+}` at its end all the rest: see `Request.path_parameters`.
        The function takes a Request and returns a Response or its body. A more literal path wins. Raises ValueError for
        a path or method that can never match, or that is taken, and TypeError for an `async def`.
        """
        segments = _segments(path)
        wanted = tuple(method.upper() for method in methods) or METHODS
        for method in wanted:
            if method not in METHODS:
                raise ValueError(f"{method!r} is not one of {', '.join(METHODS)}")
        functions = self._functions_of(segments, path)

        def register(function: Route) -> Route:
            if _is_asynchronous(function):
                raise TypeError(
                    f"the route {path} is an `async def`, and one invocation serves one request: make it a `def`, and "
                    "run what is asynchronous in it by asyncio.run(…)"
                )
            for method in wanted:
                if functions.setdefault(method, function) is not function:
                    raise ValueError(f"{method} {path} has a route already: {functions[method].__name__}")
            if "OPTIONS" in map(str.upper, methods):
                functions[PREFLIGHT] = function
            return function

        return register

    def find(self, path: str) -> Endpoint:
        """The endpoint at a path; a trailing slash makes no difference. Raises HttpError(404) where there is none."""
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        functions = self._exact.get(path)
        if functions is not None:
            return Endpoint(path, functions, {})
        parts = path[1:].split("/")
        if "%" in path:
            literal = "/" + "/".join(map(_literal, parts))
            if (functions := self._exact.get(literal)) is not None:
                return Endpoint(literal, functions, {})
        for segments, route, candidates in self._patterns:
            parameters = _capture(segments, parts)
            if parameters is not None:
                return Endpoint(route, candidates, parameters)
        raise HttpError(404, f"no route for {path}")

    def _functions_of(self, segments: tuple[str, ...], path: str) -> dict[str, Route]:
        if not any(segment.startswith("{") for segment in segments):
            return self._exact.setdefault("/" + "/".join(segments), {})
        for known, known_path, functions in self._patterns:
            if _shape(known) == _shape(segments):
                if known != segments:
                    raise ValueError(f"{path} matches the same paths as {known_path}")
                return functions
        self._patterns.append((segments, path, {}))
        self._patterns.sort(key=lambda pattern: _shape(pattern[0]))
        return next(functions for known, _, functions in self._patterns if known == segments)


class Endpoint:
    """What is found at one path: its route (`/items/{id}`), a function for each method, and the path's parameters."""

    __slots__ = ("functions", "parameters", "route")

    def __init__(self, route: str, functions: dict[str, Route], parameters: dict[str, str]) -> None:
        self.route = route
        self.functions = functions
        self.parameters = parameters

    def function_for(self, method: str) -> Route:
        """The function for a method; HEAD takes GET's. Raises HttpError(405) with `Allow` for a method without one."""
        function = self.functions.get(method) or (self.functions.get("GET") if method == "HEAD" else None)
        if function is None:
            raise HttpError(405, f"{self.route} allows {self.allow}", {"Allow": self.allow})
        return function

    @property
    def allow(self) -> str:
        """The value of an `Allow` header. OPTIONS, and HEAD beside GET, need no function."""
        implied = ("OPTIONS", "HEAD") if "GET" in self.functions else ("OPTIONS",)
        return ", ".join(method for method in METHODS if method in self.functions or method in implied)


def _any_page(_: Mapping[str, Any]) -> Mapping[str, str]:
    return _ANY_PAGE


_ANY_PAGE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}


def _is_asynchronous(function: Any) -> bool:
    """Whether a call gives a coroutine or an asynchronous generator, by its code's flags (`inspect` loads slowly)."""
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    for each in (function, vars(type(function)).get("__call__")):
        if getattr(getattr(each, "__code__", None), "co_flags", 0) & (_COROUTINE | _ASYNC_GENERATOR):
            return True
    return False


def _segments(path: str) -> tuple[str, ...]:
    if not path.startswith("/") or (len(path) > 1 and path.endswith("/")):
        raise ValueError(f"a route's path begins with / and does not end with it: {path!r}")
    segments = tuple(map(_literal, path[1:].split("/")))
    names = [segment[1:-1].rstrip("+") for segment in segments if segment.startswith("{")]
    for index, segment in enumerate(segments):
        greedy = segment.endswith("+}")
        plain = segment[1:-1].rstrip("+") if segment.startswith("{") and segment.endswith("}") else segment
        if "{" in plain or "}" in plain or (segment != plain and not plain.isidentifier()):
            raise ValueError(f"a path parameter is a whole segment such as {{name}}: {path!r}")
        if greedy and index != len(segments) - 1:
            raise ValueError(f"{segment} takes all the rest, so it must end the path: {path!r}")
    if len(set(names)) != len(names):
        raise ValueError(f"a path parameter's name appears twice: {path!r}")
    return segments


def _shape(segments: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """What the segments match, ordered so that the more literal sorts first."""
    return tuple(
        (0, segment) if not segment.startswith("{") else (2, "") if segment.endswith("+}") else (1, "")
        for segment in segments
    )


def _capture(segments: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    parameters = {}
    for index, segment in enumerate(segments):
        if segment.endswith("+}"):
            rest = "/".join(parts[index:])
            if not rest:
                return None
            parameters[segment[1:-2]] = unquoted(rest)
            return parameters
        if index >= len(parts):
            return None
        if segment.startswith("{"):
            if not parts[index]:
                return None
            parameters[segment[1:-1]] = unquoted(parts[index])
        elif segment != parts[index] and segment != _literal(parts[index]):
            return None
    return parameters if len(parts) == len(segments) else None


def _literal(part: str) -> str:
    """A segment of a request's path as a route spells it; an encoded slash stays encoded, inside its segment."""
    text = unquoted(part)
    return part if "/" in text else text
