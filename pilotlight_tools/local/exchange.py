"""One request and its response at the front door: the only measurement of what a client waits for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

TRACE_ID = "xrayTraceId"
ERROR_TYPE = "error.responseType"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response as a client would measure them; times in epoch seconds.

    They run from the arrival of the request's head to the last byte handed to the client's socket. `url` is the whole
    requested URL; `request_id` is Lambda's, as the engine or `X-Request-Id` says, or None when no function was invoked.
    `context` are API Gateway's `$context` variables that only the engine and the front door know, by name.
    """

    started_at: float
    ended_at: float
    method: str
    url: str
    status: int
    request_id: str | None
    client_ip: str | None = None
    user_agent: str | None = None
    protocol: str = "HTTP/1.1"
    response_bytes: int = 0
    context: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that this request belongs to, in X-Ray's form; None where nobody said."""
        return self.context.get(TRACE_ID)

    @property
    def error_type(self) -> str | None:
        """The type of the gateway response, where API Gateway responded and not the function."""
        return self.context.get(ERROR_TYPE)

    @property
    def milliseconds(self) -> float:
        """The response time in milliseconds."""
        return (self.ended_at - self.started_at) * 1000

    @property
    def target(self) -> str:
        """The path and the query, as they were sent."""
        return "/" + self.url.partition("://")[2].partition("/")[2]


def new_trace_id(at: float) -> str:
    """Make the id of a trace that begins at `at` (epoch seconds), in X-Ray's form."""
    return f"1-{int(at):08x}-{secrets.token_hex(12)}"
