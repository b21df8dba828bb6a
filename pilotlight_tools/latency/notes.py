"""What a reader of the figures must know, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.report import NO_RECORD, Counted
from pilotlight_tools.terminal import number_of

if TYPE_CHECKING:
    from pilotlight_tools.latency.access_log import AccessLog
    from pilotlight_tools.latency.read_log import Collector
    from pilotlight_tools.latency.reader import Reader
    from pilotlight_tools.latency.reading import Reading
    from pilotlight_tools.latency.survey import Survey
    from pilotlight_tools.latency.traced_sample import TracedSample


def of_source(reading: Reading, region: str | None) -> Iterator[str]:
    """Say what the figures are of, and what the local engine takes of them."""
    if reading.is_complete:
        yield (
            f"Counts, rates and response times are of all {number_of(len(reading.columns), 'request')} in API "
            "Gateway's access log, init durations of all starts in the functions' logs, ticks of the warmer's log"
            + (
                f", and whom pings spared an init of the latest {number_of(reading.traced, 'traced request')}."
                if reading.traced
                else "."
            )
        )
    elif region is not None:
        yield (
            f"Counts, rates and times are of the {number_of(len(reading.columns), 'request')} that X-Ray sampled, not "
            "of all. Of a burst it samples a smaller share than of single requests, and cold starts come in bursts, so "
            "that the true cold-start rate may be many times this one."
        )
    if reading.engine is not None:
        p95 = "" if reading.engine.p95 is None else f" and {reading.engine.p95:.1f} ms at the 95th percentile"
        yield (
            f"Of a warm request's time the local engine itself took {reading.engine.p50:.1f} ms at the median{p95}, "
            "outside the function. On AWS, API Gateway and Lambda take their own time instead."
        )


def without_log(why: str) -> str:
    """Say why the access log was not read."""
    return f"The access log, which has all requests, was not read: {why}. These figures are of X-Ray's traces instead."


OF_A_DAY = (
    "Traces are those of the last 24 hours: X-Ray charges for each trace that it looks through. Turn the access log on "
    "to see a longer time."
)


def of_counts(counted: Counted) -> str:
    """Say what CloudWatch counted, beside the traces."""
    return (
        f"CloudWatch's metrics count all {number_of(counted.requests, 'request')}, "
        f"{counted.starts.get('cold', 0):,} of them cold: the cold-start rate and the counts over time are these; "
        "start types, routes and times are of the traces."
    )


def without_cost(why: str) -> str:
    """Say why the verdict has no price."""
    return f"What this stage costs is not known: {why}."


def without_counts(why: str) -> str:
    """Say why CloudWatch's metrics were not read."""
    return f"All requests were not counted by CloudWatch's metrics either: {why}."


def of_log(collector: Collector, sample: TracedSample, log: AccessLog, *, unasked: int) -> Iterator[str]:
    """Say what the access log left open."""
    if sample.refusal:
        yield f"No single request was read in detail: {sample.refusal}."
    if collector.unreadable:
        yield (
            f"{number_of(collector.unreadable, 'line')} of the access log's group, in no figure here: not of the "
            "stage's format."
        )
    if collector.answered_by_gateway:
        yield (
            f"API Gateway answered {number_of(collector.answered_by_gateway, 'further request')} without calling a "
            "function, such as preflight requests: in no figure here."
        )
    if collector.without_request_id:
        yield (
            f"{number_of(collector.without_request_id, 'line')} were logged before the format had "
            "$context.integration.requestId: counted as unknown, not as warm."
        )
    if collector.without_init:
        yield _without_init(collector.without_init)
    if unasked:
        yield (
            f"X-Ray was not asked about {number_of(unasked, 'request')} with an error: some of these may have left a "
            "record."
        )
    yield from _throttled(sum(1 for index in range(len(collector.columns)) if collector.columns.status[index] == 429))
    if not log.tick_groups:
        yield "No log group of the warmer was found: ticks are those that X-Ray has."


