"""Reads X-Ray: all trace summaries of a time range, and the user requests of many traces."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from pilotlight.environment import Annotation
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.latency.observation import API_GATEWAY, Observation, observe
from pilotlight_tools.latency.time_range import TimeRange

if TYPE_CHECKING:
    from mypy_boto3_xray import XRayClient

Progress = Callable[[str, int, int | None], None]
"""Called with what is being read, how many are done, and the total (None: not known yet)."""

_ATTEMPTS = 10
_LOCAL_ATTEMPTS = 3
"""A local X-Ray does not throttle, and has been stopped if it does not respond: fail early."""
_IDS_PER_BATCH = 5
_THREADS = 4
_ROUNDS_FOR_UNPROCESSED = 4


def xray_client(region: str, endpoint_url: str | None, *, local: bool = False) -> XRayClient:
    """Make a client that waits when it is throttled. A local X-Ray needs no credentials, so it gets made-up ones."""
    made_up = "local" if local else None
    # Adaptive mode backs off when throttled and then limits its own rate (Boto3 guide, "Retries").
    attempts = _LOCAL_ATTEMPTS if local else _ATTEMPTS
    config = Config(retries={"mode": "adaptive", "total_max_attempts": attempts}, connect_timeout=5, read_timeout=30)
    return boto3.client(
        "xray",
        region_name=region,
        endpoint_url=endpoint_url,
        config=config,
        aws_access_key_id=made_up,
        aws_secret_access_key=made_up,
    )


class Reader:
    """Reads the traces of one service: `service` is its name with the stage, as in the records' annotation.

    It keeps up to `remember` complete observations, so that reading repeatedly fetches only new traces.
    """

    def __init__(
        self,
        client: XRayClient,
        service: str,
        stage: str,
        *,
        progress: Progress = lambda _what, _done, _total: None,
        remember: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = service
        self.throttled_calls = 0
        self.unread = 0
        self._client = client
        self._stage = stage
        self._progress = progress
        self._sleep = sleep
        self._lock = threading.Lock()
        self._remember = remember
        self._remembered: dict[str, Observation] = {}
        client.meta.events.register("response-received.xray", self._count_throttles)

    @property
    def filter_expression(self) -> str:
        """Selects traces with the service's records, and those of its API Gateway stage, which may have none."""
        return f'annotation[{Annotation.SERVICE}] = "{self.service}" OR service("{self.service}/{self._stage}")'

    def summaries(self, time_range: TimeRange) -> Iterator[dict[str, Any]]:
        """Yield every trace summary of the time range; those at the borders of its chunks may come twice."""
        done = 0
        for chunk in time_range.chunks():
            token: dict[str, str] = {}
            while True:
                page = self._client.get_trace_summaries(
                    StartTime=datetime.fromtimestamp(chunk.start, UTC),
                    EndTime=datetime.fromtimestamp(chunk.end, UTC),
                    TimeRangeType="TraceId",
                    FilterExpression=self.filter_expression,
                    **token,  # type: ignore[arg-type]
                )
                yield from page["TraceSummaries"]  # type: ignore[misc]
                done += len(page["TraceSummaries"])
                self._progress("trace summaries", done, None)
                if not page.get("NextToken"):
                    break
                token = {"NextToken": page["NextToken"]}

    def observations(self, trace_ids: list[str]) -> Iterator[Observation]:
        """Yield the user request of each trace that has one; `unread` counts the traces that X-Ray did not return."""
        known = [self._remembered[trace_id] for trace_id in trace_ids if trace_id in self._remembered]
        yield from known
        done = len(known)
        total = len(trace_ids)
        trace_ids = [trace_id for trace_id in trace_ids if trace_id not in self._remembered]
        batches = [trace_ids[index : index + _IDS_PER_BATCH] for index in range(0, len(trace_ids), _IDS_PER_BATCH)]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="latency") as threads:
            try:
                # The reading threads convert documents to observations, so that documents do not accumulate.
                for batch, found in zip(batches, threads.map(self._observe_batch, batches), strict=True):
                    yield from found
                    self._keep(found)
                    done += len(batch)
                    self._progress("traces", done, total)
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def documents(self, trace_id: str) -> list[Document]:
        """Return the segment documents of one trace, empty when X-Ray has none."""
        return next((documents for _, documents in self._traces([trace_id])), [])

    def transaction_search_is_on(self) -> bool:
        """Check whether traces go to CloudWatch Logs, where GetTraceSummaries finds only the few that are indexed.

        False also when that is not known: the call is newer than some X-Rays and some permissions.
        """
        try:
            return self._client.get_trace_segment_destination().get("Destination") == "CloudWatchLogs"
        except (ClientError, AttributeError):
            return False

    def _observe_batch(self, trace_ids: list[str]) -> list[Observation]:
        observed = (observe(trace_id, documents, self.service) for trace_id, documents in self._traces(trace_ids))
        return [observation for observation in observed if observation]

    def _traces(self, trace_ids: list[str]) -> Iterator[tuple[str, list[Document]]]:
        """Yield traces with their documents; unprocessed traces are requested again, after longer and longer waits."""
        waiting = trace_ids
        for attempt in range(_ROUNDS_FOR_UNPROCESSED):
            if attempt:
                self._sleep(0.5 * 2**attempt)
            token: dict[str, str] = {}
            unprocessed: list[str] = []
            while True:
                response = self._client.batch_get_traces(TraceIds=waiting, **token)
                for trace in response["Traces"]:
                    yield trace["Id"], [json.loads(segment["Document"]) for segment in trace["Segments"]]
                unprocessed += response.get("UnprocessedTraceIds", [])
                if not response.get("NextToken"):
                    break
                token = {"NextToken": response["NextToken"]}
            waiting = unprocessed
            if not waiting:
                return
        with self._lock:
            self.unread += len(waiting)

    def _keep(self, found: list[Observation]) -> None:
        """Remember the observations that are final: those with API Gateway's segment, a trace's last."""
        if len(self._remembered) + len(found) > self._remember:
            self._remembered.clear()
        if self._remember:
            self._remembered.update(
                (observation.trace_id, observation) for observation in found if observation.measured_by == API_GATEWAY
            )

    def _count_throttles(self, response_dict: dict[str, Any] | None, **_: Any) -> None:
        # None when there was no response at all.
        if response_dict and response_dict.get("status_code") == 429:
            with self._lock:
                self.throttled_calls += 1
