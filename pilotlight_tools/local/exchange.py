"""One request and its response at the front door: the only measurement of what a client waits for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response as a client would measure them; times in epoch seconds.

    They run from the arrival of the request's head to the last byte handed to the client's socket. `url` is the whole
    requested URL; `request_id` is Lambda's, as the engine or `X-Request-Id` says, or None when no function responded.
    """

    started_at: float
    ended_at: float
    method: str
    url: str
    status: int
    request_id: str | None
    client_ip: str | None = None
    user_agent: str | None = None

    @property
    def milliseconds(self) -> float:
        """The response time in milliseconds."""
        return (self.ended_at - self.started_at) * 1000

    @property
    def target(self) -> str:
        """The path and the query, as they were sent."""
        return "/" + self.url.partition("://")[2].partition("/")[2]
