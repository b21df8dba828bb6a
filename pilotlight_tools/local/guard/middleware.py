"""The rules for aiohttp's servers: front door, latency page, X-Ray."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pilotlight_tools.local.guard.rules import Headers

Rule = Callable[[Headers], str | None]
"""Why a request is refused, by its headers; None where it is not."""


def guarded(rule: Rule, *, what: str, remedy: str, protection: Mapping[str, str] | None = None) -> Middleware:
    """Refuse with 403 and one sentence what `rule` refuses; add the headers of `protection` to the other responses."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if reason := rule([(name.lower(), value) for name, value in request.raw_headers]):
            refused = web.json_response({"message": f"{what} refuses this request: {reason}. {remedy}"}, status=403)
            refused.force_close()  # whatever it sends is not read
            return refused
        response = await handler(request)
        if protection:
            response.headers.update(protection)
        return response

    return guard
