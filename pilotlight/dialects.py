"""The pings of other warmers, so that a team can move to Pilotlight one piece at a time.

Each gets the reply that its users expect; only the fan-out by `concurrency` is left to our own warmer. The shapes are
those of lambda-warmer 2.3 (npm), lambda-warmer-py 0.6 (PyPI), serverless-plugin-warmup 8.4 (npm) and, for a rule that
invokes the API itself, "Scheduled Event" in the EventBridge events reference. We are stricter than they are: a truthy
`warmer` is not enough.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHILD_HOLD_SECONDS = 0.075
"""How long lambda-warmer and lambda-warmer-py hold each of their invocations but the first."""
_PLUGIN_HOLD_SECONDS = 0.025
"""How long serverless-plugin-warmup's README advises to hold."""


class PeerPing:
    """A ping of another warmer: how long it is held, and what its sender expects as a reply."""

    __slots__ = ("hold_seconds", "peer", "reply")

    def __init__(self, peer: str, hold_seconds: float, reply: Any) -> None:
        self.peer = peer
        self.hold_seconds = hold_seconds
        self.reply = reply


_MOST_TARGETS = 1000
"""Of one event of lambda-warmer: a longer list is none of its."""


def recognise(event: object) -> PeerPing | None:
    """Return the peer's ping in an event that is not API Gateway's; None for any other event."""
    if isinstance(event, list) and 0 < len(event) <= _MOST_TARGETS and all(map(_is_lambda_warmer, event)):
        return PeerPing("lambda-warmer", 0.0, "warmed")
    if not isinstance(event, dict):
        return None
    if event == {"source": "serverless-plugin-warmup"}:
        return PeerPing("serverless-plugin-warmup", _PLUGIN_HOLD_SECONDS, {})
    if _is_lambda_warmer(event):
        hold = _CHILD_HOLD_SECONDS if int(event.get("__WARMER_INVOCATION__", 1)) > 1 else 0.0
        if "__WARMER_CORRELATIONID__" in event:
            return PeerPing("lambda-warmer", hold, "warmed")
        return PeerPing("lambda-warmer-py", hold, None)
    if event.get("source") in ("aws.events", "aws.scheduler") and event.get("detail-type") == "Scheduled Event":
        return PeerPing("scheduled event", 0.0, None)
    return None


def _is_lambda_warmer(event: object) -> bool:
    if not isinstance(event, dict) or event.get("warmer") is not True:
        return False
    return all(name in _LAMBDA_WARMER_FIELDS and _LAMBDA_WARMER_FIELDS[name](value) for name, value in event.items())


def _is_count(value: object) -> bool:
    """Whether it is a positive int, or a str of digits, which lambda-warmer (JS) accepts too."""
    if isinstance(value, str):
        return len(value) <= 4 and value.isascii() and value.isdigit()
    return type(value) is int and 0 < value <= 10_000


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 256


_LAMBDA_WARMER_FIELDS = {
    "warmer": lambda value: value is True,
    "concurrency": _is_count,
    "target": _is_name,
    "test": lambda value: isinstance(value, bool),
    "__WARMER_INVOCATION__": _is_count,
    "__WARMER_CONCURRENCY__": _is_count,
    "__WARMER_CORRELATIONID__": _is_name,
    "__WARMER_CORRELATION_ID__": _is_name,
}
