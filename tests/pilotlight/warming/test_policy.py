"""What a target's ticks remember: limits, throttles, sizes, and Lambda's own warming."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pilotlight.warming.fanout import Invocation
from pilotlight.warming.headroom import KEPT_AFTER_FAILURE_SECONDS, KEPT_SECONDS, Headroom
from pilotlight.warming.policy import Warming
from pilotlight.warming.results import TickResult
from pilotlight.warming.targets import Size, Target, Window
from tests.support.invoker import Pool


class Limits:
    """The part of a boto3 Lambda client that Headroom calls."""

    def __init__(self, reserved: int | None = None, unreserved: int = 1000, error: bool = False) -> None:
        self.reserved, self.unreserved, self.error, self.calls = reserved, unreserved, error, 0

    def get_function_concurrency(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        if self.error:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": FunctionName}}, "x")
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.unreserved}}


class Service:
    def __init__(self, pool: Pool | None = None, limits: Limits | None = None) -> None:
        self.pool = pool or Pool()
        self.warming = Warming(self.pool, Headroom(limits or Limits(), self.pool.clock), self.pool.clock)

    def tick(self, size: int | Size, **more: Any) -> TickResult:
        size = Size(size, size) if isinstance(size, int) else size
        result = self.warming.tick(Target("api", size, **more), lambda: 30.0)
        self.pool.now += 300
        return result


@pytest.mark.parametrize(
    ("limits", "unique"),
    [
        (Limits(reserved=10), 8),
        (Limits(reserved=50), 10),
        (Limits(unreserved=10), 7),
        (Limits(unreserved=1000), 10),
        (Limits(error=True), 10),
        (Limits(reserved=0), 0),
    ],
)
def test_pings_leave_room_for_users(limits: Limits, unique: int) -> None:
    result = Service(limits=limits).tick(10)
    assert (result.unique, result.requested) == (unique, 10)
    assert bool(result.causes) == (unique < 10)


def test_the_limits_are_read_again_only_after_a_while() -> None:
    limits = Limits(reserved=20)
    service = Service(limits=limits)
    for _ in range(3):
        service.tick(10)
    assert limits.calls == 1
    service.pool.now += KEPT_SECONDS
    service.tick(10)
    assert limits.calls == 2


def test_a_look_up_that_failed_is_tried_again_after_a_minute() -> None:
    limits = Limits(error=True)
    service = Service(limits=limits)
    for _ in range(3):
        assert service.tick(10).unique == 10
        service.pool.now -= 300  # the ticks of one minute
    assert limits.calls == 1
    service.pool.now += KEPT_AFTER_FAILURE_SECONDS + 1
    limits.error, limits.reserved = False, 5
    assert service.tick(10).unique == 3
    assert limits.calls == 2


def test_after_a_throttle_the_next_ticks_are_smaller_and_grow_again() -> None:
    service = Service(Pool(limit=6))
    assert service.tick(10).tally.throttled == 4
    service.pool.limit = 1000
    sizes = [service.tick(10) for _ in range(5)]
    assert sizes[0].tally.invocations == 6
    assert sizes[0].tally.throttled == 0
    assert "after throttles" in sizes[0].causes[0]
    assert [result.tally.invocations for result in sizes] == [6, 7, 8, 10, 10]
    assert sizes[-1].coverage == 1


def test_one_failing_target_leaves_the_next_tick_whole() -> None:
    service = Service()
    service.pool.outcomes = [Invocation("function error", 0, cause="Runtime.ExitError: exit status 137")] * 5
    assert service.tick(5).coverage == 0
    assert service.tick(5).coverage == 1


@pytest.mark.parametrize("initialization", ["provisioned-concurrency", "snap-start"])
def test_it_stands_down_where_lambda_does_the_warming_and_comes_back(initialization: str) -> None:
    service = Service(Pool(initialization=initialization))
    assert initialization in service.tick(5).stood_down
    second = service.tick(5)
    assert (second.tally.invocations, second.tally.hold_ms) == (1, 0)
    assert initialization in second.stood_down
    service.pool.initialization = "on-demand"
    assert service.tick(5).unique == 5


def test_an_open_window_sets_the_size() -> None:
    service = Service()
    night = Window(frozenset(range(7)), 0, 24 * 60 - 1, Size(0, 0))
    assert service.tick(5, windows=(night,)).requested == 0
    assert service.pool.rounds == []
    assert service.tick(5).unique == 5


def test_auto_follows_what_users_needed() -> None:
    service = Service()
    size = Size(1, 20)
    assert service.tick(size).requested == 1
    for environment in list(service.pool.free_at)[:1]:
        environment.arrive("request")
    for _ in range(4):  # four more users at the same time met cold starts of their own
        environment = service.pool._new(service.pool.now - 100)
        environment.arrive("request")
        service.pool.free_at[environment] = service.pool.now - 100
    requested = [service.tick(size).requested for _ in range(2)]
    assert requested[-1] > 1


def test_a_new_warmer_environment_loses_nothing_of_a_fixed_size() -> None:
    pool = Pool()
    for _ in range(3):
        service = Service(pool)
        assert service.tick(5).unique == 5
    assert len(pool.free_at) == 5
