"""Reads X-Ray: all trace summaries of a time range, and the user requests and the ticks of many traces."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from pilotlight_tools.latency.clients import client
from pilotlight_tools.latency.documents import Document, walk
from pilotlight_tools.latency.listing import Listing
from pilotlight_tools.latency.observation import API_GATEWAY, Observation, observe
from pilotlight_tools.latency.records import flaw_of, is_record
from pilotlight_tools.latency.ticks import Tick, Ticks, ticks_of
from pilotlight_tools.latency.time_range import TimeRange

if TYPE_CHECKING:
    from mypy_boto3_xray import XRayClient

    from pilotlight_tools.latency.access_log import AccessLog

_Found = TypeVar("_Found")
_Convert = Callable[[str, list[Document]], _Found]
Progress = Callable[[str, int, int | None], None]
"""Called with what is being read, how many are done, and the total (None: not known yet)."""

_MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What computing with a document raises that is not what "AWS X-Ray segment documents" says."""
_IDS_PER_BATCH = 5
_THREADS = 4
_ROUNDS_FOR_UNPROCESSED = 4
_COMPLETE_AFTER_SECONDS = 120
"""From this age on, a request's trace does not get API Gateway's segment any more: an integration has 29 seconds unless
the account's quota was raised ("Amazon API Gateway quotas"), and X-Ray lists a segment within half a minute."""
_FINAL_AFTER_SECONDS = 20 * 60
"""From this age on, a trace of the warmer does not grow: Lambda ends an invocation after 15 minutes at most ("Lambda
quotas")."""


def xray_client(region: str, endpoint_url: str | None, *, local: bool = False) -> XRayClient:
    """Make a client of X-Ray that waits when it is throttled; a local X-Ray needs no credentials."""
    return client("xray", region, endpoint_url, local=local)  # type: ignore[no-any-return]


