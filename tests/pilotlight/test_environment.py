"""Start types: which start each invocation met, as the execution environment itself reports it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from pilotlight.environment import PROACTIVE_AFTER_SECONDS, ExecutionEnvironment, seconds_since_process_start


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def environment(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> ExecutionEnvironment:
    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
    return ExecutionEnvironment(clock, process_age=lambda: clock.now - 999.8)


def test_the_first_request_is_cold_and_the_next_is_warm(environment: ExecutionEnvironment) -> None:
    assert [environment.arrive("request"), environment.arrive("request")] == ["cold", "warm"]
    assert environment.warmed_by_ping is False


def test_the_init_duration_runs_from_the_process_start_to_the_end_of_init(
    environment: ExecutionEnvironment, clock: Clock
) -> None:
    clock.now += 0.1
    environment.end_init()
    clock.now += 3
    environment.arrive("request")
    assert environment.init_ms == 300.0


def test_a_ping_uses_up_the_coldness_and_the_request_after_it_says_so(environment: ExecutionEnvironment) -> None:
    assert environment.arrive("ping") == "cold"
    assert environment.arrive("request") == "warm"
    assert environment.warmed_by_ping is True


def test_a_first_invocation_long_after_init_is_proactive(environment: ExecutionEnvironment, clock: Clock) -> None:
    clock.now += PROACTIVE_AFTER_SECONDS
    assert environment.arrive("request") == "proactive"


def test_a_first_invocation_just_before_that_is_cold(environment: ExecutionEnvironment, clock: Clock) -> None:
    clock.now += PROACTIVE_AFTER_SECONDS - 0.01
    assert environment.arrive("request") == "cold"


@pytest.mark.parametrize(
    ("initialization", "start"), [("provisioned-concurrency", "provisioned"), ("snap-start", "restored")]
)
def test_lambdas_own_initialization_type_names_the_first_start(
    environment: ExecutionEnvironment, monkeypatch: pytest.MonkeyPatch, initialization: str, start: str
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)
    assert [environment.arrive("request"), environment.arrive("request")] == [start, "warm"]
    assert (environment.init_ms is None) == (start == "restored")


def test_requests_are_counted_since_the_last_ping(environment: ExecutionEnvironment) -> None:
    for kind in ("request", "request", "ping"):
        environment.arrive(kind)
    assert environment.reset_served() == 2
    environment.arrive("ping")
    assert environment.reset_served() == 0


def test_a_snapshot_taken_before_the_first_invocation_holds_no_identity() -> None:
    environment = ExecutionEnvironment()
    assert environment._identity == ""
    assert environment.identity == environment.identity
    assert len(environment.identity) == 16
    assert environment.identity != ExecutionEnvironment().identity


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc; elsewhere the init duration is unknown")
def test_the_process_start_is_read_from_the_kernel() -> None:
    code = "from pilotlight.environment import seconds_since_process_start as s; print(s())"
    before = time.monotonic()
    age = float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert 0 < age <= time.monotonic() - before + 0.02  # the kernel counts in steps of 10 ms
    assert (seconds_since_process_start() or 0) > age
