"""What X-Ray shows of a few requests, beside an access log that has them all: routes, and whom pings spared an init.

It is the latest of the time range, `MOST_LISTED` at most: X-Ray charges for each trace that it looks through, and the
log already has the counts and the times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.latency.observation import Observation
from pilotlight_tools.latency.problems import DENIED, code_of
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.selection import Selection
from pilotlight_tools.latency.survey import Survey
from pilotlight_tools.latency.time_range import TimeRange

MOST_LISTED = 1000
_MOST_FOR_THE_ENGINE = 100


@dataclass(frozen=True, slots=True)
class TracedSample:
    """`records` traced requests. `refusal` says why there are none, where X-Ray could not be read."""

    records: int = 0
    by_ping: int = 0
    environments_by_ping: int = 0
    routes: frozenset[str] = frozenset()
    refusal: str = ""
    _warm: Sequence[str] = field(default=())

    @classmethod
    def read(cls, reader: Reader, time_range: TimeRange, selection: Selection) -> TracedSample:
        """List them. Where X-Ray refuses that, the report goes on without."""
        survey = Survey(time_range, _MOST_FOR_THE_ENGINE, reader.stages, selection)
        try:
            for summary in reader.recent_requests(time_range, MOST_LISTED):
                survey.add(summary)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            return cls(refusal=f"these credentials may not call xray:{error.operation_name}")
        except BotoCoreError as error:
            return cls(refusal=f"X-Ray does not respond ({error})")
        return cls(
            survey.records,
            survey.by_ping,
            len(survey.environments_by_ping),
            frozenset(survey.routes),
            _warm=tuple(survey.kept("warm")),
        )

    def read_more(
        self, reader: Reader, trace_ids: Sequence[str], *, is_local: bool
    ) -> Iterator[tuple[str, Observation | None]]:
        """Yield which of these traces X-Ray has, with the request in each; some warm ones too, of a local engine."""
        if self.refusal:
            return
        warm = [trace_id for trace_id in self._warm if trace_id not in trace_ids] if is_local else []
        yield from reader.sampled(warm, are_listed=True)
        yield from reader.sampled(list(trace_ids))