class Reader:
    """Reads the traces of one service: `service` is its name with the stage, as in the records' annotation.

    `apis` are the names that its REST API may have, if there is one (default: the same name). `access_log` has all its
    requests, where there is one.
    `most_scanned` is how many traces X-Ray may look through for one listing, None for any number: beyond it, Problem.
    It keeps up to `remember` complete observations, and as many traces' ticks, so that reading repeatedly fetches only
    new traces.
    """

    def __init__(
        self,
        client: XRayClient,
        service: str,
        stage: str,
        *,
        apis: Sequence[str] = (),
        access_log: AccessLog | None = None,
        most_scanned: int | None = None,
        progress: Progress = lambda _what, _done, _total: None,
        remember: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = service
        self.stage = stage
        self.access_log = access_log
        self.stages = [f"{api}/{stage}" for api in apis or (service,)]
        """X-Ray's names of the service's API Gateway stages."""
        self.throttled_calls = 0
        self.unread = 0
        self.unreadable = 0
        self.ticks_without_result = 0
        self._client = client
        self._progress = progress
        self._sleep = sleep
        self._lock = threading.Lock()
        self._remember = remember
        self._observations: dict[str, Observation | None] = {}
        self._ticks: dict[str, Ticks] = {}
        client.meta.events.register("response-received.xray", self._count_throttles)
        self._listing = Listing(client, service, self.stages, most_scanned)

    def summaries(self, time_range: TimeRange) -> Iterator[dict[str, Any]]:
        """Yield every trace summary of the time range; those at the borders of its chunks may come twice."""
        self.unread = self.unreadable = 0  # those of one reading: a page reads again and again
        done = 0
        for page in self._listing.every(time_range):
            yield from page
            done += len(page)
            self._progress("trace summaries", done, None)

    def recent_requests(self, time_range: TimeRange, most: int) -> Iterator[dict[str, Any]]:
        """Yield summaries of at most `most` user requests, of the last six hours of the time range at most."""
        self.unread = self.unreadable = 0
        return self._listing.recent_requests(time_range, most)

    def all_ticks(self, time_range: TimeRange) -> list[Tick]:
        """Return the ticks of the time range, of which only the warmer's traces are listed."""
        ids = dict.fromkeys(summary["Id"] for summary in self._listing.of_ticks(time_range))
        return sorted(self.ticks(list(ids)), key=lambda tick: tick.at)

    def observations(self, trace_ids: list[str]) -> Iterator[Observation]:
        """Yield the user request of each trace that has one; `unread` counts the traces that X-Ray did not return."""
        return (observation for _, observation in self.sampled(trace_ids, are_listed=True) if observation)

    def sampled(self, trace_ids: list[str], *, are_listed: bool = False) -> Iterator[tuple[str, Observation | None]]:
        """Yield the id of each trace that X-Ray has, with the user request in it, None where it has no record of one.

        Traces that X-Ray did not list (`are_listed`) may not be sampled: they are asked for once.
        """

        def observed(trace_id: str, documents: list[Document]) -> Observation | None:
            return observe(trace_id, documents, self.service)

        final_before = time.time() - _COMPLETE_AFTER_SECONDS
        for trace_id, found in self._read("traces", trace_ids, observed, self._observations, are_listed):
            yield trace_id, found
            # API Gateway's segment is a trace's last; where none will come, a trace is complete after a while.
            if found and (found.measured_by == API_GATEWAY or (found.measured_by and found.at < final_before)):
                self._keep(self._observations, trace_id, found)

    def ticks(self, trace_ids: list[str]) -> Iterator[Tick]:
        """Yield the ticks of each trace of the warmer; `ticks_without_result` counts those that left none.

        Ticks that may still be under way are not counted.
        """

        def found_in(_: str, documents: list[Document]) -> Ticks:
            return ticks_of(documents, self.service)

        self.ticks_without_result = 0
        final_before = time.time() - _FINAL_AFTER_SECONDS
        for trace_id, found in self._read("ticks", trace_ids, found_in, self._ticks):
            yield from found.complete
            self.ticks_without_result += sum(began < final_before for began in found.without_result)
            if found.all_began_before(final_before):
                self._keep(self._ticks, trace_id, found)

    @property
    def losses(self) -> dict[str, int]:
        """What the local X-Ray lost since it began, by reason."""
        return self._listing.losses

    def documents(self, trace_id: str) -> list[Document]:
        """Return the segment documents of one trace, empty when X-Ray has none now: it is asked once."""
        return next((documents for _, documents in self._traces([trace_id], rounds=1)), [])

    def transaction_search_is_on(self) -> bool | None:
        """Check whether traces go to CloudWatch Logs, where GetTraceSummaries finds only the few that are indexed.

        None when that is not known: AWSXrayReadOnlyAccess, for one, does not allow xray:GetTraceSegmentDestination.
        """
        try:
            return self._client.get_trace_segment_destination().get("Destination") == "CloudWatchLogs"
        except (ClientError, AttributeError):
            return None

    def _read(
        self,
        what: str,
        trace_ids: list[str],
        convert: _Convert[_Found],
        kept: dict[str, _Found],
        are_listed: bool = True,
    ) -> Iterator[tuple[str, _Found]]:
        """Yield each trace id with what was kept of it, or else with what `convert` makes of its documents."""
        known = [(trace_id, kept[trace_id]) for trace_id in trace_ids if trace_id in kept]
        missing = [trace_id for trace_id in trace_ids if trace_id not in kept]
        yield from known
        done = len(known)
        batches = [missing[index : index + _IDS_PER_BATCH] for index in range(0, len(missing), _IDS_PER_BATCH)]

        def read_batch(batch: list[str]) -> list[tuple[str, _Found]]:
            # The reading threads convert documents, so that documents do not accumulate.
            return list(self._converted(convert, batch, are_listed))

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="latency") as threads:
            try:
                for batch, found in zip(batches, threads.map(read_batch, batches), strict=True):
                    yield from found
                    done += len(batch)
                    self._progress(what, done, len(trace_ids))
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def _converted(
        self, convert: _Convert[_Found], trace_ids: list[str], are_listed: bool
    ) -> Iterator[tuple[str, _Found]]:
        """Yield what `convert` makes of each trace; `unreadable` counts those of which it makes nothing."""
        for trace_id, documents in self._traces(trace_ids, _ROUNDS_FOR_UNPROCESSED if are_listed else 1, are_listed):
            try:
                found = convert(trace_id, documents)
            except _MALFORMED:
                self._count_unreadable()
                continue
            if any(is_record(part) and flaw_of(part) for document in documents for part in walk(document)):
                self._count_unreadable()
            yield trace_id, found

    def _traces(
        self, trace_ids: list[str], rounds: int = _ROUNDS_FOR_UNPROCESSED, are_listed: bool = True
    ) -> Iterator[tuple[str, list[Document]]]:
        """Yield traces with their documents; unprocessed traces are requested again, after longer and longer waits."""
        waiting = trace_ids
        for attempt in range(rounds):
            if attempt:
                self._sleep(0.5 * 2**attempt)
            token: dict[str, str] = {}
            unprocessed: list[str] = []
            while True:
                response = self._client.batch_get_traces(TraceIds=waiting, **token)
                for trace in response["Traces"]:
                    yield trace["Id"], list(self._loaded(segment["Document"] for segment in trace["Segments"]))
                unprocessed += response.get("UnprocessedTraceIds", [])
                if not response.get("NextToken"):
                    break
                token = {"NextToken": response["NextToken"]}
            waiting = unprocessed
            if not waiting:
                return
        with self._lock:
            self.unread += len(waiting) if are_listed else 0

    def _loaded(self, bodies: Iterable[str]) -> Iterator[Document]:
        for body in bodies:
            try:
                document = json.loads(body)
            except (ValueError, RecursionError):
                document = None
            if isinstance(document, dict):
                yield document
            else:
                self._count_unreadable()

    def _count_unreadable(self) -> None:
        with self._lock:
            self.unreadable += 1

    def _keep(self, kept: dict[str, _Found], trace_id: str, found: _Found) -> None:
        if trace_id not in kept and len(kept) >= self._remember:
            kept.clear()
        if self._remember:
            kept[trace_id] = found

    def _count_throttles(self, response_dict: dict[str, Any] | None, **_: Any) -> None:
        # None when there was no response at all.
        if response_dict and response_dict.get("status_code") == 429:
            with self._lock:
                self.throttled_calls += 1
