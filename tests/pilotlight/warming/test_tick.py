"""A tick proves distinct environments, repeats where some are missing, and never counts a failure as warm."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pilotlight.preparation import Preparation
from pilotlight.warming.fanout import Invocation
from pilotlight.warming.hold import HoldEstimate
from pilotlight.warming.results import TickResult
from pilotlight.warming.rounds import Order, Times
from pilotlight.warming.tick import MOST_ROUNDS, tick
from tests.support.events import unused
from tests.support.invoker import Pool
from tests.support.replies import ping_reply


def run(pool: Pool, concurrency: int, hold: HoldEstimate | None = None, pings: int | None = None) -> TickResult:
    order = Order("api", concurrency, concurrency if pings is None else pings)
    return tick(order, pool, hold or HoldEstimate(), Times(lambda: 30.0, pool.clock))


@pytest.mark.parametrize("concurrency", [1, 2, 10, 50, 100])
def test_all_environments_of_a_cold_function_are_made_in_one_round(concurrency: int) -> None:
    pool = Pool()
    result = run(pool, concurrency)
    assert result.unique == concurrency
    assert (result.tally.cold, result.tally.rounds, result.tally.invocations) == (concurrency, 1, concurrency)
    assert result.coverage == 1
    assert result.causes == ()
    assert len(pool.free_at) == concurrency


def test_the_init_is_the_median_of_the_environments_that_pings_started() -> None:
    replies = {name: ping_reply(name) for name in "abcde"}
    for name, init_ms in {"a": 300.0, "b": 100.04, "c": 200.06, "e": None}.items():
        replies[name]["start"], replies[name]["init_ms"] = "cold", init_ms
    assert TickResult("api", 5, replies).as_dict()["init_p50_ms"] == 200.1
    assert "init_p50_ms" not in TickResult("api", 1, {"d": replies["d"]}).as_dict()


def test_a_warm_function_is_proved_without_a_cold_ping() -> None:
    pool, hold = Pool(), HoldEstimate()
    for _ in range(20):
        result = run(pool, 10, hold)
    assert (result.unique, result.tally.cold, result.tally.invocations) == (10, 0, 10)
    assert len(pool.free_at) == 10


def test_the_hold_shrinks_to_what_the_spread_needs() -> None:
    pool, hold = Pool(spacing=0.001), HoldEstimate()
    first = run(pool, 10, hold)
    second = run(pool, 10, hold)
    assert 0 < second.tally.hold_ms < first.tally.hold_ms / 3
    assert second.coverage == 1
    assert second.tally.exposed_ms < first.tally.hold_ms / 10 + 20


def test_a_round_that_falls_short_is_repeated_with_a_longer_hold() -> None:
    pool, hold = Pool(spacing=0.001), HoldEstimate()
    run(pool, 10, hold)
    run(pool, 10, hold)
    pool.spacing = 0.01
    result = run(pool, 10, hold)
    assert (result.tally.rounds, result.coverage) == (2, 1)
    first, second = (round_[0].hold_until - 1e9 for round_ in pool.rounds[-2:])
    assert second > first
    assert run(pool, 10, hold).tally.rounds == 1


def test_what_an_environment_served_is_kept_in_a_second_round() -> None:
    pool, hold = Pool(spacing=0.001), HoldEstimate()
    run(pool, 5, hold)
    run(pool, 5, hold)
    for environment in pool.free_at:
        environment.arrive("request")
    pool.spacing = 0.02
    result = run(pool, 5, hold)
    assert result.tally.rounds > 1
    assert [reply["served"] for reply in result.replies.values()] == [1] * 5
    assert {reply["pings_before"] for reply in result.replies.values()} == {5}


def test_rounds_are_bounded_and_the_miss_has_a_cause() -> None:
    pool = Pool(spacing=10)  # no hold reaches the next ping
    result = run(pool, 3)
    assert (result.tally.rounds, result.unique, result.coverage) == (MOST_ROUNDS, 1, round(1 / 3, 4))
    assert result.causes == ("3 pings met only 1 distinct environments",)


def test_rounds_end_with_the_warmers_own_time() -> None:
    pool = Pool(spacing=10)
    result = tick(Order("api", 3, 3), pool, HoldEstimate(), Times(lambda: 1.0, pool.clock))
    assert result.tally.rounds == 1
    assert "time ran out" in result.causes[0]


def test_a_throttle_stops_the_tick() -> None:
    result = run(Pool(limit=6), 10)
    assert (result.tally.rounds, result.unique, result.tally.throttled, result.tally.failed) == (1, 6, 4, 0)
    assert result.causes == ("TooManyRequestsException: Rate Exceeded. (4 times)",)


@pytest.mark.parametrize("outcome", ["function error", "timed out", "failed"])
def test_what_fails_is_counted_and_pinged_once_more(outcome: Any) -> None:
    pool = Pool()
    pool.outcomes = [Invocation(outcome, pool.now, {"pilotlight": {}}, "Boom: it broke")]
    result = run(pool, 4)
    assert (result.tally.failed, result.tally.rounds, result.unique, result.tally.invocations) == (1, 2, 4, 8)
    assert result.causes == ("Boom: it broke",)


@pytest.mark.parametrize(
    ("cause", "is_told_what_to_write"),
    [
        ("KeyError: 'requestContext'", True),
        ("Runtime.HandlerError: 'requestContext'", True),
        ("Runtime.MarshalError: Unable to marshal response", True),
        ("Runtime.ExitError: RequestId: 1 Error: Runtime exited with error", False),
        ("error: 2026-01-01T00:00:00Z 1 Task timed out after 10.00 seconds", False),
        ("Sandbox.Timedout: RequestId: 1 Error: Task timed out after 10.00 seconds", False),
        ("Runtime.ImportModuleError: Unable to import module 'handler'", False),
    ],
)
def test_a_handler_that_fails_every_ping_by_itself_is_told_what_to_write(
    cause: str, is_told_what_to_write: bool
) -> None:
    pool = Pool()
    pool.outcomes = [Invocation("function error", pool.now, cause=cause)] * 2
    [told] = run(pool, 2).causes
    assert told.startswith(cause)
    assert ("`handler = warmable(handler)`" in told) is is_told_what_to_write


def test_a_prewarm_is_in_the_result_and_makes_no_tick_incomplete() -> None:
    def prewarm(*_: object) -> None:
        time.sleep(0.002)
        raise ValueError("no such table")

    pool, hold = Pool(), HoldEstimate()
    pool.preparation = Preparation(unused, prewarm)
    first, second = (run(pool, 3, hold) for _ in range(2))
    assert first.tally.prewarm_ms >= 6, "2 ms in each of three environments"
    assert first.causes == ("prewarm failed: ValueError: no such table (3 times)",)
    assert first.complete
    assert (second.tally.prewarm_ms, second.causes) == (0, ())


def test_a_function_that_fails_every_ping_is_not_pinged_again() -> None:
    pool = Pool()
    pool.outcomes = [Invocation("failed", pool.now, cause="AccessDeniedException: not authorized")] * 4
    result = run(pool, 4)
    assert (result.tally.failed, result.tally.rounds, result.coverage) == (4, 1, 0)
    assert result.causes == ("AccessDeniedException: not authorized (4 times)",)


@pytest.mark.parametrize("payload", [None, "warmed", {"statusCode": 200}, {"pilotlight": {"ping": "another"}}])
def test_a_result_that_is_no_reply_to_this_ping_never_counts_as_warm(payload: Any) -> None:
    pool = Pool()
    pool.outcomes = [Invocation("succeeded", pool.now, payload)] * 2
    result = run(pool, 2)
    assert (result.tally.failed, result.unique) == (2, 0)
    assert "did not reply to the ping" in result.causes[0]


def test_responses_that_differ_by_a_request_id_are_one_cause() -> None:
    """Wherever the id stands: a cause tells only the beginning of what was returned."""
    pool = Pool()
    headers = [{"X-Request-Id": f"{index}f507cfc-0b8b-4f6d-9a57-0123456789ab"} for index in range(2)]
    pool.outcomes = [Invocation("succeeded", pool.now, {"statusCode": 200, "headers": each}) for each in headers]
    result = run(pool, 2)
    assert len(result.causes) == 1


def test_an_unreachable_lambda_api_is_a_result() -> None:
    pool = Pool()
    pool.breaks = ConnectionRefusedError("refused")
    result = run(pool, 3)
    assert (result.tally.failed, result.tally.invocations, result.coverage) == (3, 0, 0)
    assert "could not be reached" in result.causes[0]


def test_fewer_pings_than_wanted_leave_the_rest_missing() -> None:
    result = run(Pool(), 10, pings=7)
    assert (result.requested, result.unique, result.tally.invocations, result.coverage) == (10, 7, 7, 0.7)


def test_hold_and_billed_time_are_the_sums_of_what_the_pings_measured() -> None:
    pool = Pool()
    result = run(pool, 3)
    replies = list(result.replies.values())
    assert result.tally.hold_ms == pytest.approx(sum(reply["held_ms"] for reply in replies))
    assert result.tally.billed_ms == sum(reply["billed_ms"] for reply in replies)
    assert result.tally.billed_ms > result.tally.hold_ms  # the init of a cold environment is billed
