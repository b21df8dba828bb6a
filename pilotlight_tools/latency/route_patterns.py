"""Routes behind a greedy resource: API Gateway logs `/{proxy+}` for all of them, the records name each one.

The routes of the traced records are the patterns, in the forms of the frameworks that have one: `/orders/{id}`,
`/orders/{id:int}`, `/orders/{rest+}`, `/orders/<number>`, `/orders/<int:number>`, `/files/<path:name>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = re.compile(r"\{([^{}]*)\}|<([^<>]*)>")
_MOST_REMEMBERED = 50_000


class RoutePatterns:
    """Finds the route of a path among `routes`; of several that match, the one with fewer parts that vary."""

    def __init__(self, routes: Iterable[str], stage: str = "") -> None:
        ordered = sorted({route for route in routes if route.startswith("/")}, key=_generality)
        self._patterns = [(route, re.compile(_expression(route))) for route in ordered]
        self._prefix = f"/{stage}"
        self._known: dict[str, str | None] = {}

    def route_of(self, path: str) -> str | None:
        """Return the route of a path as the access log has it, which begins with the stage; None where none matches.

        Under a domain of one's own it begins with the mapping of the base path instead, or with nothing.
        """
        if path not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[path] = self._find(path)
        return self._known[path]

    def _find(self, path: str) -> str | None:
        forms = [path]
        if path.startswith(f"{self._prefix}/") or path == self._prefix:
            forms.insert(0, path[len(self._prefix) :] or "/")
        else:
            forms.append("/" + path[1:].partition("/")[2])
        return next((route for form in forms for route, pattern in self._patterns if pattern.fullmatch(form)), None)


def is_greedy(resource: str) -> bool:
    """Whether a resource of API Gateway stands for many paths of any length."""
    return resource.endswith("+}")


def _expression(route: str) -> str:
    parts, at = [], 0
    for match in _PART.finditer(route):
        name = match[1] if match[1] is not None else match[2]
        many = name.endswith(("+", ":path")) or name.startswith("path:")
        parts += [re.escape(route[at : match.start()]), ".+" if many else "[^/]+"]
        at = match.end()
    return "".join([*parts, re.escape(route[at:]), "/?" if not route.endswith("/") else ""])


def _generality(route: str) -> tuple[int, int, str]:
    return len(_PART.findall(route)), -len(_PART.sub("", route)), route