def of_traces(
    survey: Survey, reading: Reading, *, by_lambda: Sequence[str], left_out: int, partial: int
) -> Iterator[str]:
    """Say what the traces left open."""
    if reading.more_faults.total():
        yield "Invocations that raised and are no HTTP requests count as 5xx by their share of the sample."
    if partial:
        are = "is" if partial == 1 else "are"
        yield (
            f"{number_of(partial, 'trace')} {are} partial, with neither API Gateway's nor Lambda's segment, and {are} "
            "not measured."
        )
    if by_lambda:
        functions = ", ".join(name or "the service" for name in by_lambda)
        yield (
            f"Times of {functions} are Lambda's: no API Gateway stage of theirs is traced. They lack what comes before "
            "Lambda (an HTTP API, a function URL, a load balancer); a cold start's init is in them."
        )
    if left_out:
        have, are = ("has", "is") if left_out == 1 else ("have", "are")
        yield (
            f"{number_of(left_out, 'trace')} {have} no API Gateway segment, as others of the same function "
            f"have, and {are} not measured: such times are not comparable."
        )
    yield from _of_records(survey)
    if reading.ticks and survey.tick_traces > survey.most:
        yield (
            f"Ticks are those of a sample of {survey.most:,} of the warmer's "
            f"{number_of(survey.tick_traces, 'invocation')}, drawn at random (--most draws more)."
        )


def of_reader(reader: Reader, reading: Reading, region: str | None) -> Iterator[str]:
    """Say what X-Ray did not return, and where it may have fewer traces than it was sent."""
    if reader.ticks_without_result:
        yield (
            f"{number_of(reader.ticks_without_result, 'tick')} left no result in X-Ray: the warmer was ended, or the "
            "trace was too big. The warmer's log has the result of each tick that ended."
        )
    if reader.unread:
        traces = number_of(reader.unread, "trace")
        yield f"X-Ray did not return {traces} that it had listed, in spite of repeated requests."
    if reader.unreadable:
        yield (
            f"{number_of(reader.unreadable, 'malformed record')}, in no figure here: something else writes under the "
            "name of these records."
        )
    if reader.losses:
        reasons = "; ".join(f"{count:,}: {reason}" for reason, count in sorted(reader.losses.items()))
        yield f"The local X-Ray lost records since it began, so that figures may be too low ({reasons})."
    if reader.throttled_calls:
        yield f"X-Ray throttled {number_of(reader.throttled_calls, 'call')}, repeated until all succeeded."
    yield from _transaction_search(reader, reading, region)


def _transaction_search(reader: Reader, reading: Reading, region: str | None) -> Iterator[str]:
    if reading.is_complete:
        return  # nothing of weight is of the traces
    is_on = reader.transaction_search_is_on()
    if is_on:
        yield (
            "Transaction Search is on in this account and region: X-Ray indexes only a share of the traces (1 % "
            "unless changed), so the counts here include only those."
        )
    elif is_on is None and region is not None:
        yield (
            "Whether Transaction Search is on cannot be told: these credentials may not call "
            "xray:GetTraceSegmentDestination. Where it is on, X-Ray lists only a share of the traces (1 % unless "
            "changed)."
        )


def _of_records(survey: Survey) -> Iterator[str]:
    if survey.without_init:
        yield _without_init(survey.without_init)
    unknown = len(survey.columns.starts.groups().get(UNKNOWN, ()))
    if unknown:
        yield f"{number_of(unknown, 'record')} without a start annotation: counted as unknown, not as warm."
    if survey.outcomes:
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(survey.outcomes.items()))
        requests = number_of(survey.outcomes.total(), "request")
        yield f"API Gateway responded to {requests} that left no record ({outcomes}): counted as {NO_RECORD}."
    yield from _throttled(survey.outcomes["throttled"])


def _throttled(count: int) -> Iterator[str]:
    if count:
        yield (
            f"{count:,} of these met a limit of the stage or of a usage plan: API Gateway answered 429 without "
            "calling a function. A load test has to stay below the limits in serverless.yml, or to raise them."
        )


def _without_init(count: int) -> str:
    return (
        f"{number_of(count, 'start')} without an init duration: a process cannot read its own age where it ran, as on "
        "macOS, which has no /proc."
    )
