"""The warming policies that are compared; `auto` is the deployed rule itself."""

import random
from collections.abc import Sequence

from pilotlight.warming.sizing import Sizing, Use, next_concurrency


class Fixed:
    """The same concurrency in every tick: the best that peers do."""

    def __init__(self, pings: int) -> None:
        self.pings = pings

    def concurrency(self, now: float) -> int:  # noqa: ARG002 (part of Policy)
        return self.pings

    def learn(self, replies: Sequence[Use], now: float) -> int:  # noqa: ARG002 (part of Policy)
        return 0


class Planned:
    """Each tick's concurrency from a plan made beforehand, which takes knowledge of the whole load."""

    def __init__(self, plan: Sequence[int]) -> None:
        self.plan = iter(plan)

    def concurrency(self, now: float) -> int:  # noqa: ARG002 (part of Policy)
        return next(self.plan)

    def learn(self, replies: Sequence[Use], now: float) -> int:  # noqa: ARG002 (part of Policy)
        return 0


class Auto:
    """`concurrency: auto` by `pilotlight.warming.sizing`, in a warmer whose own environment is sometimes replaced."""

    def __init__(self, minimum: int, maximum: int, warmer_lifetime_seconds: float, stream: random.Random) -> None:
        self.minimum, self.maximum = minimum, maximum
        self.warmer_lifetime_seconds, self.stream = warmer_lifetime_seconds, stream
        self.state: Sizing | None = None
        self.state_lost_at = self._next_loss(0.0)

    def concurrency(self, now: float) -> int:
        if now >= self.state_lost_at:
            self.state, self.state_lost_at = None, self._next_loss(now)
        if self.state is None:
            _, self.state = next_concurrency((), None, self.minimum, self.maximum, now)
        return self.state.asked

    def learn(self, replies: Sequence[Use], now: float) -> int:
        assert self.state is not None  # noqa: S101 (a tick asks for its concurrency first)
        is_first, pinged = self.state.shares is None, len(replies)
        wanted, self.state = next_concurrency(replies, self.state, self.minimum, self.maximum, now)
        return wanted if is_first and wanted > pinged else 0

    def _next_loss(self, now: float) -> float:
        return now + self.warmer_lifetime_seconds * self.stream.uniform(0.75, 1.25)
