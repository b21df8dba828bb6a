"""What a reader of the figures has to know, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight_tools.latency.observation import API_GATEWAY, LAMBDA, UNKNOWN, Observation
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.survey import Survey


def notes(survey: Survey, observations: list[Observation], reader: Reader) -> list[str]:
    """The sentences that hold for this report; none when all is plain."""
    return [*_about_the_sample(survey, observations), *_about_the_traces(survey, observations), *_about_x_ray(reader)]


def _about_the_sample(survey: Survey, observations: list[Observation]) -> Iterator[str]:
    sampled = sum(map(len, survey.sample().values()))
    if sampled < survey.requests:
        yield (
            f"Counts and rates are of all {survey.requests:,} requests; durations are of a sample of {sampled:,} of "
            "them, each start type drawn by itself at random (--most draws more)."
        )
    partial = sum(1 for one in observations if one.response_ms is None)
    if partial:
        yield f"{partial:,} traces are partial, with neither API Gateway's nor Lambda's segment, and are not measured."
    segments = {one.measured_by for one in observations if one.measured_by}
    if segments == {API_GATEWAY, LAMBDA}:
        other = sum(1 for one in observations if one.measured_by == LAMBDA)
        yield f"{other:,} traces have no API Gateway segment and are not measured: their times are not comparable."
    elif segments == {LAMBDA}:
        yield "API Gateway sent no segments (is its tracing off?): times are those of Lambda's segment."


def _about_the_traces(survey: Survey, observations: list[Observation]) -> Iterator[str]:
    if any(one.initialization_before_parent for one in observations):
        yield (
            "Lambda's Initialization subsegments begin before the function segment that holds them, as X-Ray has "
            "them; init durations are from their own start to their own end."
        )
    if survey.starts[UNKNOWN]:
        yield f"{survey.starts[UNKNOWN]:,} records have no start annotation: counted as unknown, not as warm."
    if survey.without_record:
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(survey.without_record.items()))
        yield f"API Gateway answered {survey.without_record.total():,} requests that left no record ({outcomes})."


def _about_x_ray(reader: Reader) -> Iterator[str]:
    if reader.unread:
        yield f"X-Ray did not give {reader.unread:,} of the traces it had listed, though asked repeatedly."
    if reader.throttled_calls:
        yield f"X-Ray throttled {reader.throttled_calls:,} calls; they were repeated until it answered."
    if reader.transaction_search_is_on():
        yield (
            "Transaction Search is on in this account and region: X-Ray indexes only a share of the traces (1 % "
            "unless changed), so the counts here are of those."
        )
