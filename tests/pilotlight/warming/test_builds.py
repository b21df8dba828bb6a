"""Warm means: warm with the build that is deployed. An environment that runs an older one does not count."""

from __future__ import annotations

from collections.abc import Sequence

from pilotlight import __version__
from pilotlight.warming.fanout import Invocation
from pilotlight.warming.headroom import Headroom, Limit
from pilotlight.warming.hold import HoldEstimate
from pilotlight.warming.policy import Warming
from pilotlight.warming.results import TickResult
from pilotlight.warming.rounds import Order, Times
from pilotlight.warming.targets import Size, Target
from pilotlight.warming.tick import MOST_ROUNDS, tick
from tests.support.invoker import Pool

OLD, NEW, NEWEST = "00000000000000aa", "00000000000000bb", "00000000000000cc"


def run(pool: Pool, own: str, pings: int = 10) -> TickResult:
    order = Order("api", pings, pings, build=own)
    return tick(order, pool, HoldEstimate(), Times(lambda: 30.0, pool.clock))


class Deploying(Pool):
    """The deployment ends with the first round: environments of this build are gone in the next."""

    ends = OLD

    def invoke(self, function: str, payloads: Sequence[bytes], timeout_seconds: float) -> list[Invocation]:
        invocations = super().invoke(function, payloads, timeout_seconds)
        self.end(self.ends)
        return invocations


def test_an_environment_counts_if_it_runs_the_warmers_build() -> None:
    pool = Pool()
    pool.build = NEW
    result = run(pool, NEW)
    assert (result.unique, result.tally.rounds, result.causes) == (10, 1, ())


def test_environments_of_an_older_build_do_not_count_and_are_named() -> None:
    pool = Pool()
    pool.add(OLD, 3)
    pool.add(NEW, 7)
    result = run(pool, NEW)
    assert (result.unique, result.coverage, result.complete) == (7, 0.7, False)
    assert result.tally.rounds == MOST_ROUNDS
    older = f"{OLD} (Pilotlight {__version__})"
    assert result.causes == (
        f"3 execution environments run an older build than the deployed one: {older} instead of {NEW}",
    )


def test_older_environments_are_pinged_again_like_missing_ones() -> None:
    pool = Deploying()
    pool.add(OLD, 1)
    pool.add(NEW, 9)
    result = run(pool, NEW)
    assert (result.unique, result.complete, result.tally.rounds) == (10, True, 2)
    assert [cause.partition(":")[0] for cause in result.causes] == [
        "1 execution environment runs an older build than the deployed one"
    ]


def test_a_function_that_was_deployed_alone_counts_and_the_result_says_so() -> None:
    """After `sls deploy function -f api` the API is newer than its warmer."""
    pool = Pool()
    pool.build = NEWEST
    result = run(pool, NEW)
    assert (result.unique, result.complete, result.tally.rounds) == (10, True, 1)
    (cause,) = result.causes
    assert f"run the build {NEWEST} and the warmer expects {NEW}" in cause


def test_where_two_other_builds_reply_neither_counts() -> None:
    pool = Pool()
    pool.add(OLD, 5)
    pool.add(NEWEST, 5)
    result = run(pool, NEW)
    assert (result.unique, result.complete) == (0, False)
    assert result.causes[0].startswith("10 execution environments run an older build")


def test_a_function_that_is_deployed_alone_during_the_tick_counts() -> None:
    pool = Deploying()
    pool.ends = NEW
    pool.add(NEW, 5)
    pool.build = NEWEST
    result = run(pool, NEW)
    assert (result.unique, result.complete, result.tally.rounds) == (10, True, 2)


def test_builds_do_not_count_where_either_side_has_none() -> None:
    pool = Pool()
    pool.add(OLD, 5)
    pool.add(NEW, 5)
    result = run(pool, "")
    assert (result.unique, result.tally.rounds, result.causes) == (10, 1, ())
    pool.end(OLD)
    pool.add(NEW, 5)
    assert run(pool, "").causes == ()
    pool = Pool()
    pool.add("", 5)
    pool.add(NEW, 5)
    result = run(pool, NEW)
    assert (result.unique, result.tally.rounds, result.causes) == (10, 1, ())


class NoLimit(Headroom):
    def __init__(self) -> None:
        super().__init__(None)

    def limit(self, function: str, timeout_seconds: float = 1.0) -> Limit:
        assert function
        assert timeout_seconds
        return Limit(None, "")


def test_the_warmer_hands_its_build_to_each_tick_and_older_environments_are_no_throttle() -> None:
    """What fits at once is what replied, whatever it runs."""
    pool = Pool(limit=8)
    pool.add(OLD, 3)
    pool.add(NEW, 5)
    warming = Warming(pool, NoLimit(), pool.clock, NEW)
    target = Target("api", Size(10, 10))
    result = warming.tick(target, lambda: 30.0)
    assert (result.unique, result.outdated, result.tally.throttled) == (5, 3, 2)
    pool.now += 300
    assert warming.tick(target, lambda: 30.0).tally.invocations == 8 * MOST_ROUNDS


def test_a_target_may_have_another_build_than_the_warmer() -> None:
    """As where another plugin packages the service, and the warmer has a package of its own."""
    pool = Pool()
    pool.add(OLD, 3)
    pool.add(NEW, 7)
    result = Warming(pool, NoLimit(), pool.clock, NEWEST).tick(Target("api", Size(10, 10), build=NEW), lambda: 30.0)
    assert result.unique == 7
    assert f"instead of {NEW}" in result.causes[0]
