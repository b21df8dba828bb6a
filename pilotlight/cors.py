"""Which web pages may read the responses ("HTTP CORS protocol" in the Fetch standard).

One answer for all pages is fixed when the routes are made. Several origins, or a predicate, are asked for each request:
the response names the page's own origin, and `Vary: Origin` keeps caches from giving it to another page.
"""

from __future__ import annotations

from pilotlight.proxy import EXPOSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Origins = str | Sequence[str] | Callable[[str], bool]

_MOST_CHARACTERS = 300
"""Of an origin that a client names: longer ones are no host's."""


class Cors:
    """The CORS headers of each response. Raises ValueError for what browsers would refuse."""

    __slots__ = ("_allowed", "_fixed", "_headers")

    def __init__(self, origins: Origins, *, credentials: bool, expose: Sequence[str]) -> None:
        self._headers = {"Access-Control-Expose-Headers": ", ".join((EXPOSED, *expose))}
        if credentials:
            self._headers["Access-Control-Allow-Credentials"] = "true"
        self._fixed: dict[str, str] | None = None
        if callable(origins):
            self._allowed: Callable[[str], bool] = origins
            return
        listed = [each.strip() for each in origins.split(",")] if isinstance(origins, str) else list(origins)
        for origin in listed:
            _check(origin, credentials=credentials, alone=len(listed) == 1)
        self._allowed = frozenset(listed).__contains__
        if len(listed) == 1:
            self._fixed = {"Access-Control-Allow-Origin": listed[0], **self._headers}

    def headers(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The headers for the page that sent this event."""
        if self._fixed is not None:
            return self._fixed
        origin = _origin_of(event)
        if origin is None or not self._allowed(origin):
            return {"Vary": "Origin"}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **self._headers}


def _check(origin: str, *, credentials: bool, alone: bool) -> None:
    if origin == "*":
        if not alone:
            raise ValueError('"*" in `allow_origin` is every page: name it alone, or only the other origins')
        if credentials:
            raise ValueError('browsers refuse credentials from "*": name the origins in `allow_origin`')
        return
    scheme, separator, host = origin.partition("://")
    if not (scheme and separator and host) or "/" in host or not origin.isascii() or not origin.isprintable():
        raise ValueError(f"an origin is a scheme and a host such as https://shop.example, without a path: {origin!r}")


def _origin_of(event: Mapping[str, Any]) -> str | None:
    """The page's origin, where it is text that a header may hold."""
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return None
    found = next((value for name, value in headers.items() if str(name).lower() == "origin"), None)
    usable = isinstance(found, str) and found.isascii() and found.isprintable() and len(found) <= _MOST_CHARACTERS
    return found if usable else None
