"""How many pings a function can take at once and still leave concurrency to its users.

Reserved concurrency is the function's own; without it, the function shares what the account has unreserved
("Understanding Lambda function scaling" in the AWS documentation). Held pings occupy environments, so
some concurrency is left to users.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger("pilotlight")

KEPT_SECONDS = 900.0
"""How long a limit is remembered: limits change rarely, and each look-up is a call of the Lambda API."""


@dataclass(frozen=True)
class Limit:
    """At most `pings` at once (None: unknown, so no limit), and why."""

    pings: int | None
    reason: str


class Headroom:
    """Reads limits from the Lambda API, through a boto3 Lambda client, and remembers them."""

    def __init__(self, client: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, Limit]] = {}

    def limit(self, function: str) -> Limit:
        """The limit for one function. Where a call is refused or fails there is no limit, and the reason says so."""
        known = self._known.get(function)
        if known is not None and self._clock() < known[0]:
            return known[1]
        limit = self._ask(function)
        self._known[function] = (self._clock() + KEPT_SECONDS, limit)
        return limit

    def _ask(self, function: str) -> Limit:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            concurrency = self._client.get_function_concurrency(FunctionName=_without_alias(function))
            reserved = concurrency.get("ReservedConcurrentExecutions")
            if reserved is not None:
                return Limit(_leave_room(reserved), f"the function's reserved concurrency is {reserved}")
            account = self._client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
            return Limit(_leave_room(account), f"the account's unreserved concurrency is {account}")
        except (BotoCoreError, ClientError, KeyError) as error:
            _logger.warning("the concurrency limits of %s could not be read, so no limit applies: %s", function, error)
            return Limit(None, "the concurrency limits could not be read")


def _without_alias(function: str) -> str:
    parts = function.split(":")
    return ":".join(parts[:7]) if parts[0] == "arn" else parts[0]


def _leave_room(concurrency: int) -> int:
    """Leave users a tenth, and at least 1; a concurrency of 1 may be a ping's, because a single ping is not held."""
    return concurrency - max(1, concurrency // 10) if concurrency > 1 else concurrency
