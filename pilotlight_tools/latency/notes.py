"""What a reader of the figures must know, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight_tools.latency.measures import Measures
from pilotlight_tools.latency.observation import UNKNOWN
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.statistics import Distribution
from pilotlight_tools.latency.survey import Survey
from pilotlight_tools.terminal import number_of

_INITIALISED_HERE = ("cold", "proactive", "provisioned")
"""Starts whose record has the init's duration, where the function's process can read its own age."""


def notes(survey: Survey, measures: Measures, reader: Reader, engine: Distribution | None = None) -> list[str]:
    """Return the notes that apply to this report; empty when nothing needs explaining.

    `engine` is the local engine's own share of warm requests, None on AWS.
    """
    return [
        *_about_the_engine(engine),
        *_about_the_sample(survey, measures),
        *_about_the_measures(measures),
        *_about_the_traces(survey, measures),
        *_about_the_ticks(survey, reader),
        *_about_x_ray(reader),
    ]


def _about_the_engine(engine: Distribution | None) -> Iterator[str]:
    if engine is not None:
        yield (
            f"Of a warm request's time the local engine itself took {engine.p50:.1f} ms at the median and "
            f"{engine.p95:.1f} ms at the 95th percentile, outside the function. On AWS, API Gateway and Lambda take "
            "their own time instead."
        )


def _about_the_sample(survey: Survey, measures: Measures) -> Iterator[str]:
    sampled = sum(map(len, survey.sample().values()))
    if sampled < survey.requests:
        yield (
            f"Counts and rates are of all {number_of(survey.requests, 'request')}; durations are of a sample of "
            f"{sampled:,} of them, drawn at random for each start type (--most draws more)."
        )
        if any(each.raised_unseen for each in measures.observations):
            yield "Invocations that raised and are no HTTP requests count as 5xx by their share of the sample."
    partial = sum(1 for observation in measures.observations if observation.response_ms is None)
    if partial:
        are = "is" if partial == 1 else "are"
        yield (
            f"{number_of(partial, 'trace')} {are} partial, with neither API Gateway's nor Lambda's segment, and {are} "
            "not measured."
        )


def _about_the_measures(measures: Measures) -> Iterator[str]:
    if measures.by_lambda:
        functions = ", ".join(name or "the service" for name in measures.by_lambda)
        yield (
            f"Times of {functions} are Lambda's: no API Gateway stage of theirs is traced. They lack what comes before "
            "Lambda (an HTTP API, a function URL, a load balancer); a cold start's init is in them."
        )
    if measures.left_out:
        have, are = ("has", "is") if measures.left_out == 1 else ("have", "are")
        yield (
            f"{number_of(measures.left_out, 'trace')} {have} no API Gateway segment, as others of the same function "
            f"have, and {are} not measured: such times are not comparable."
        )


def _about_the_traces(survey: Survey, measures: Measures) -> Iterator[str]:
    if any(observation.initialization_before_parent for observation in measures.observations):
        yield (
            "In X-Ray, Lambda's Initialization subsegments begin before the function segment that contains them; "
            "init durations are from their own start to their own end."
        )
    unknown = sum(1 for each in measures.observations if each.start in _INITIALISED_HERE and each.init_ms is None)
    if unknown:
        yield (
            f"{number_of(unknown, 'start')} without an init duration: a process cannot read its own age where it ran, "
            "as on macOS, which has no /proc."
        )
    if survey.starts[UNKNOWN]:
        records = number_of(survey.starts[UNKNOWN], "record")
        yield f"{records} without a start annotation: counted as unknown, not as warm."
    if survey.without_record:
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(survey.without_record.items()))
        requests = number_of(survey.without_record.total(), "request")
        yield f"API Gateway responded to {requests} that left no record ({outcomes})."
    if throttled := survey.without_record["throttled"]:
        yield (
            f"{throttled:,} of these met a limit of the stage or of a usage plan: API Gateway answered 429 without "
            "calling a function. A load test has to stay below the limits in serverless.yml, or to raise them."
        )


def _about_the_ticks(survey: Survey, reader: Reader) -> Iterator[str]:
    read = len(survey.sampled_ticks())
    if read < survey.tick_traces:
        yield (
            f"Ticks are those of a sample of {read:,} of the warmer's {number_of(survey.tick_traces, 'invocation')}, "
            "drawn at random (--most draws more)."
        )
    if reader.ticks_without_result:
        yield (
            f"{number_of(reader.ticks_without_result, 'tick')} left no result in X-Ray: the warmer was ended, or the "
            "trace was too big. The warmer's log has the result of each tick that ended."
        )


def _about_x_ray(reader: Reader) -> Iterator[str]:
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
    if reader.transaction_search_is_on():
        yield (
            "Transaction Search is on in this account and region: X-Ray indexes only a share of the traces (1 % "
            "unless changed), so the counts here include only those."
        )
