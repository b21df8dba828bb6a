"""How many pings a function can take at once and still leave concurrency to its users.

Reserved concurrency is the function's own; without it, the function shares what the account has unreserved
("Understanding Lambda function scaling" in the AWS documentation). Held pings occupy environments, so
some concurrency is left to users.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger("pilotlight")

KEPT_SECONDS = 900.0
"""How long a limit is remembered: limits change rarely, and each look-up is a call of the Lambda API."""
KEPT_AFTER_FAILURE_SECONDS = 60.0
"""How long a failed look-up is not tried again."""
LOOK_UP_SECONDS = 2.0
FEWEST_FOR_USERS = 2
"""What users keep at least, also where a tenth is less."""


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

    def limit(self, function: str, timeout_seconds: float = LOOK_UP_SECONDS) -> Limit:
        """The limit for one function, within the time. A look-up that fails means no limit; the reason says so."""
        known = self._known.get(function)
        if known is not None and self._clock() < known[0]:
            return known[1]
        timeout_seconds = min(timeout_seconds, LOOK_UP_SECONDS)
        limit = self._look_up(function, timeout_seconds)
        kept_seconds = KEPT_SECONDS if limit.pings is not None else KEPT_AFTER_FAILURE_SECONDS
        self._known[function] = (self._clock() + kept_seconds, limit)
        return limit

    def _look_up(self, function: str, timeout_seconds: float) -> Limit:
        """Ask in a thread of its own: boto3's timeouts are for each read, and a slow server may make many."""
        found: queue.SimpleQueue[Limit | Exception] = queue.SimpleQueue()
        threading.Thread(target=self._ask, args=(function, found), daemon=True).start()
        try:
            limit = found.get(timeout=timeout_seconds)
        except queue.Empty:
            limit = TimeoutError(f"no response within {timeout_seconds:g} s")
        if isinstance(limit, Limit):
            return limit
        _logger.warning("the concurrency limits of %s could not be read, so no limit applies: %s", function, limit)
        return Limit(None, "the concurrency limits could not be read")

    def _ask(self, function: str, found: queue.SimpleQueue[Limit | Exception]) -> None:
        try:
            concurrency = self._client.get_function_concurrency(FunctionName=_without_alias(function))
            reserved = concurrency.get("ReservedConcurrentExecutions")
            if reserved is not None:
                found.put(Limit(_leave_room(reserved), f"the function's reserved concurrency is {reserved}"))
                return
            account = self._client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
            # The warmer's own invocation takes one of them.
            found.put(Limit(_leave_room(account - 1), f"the account's unreserved concurrency is {account}"))
        except Exception as error:  # whatever the API returned: no limit is known
            found.put(error)


def _without_alias(function: str) -> str:
    parts = function.split(":")
    return ":".join(parts[:7]) if parts[0] == "arn" else parts[0]


def _leave_room(concurrency: int) -> int:
    """Leave users a tenth, and at least two; a single ping, which is not held, may take what little there is."""
    return max(min(1, concurrency), concurrency - max(FEWEST_FOR_USERS, concurrency // 10))
