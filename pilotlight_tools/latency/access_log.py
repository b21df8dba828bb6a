"""The access log of a stage, and the logs of its functions beside it, as a report reads them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import ClientError

from pilotlight_tools.latency.clients import Clients
from pilotlight_tools.latency.counted import Counts, read_counts
from pilotlight_tools.latency.log_events import LogEvents, Progress, Take
from pilotlight_tools.latency.problems import DENIED, code_of
from pilotlight_tools.latency.reader import Reader
from pilotlight_tools.latency.stage_log import NoLogError, StageLog, find_stage_logs
from pilotlight_tools.latency.start_lines import START_PATTERN, TICK_PATTERN, Started, StartLines, TickLines
from pilotlight_tools.latency.ticks import Tick
from pilotlight_tools.latency.time_range import MOST_SECONDS_BY_X_RAY, TimeRange

_GROUPS = "/aws/lambda/"
_LATER_SECONDS = 60.0
"""A line is logged when its response is sent: longer than API Gateway waits for it ("Amazon API Gateway quotas")."""


class AccessLog:
    """Reads the logs of one service: `service` is its records' label, `apis` are the names that its APIs may have."""

    def __init__(
        self,
        clients: Clients,
        service: str,
        stage: str,
        *,
        apis: Sequence[str] = (),
        progress: Progress = lambda _what, _done, _total: None,
    ) -> None:
        self.tick_groups: list[str] = []
        self._clients, self._service, self._stage = clients, service, stage
        self._apis = tuple(apis) or (service,)
        self._progress = progress
        self._found: list[StageLog] = []

    def stages(self) -> list[StageLog]:
        """Return the access logs of the stage's APIs. Raises NoLogError, which says why there is none to read."""
        if not self._found:
            with _denied_is_no_log():
                self._found = find_stage_logs(self._clients, self._apis, self._stage)
        return self._found

    def read(self, stage: StageLog, time_range: TimeRange, take: Take) -> None:
        """Call `take` with the events of each page of a stage's log."""
        until = TimeRange(time_range.start, time_range.end + _LATER_SECONDS)
        with _denied_is_no_log():
            self._events.read(stage.group, until, "", take, what="lines of the access log")

    def starts(self, time_range: TimeRange) -> dict[str, Started]:
        """Return the starts that the functions logged, by Lambda's request id."""
        lines, until = StartLines(), TimeRange(time_range.start, time_range.end + _LATER_SECONDS)
        with _denied_is_no_log():
            called = self._called()
            named = self._groups_by_name(needed=not called)
            self.tick_groups = sorted(named - called) if called else sorted(named)
            for group in sorted(called or named):
                self._events.read(group, until, START_PATTERN, lines.take, what="lines of the functions' logs")
        return lines.by_request

    def ticks(self, time_range: TimeRange, reader: Reader | None) -> list[Tick]:
        """Return the ticks that the warmer logged, or else those that X-Ray has, of at most a day."""
        lines = TickLines({self._service, *self._apis})
        with contextlib.suppress(NoLogError), _denied_is_no_log():
            for group in self.tick_groups:
                self._events.read(group, time_range, TICK_PATTERN, lines.take, what="lines of the warmer's log")
        is_long = time_range.end - time_range.start > MOST_SECONDS_BY_X_RAY
        if lines.ticks or self.tick_groups or reader is None or is_long:
            return sorted(lines.ticks, key=lambda tick: tick.at)
        return reader.all_ticks(time_range)

    def counts(self, time_range: TimeRange) -> Counts | None:
        """Return what CloudWatch's metrics count of all requests; None where they count none.

        Raises NoLogError where they may not be read.
        """
        with _denied_is_no_log():
            found = read_counts(self._clients.cloudwatch, self._service, self._apis, self._stage, time_range)
        return found if found.total() else None

    @property
    def _events(self) -> LogEvents:
        return LogEvents(self._clients.logs, self._progress)

    def _called(self) -> set[str]:
        """The log groups of the functions that the APIs call; empty where that is not known."""
        return {f"{_GROUPS}{name}" for stage in self.stages() for name in stage.functions.values()}

    def _groups_by_name(self, *, needed: bool) -> set[str]:
        """The log groups of the functions that the deploy tool names after the service and the stage."""
        found: set[str] = set()
        prefix = f"{_GROUPS}{self._service}-"
        try:
            for page in self._clients.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                found |= {group["logGroupName"] for group in page["logGroups"]}
        except ClientError as error:
            if needed or code_of(error) not in DENIED:
                raise
        return found


@contextmanager
def _denied_is_no_log() -> Iterator[None]:
    """Convert a refusal of AWS to NoLogError, which names the action that is missing."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in DENIED:
            raise NoLogError(f"these credentials may not call {_action_of(error)}") from error
        if code_of(error) == "ResourceNotFoundException":
            raise NoLogError(f"its log group does not exist ({error.response['Error'].get('Message', '')})") from error
        raise


def _action_of(error: ClientError) -> str:
    """The action of IAM for an operation: for API Gateway's control plane that is the HTTP method, here GET."""
    operation = error.operation_name
    if operation in ("FilterLogEvents", "DescribeLogGroups"):
        return f"logs:{operation}"
    return f"cloudwatch:{operation}" if "Metric" in operation else f"apigateway:GET ({operation})"
