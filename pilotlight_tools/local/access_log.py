"""API Gateway's access log on this machine: a line in the engine's CloudWatch Logs for each exchange at the front door.

Log group and format are the deployed stage's own (`accessLogSettings`), so that whoever reads the log on AWS reads it
here too. A thread writes: nobody who waits for a response waits for the log.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.local.access_log_line import Format, Stage
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.terminal import number_of

EACH_SECONDS = 0.25
"""How often lines are written."""
MOST_WAITING = 50_000
"""Exchanges that wait for the thread; what comes beyond is lost, and counted."""
_MOST_IN_A_BATCH = 10_000
_MOST_BYTES = 1_048_576
_BYTES_OF_AN_EVENT = 26
"""A batch has at most so many events and bytes; each event counts 26 more ("PutLogEvents", CloudWatch Logs API)."""
_PATIENCE_SECONDS = 10.0


class ApiGateway(Protocol):
    """What is used of boto3's client of API Gateway."""

    def get_stage(self, *, restApiId: str, stageName: str) -> Any:  # noqa: N803 (boto3's names)
        """Return `accessLogSettings` and `tracingEnabled`, among others."""


class Logs(Protocol):
    """What is used of boto3's client of CloudWatch Logs."""

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> Any:  # noqa: N803 (boto3's names)
        """Raises ClientError where the stream exists, or the group does not."""

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: Any) -> Any:  # noqa: N803
        """Add events of `timestamp` and `message`, which are in order."""


@dataclass(frozen=True, slots=True)
class _Destination:
    log_group: str
    format: Format


class AccessLog:
    """The access log of one stage, from `__enter__` to `__exit__`, which writes what waits.

    `notify` gets a line for what is not written. Nothing is written before `follow`, and nothing for a stage without an
    access log. `most_waiting` exchanges may wait for the thread.
    """

    def __init__(
        self,
        gateway: ApiGateway,
        logs: Logs,
        notify: Notify,
        *,
        each_seconds: float = EACH_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.lost = 0
        """Lines that could not be written."""
        self._gateway = gateway
        self._logs = logs
        self._notify = notify
        self._each_seconds = each_seconds
        self._most_waiting = most_waiting
        self._stream = secrets.token_hex(16)
        self._destination: _Destination | None = None
        self._waiting: deque[Exchange] = deque()
        self._changed = threading.Condition()
        self._is_writing = self._is_asked = self._is_over = False
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def follow(self, api_id: str, stage: str, host: str) -> None:
        """Write by the settings that this stage has now; call it again after a deployment.

        `host` is the name that API Gateway gives the API.
        """
        self.flush()
        destination = None
        try:
            found = self._gateway.get_stage(restApiId=api_id, stageName=stage)
            described = Stage(api_id, stage, host, bool(found.get("tracingEnabled")))
            destination = self._destination_of(found.get("accessLogSettings") or {}, described)
        except (BotoCoreError, ClientError) as error:
            self._notify(f"stage {stage} has no access log: {error}")
        with self._changed:
            self._destination = destination

    def add(self, exchange: Exchange) -> None:
        """Add an exchange; from any thread. It returns at once."""
        with self._changed:
            if self._destination is None:
                return
            if len(self._waiting) < self._most_waiting:
                self._waiting.append(exchange)
            else:
                self.lost += 1

    def flush(self) -> None:
        """Wait until all that was added before is written, or counted as lost."""
        with self._changed:
            if self._thread.is_alive():
                self._is_asked = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._waiting and not self._is_writing, _PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE_SECONDS)

    def _destination_of(self, settings: Mapping[str, str], stage: Stage) -> _Destination | None:
        """Where lines go; None without a log group: none is wanted, or it goes to Firehose."""
        group = settings.get("destinationArn", "").partition(":log-group:")[2].removesuffix(":*")
        if not group or not settings.get("format"):
            return None
        try:
            self._logs.create_log_stream(logGroupName=group, logStreamName=self._stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
        return _Destination(group, Format(settings["format"], stage))

    def _run(self) -> None:
        said = 0
        is_over = False
        while not is_over:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or self._is_asked, self._each_seconds)
                exchanges, destination, is_over = list(self._waiting), self._destination, self._is_over
                self._waiting.clear()
                self._is_writing, self._is_asked = True, False
            if exchanges and destination is not None:
                self._write(exchanges, destination)
            if self.lost > said:
                self._notify(f"access log: {number_of(self.lost - said, 'line')} could not be written")
                said = self.lost
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()

    def _write(self, exchanges: Iterable[Exchange], destination: _Destination) -> None:
        """Write the lines of exchanges; the events have the times of the requests, as API Gateway's have."""
        lines = ((int(each.started_at * 1000), destination.format.line(each)) for each in exchanges)
        for batch in batches(sorted(lines)):
            events = [{"timestamp": timestamp, "message": message} for timestamp, message in batch]
            try:
                self._logs.put_log_events(
                    logGroupName=destination.log_group, logStreamName=self._stream, logEvents=events
                )
            except (BotoCoreError, ClientError):
                with self._changed:
                    self.lost += len(events)


def batches(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines, each with its time, in batches that CloudWatch Logs takes."""
    batch: list[tuple[int, str]] = []
    size = 0
    for timestamp, message in lines:
        added = len(message.encode()) + _BYTES_OF_AN_EVENT
        if batch and (len(batch) == _MOST_IN_A_BATCH or size + added > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((timestamp, message))
        size += added
    if batch:
        yield batch
