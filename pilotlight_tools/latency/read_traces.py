"""Reads a report's requests from X-Ray, where there is no access log: those that were sampled."""

from __future__ import annotations

from collections.abc import Iterable

from pilotlight_tools.latency import notes
from pilotlight_tools.latency.observation import API_GATEWAY, Observation
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.reading import SLOWEST_SHOWN, TRACES, Reading
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.statistics import Distribution, distribution
from pilotlight_tools.latency.survey import Survey
from pilotlight_tools.latency.time_range import TimeRange

_MOST_FOR_THE_ENGINE = 200
"""How many warm traces tell what the local engine takes itself."""


def read_traces(reader: Reader, time_range: TimeRange, *, most: int, selection: Selection, is_local: bool) -> Reading:
    """Read all trace summaries of the time range, and `most` traces in detail of each kind that needs it."""
    survey = Survey(time_range, most, reader.stages, selection)
    for summary in reader.summaries(time_range):
        survey.add(summary)
    observed: dict[str, Observation] = {}
    unmeasured, doubtful = survey.kept("unmeasured"), survey.kept("doubtful")
    sample = list(survey.kept("warm"))[:_MOST_FOR_THE_ENGINE] if is_local else []
    for observation in reader.observations(list(dict.fromkeys([*unmeasured, *doubtful, *sample]))):
        observed[observation.trace_id] = observation
        if (index := unmeasured.get(observation.trace_id)) is not None:
            survey.measure(index, observation.measured_by, observation.response_ms, observation.at)
            if observation.function:
                survey.columns.functions[index] = observation.function
        if (index := doubtful.get(observation.trace_id)) is not None and observation.raised_unseen:
            survey.columns.is_fault[index] = True
    left_out, by_lambda = survey.one_measure_for_each_function()
    engine = around_the_function(observed.values()) if is_local else None
    slowest = [survey.columns.trace_id(index) or "" for index in survey.columns.slowest(SLOWEST_SHOWN)]
    observed |= {each.trace_id: each for each in reader.observations([i for i in slowest if i not in observed])}
    ticks = [tick for tick in reader.ticks(list(survey.kept("tick"))) if selection.includes_function(tick.function)]
    reading = Reading(
        source=TRACES,
        selection=selection,
        columns=survey.columns,
        inits=survey.inits,
        ticks=ticks,
        observed=observed,
        traced=len(survey.columns),
        by_ping=survey.by_ping,
        environments_by_ping=len(survey.environments_by_ping),
        measured_by=survey.measures(),
        engine=engine,
    )
    _count_more_faults(reading, survey, doubtful)
    partial = sum(1 for index in unmeasured.values() if survey.measure_of(index) is None)
    reading.notes.extend(notes.of_traces(survey, reading, by_lambda=by_lambda, left_out=left_out, partial=partial))
    return reading


def around_the_function(observations: Iterable[Observation]) -> Distribution | None:
    """What warm requests spent outside their function: in API Gateway and Lambda, or in what stands for them."""
    warm = (each for each in observations if each.start == "warm" and each.measured_by == API_GATEWAY)
    return distribution(
        each.response_ms - each.handler_ms
        for each in warm
        if each.response_ms is not None and each.handler_ms is not None
    )


def _count_more_faults(reading: Reading, survey: Survey, read: dict[str, int]) -> None:
    """Count those that raised among the doubtful ones that were not read, by the share among those that were."""
    columns = reading.columns
    for start, doubtful in survey.doubtful.items():
        indices = [index for index in read.values() if columns.starts[index] == start]
        raised = sum(columns.is_fault[index] for index in indices)
        if raised and len(indices) < doubtful:
            reading.more_faults[start] += round(raised * (doubtful - len(indices)) / len(indices))
