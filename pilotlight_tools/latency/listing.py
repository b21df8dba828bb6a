"""Lists traces by GetTraceSummaries: all of a time range, or few of a kind."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pilotlight.environment import Annotation
from pilotlight_tools.latency.problems import Problem
from pilotlight_tools.latency.time_range import TimeRange

if TYPE_CHECKING:
    from mypy_boto3_xray import XRayClient

LOSSES_HEADER = "X-Pilotlight-Losses"
"""The local X-Ray's own header on trace summaries: what it lost since it began, a JSON object of reasons and counts."""
MOST_SCANNED = 1_000_000
"""So many traces X-Ray looks through free of charge each month ("AWS X-Ray pricing")."""
_PROBED_SECONDS = 10.0
_MOST_PAGES = 20
"""Of summaries, where only some are wanted: a page of an account with many other traces may be empty."""


class Listing:
    """Lists the traces of one service: `stages` are X-Ray's names of its API Gateway stages, whose traces may have no
    record.

    `most_scanned` is how many traces X-Ray may look through for one list, None for any number: beyond it, Problem.
    `losses` is what the local X-Ray lost, by reason: it says so with each page.
    """

    def __init__(self, client: XRayClient, service: str, stages: Sequence[str], most_scanned: int | None) -> None:
        self.losses: dict[str, int] = {}
        self._client = client
        self._most_scanned = most_scanned
        self._of_service = f'annotation[{Annotation.SERVICE}] = "{service}"'
        self._of_all = self._of_service + "".join(f' OR service("{stage}")' for stage in stages)
        client.meta.events.register("before-parse.xray.GetTraceSummaries", leave_summaries_as_they_are)

    def every(self, time_range: TimeRange) -> Iterator[list[dict[str, Any]]]:
        """Yield every summary of the time range, in pages; those at the borders of its chunks may come twice."""
        self._refuse_too_many(time_range)
        scanned = 0
        for chunk in time_range.chunks():
            of_chunk = 0
            for page in self._pages(chunk, self._of_all):
                yield page["TraceSummaries"]
                of_chunk = page.get("TracesProcessedCount", 0)
                if self._most_scanned is not None and scanned + of_chunk > self._most_scanned:
                    raise _too_many(f"has looked through {scanned + of_chunk:,} traces", "was stopped there")
            scanned += of_chunk

    def recent_requests(self, time_range: TimeRange, most: int) -> Iterator[dict[str, Any]]:
        """Yield summaries of at most `most` user requests, of the last six hours of the time range at most."""
        pages = self._pages(next(time_range.chunks()), self._of_kind("request"))
        found = (summary for page in itertools.islice(pages, _MOST_PAGES) for summary in page["TraceSummaries"])
        return itertools.islice(found, most)

    def of_ticks(self, time_range: TimeRange) -> Iterator[dict[str, Any]]:
        """Yield the summaries of the warmer's traces; those at the borders of chunks may come twice."""
        for chunk in time_range.chunks():
            for page in self._pages(chunk, self._of_kind("tick")):
                yield from page["TraceSummaries"]

    def _of_kind(self, kind: str) -> str:
        return f'{self._of_service} AND annotation[{Annotation.KIND}] = "{kind}"'

    def _refuse_too_many(self, time_range: TimeRange) -> None:
        """Raise Problem where the time range has more traces than may be looked through, by a short part of it."""
        if self._most_scanned is None or time_range.end - time_range.start <= _PROBED_SECONDS:
            return
        end = time_range.end - _PROBED_SECONDS
        *_, last = self._pages(TimeRange(end - _PROBED_SECONDS, end), self._of_all)
        scanned = last.get("TracesProcessedCount", 0)
        expected = scanned * (time_range.end - time_range.start) / _PROBED_SECONDS
        if expected > self._most_scanned:
            raise _too_many(f"would look through about {expected:,.0f} traces", "was not begun")

    def _pages(self, chunk: TimeRange, expression: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._client.get_trace_summaries(
                StartTime=datetime.fromtimestamp(chunk.start, UTC),
                EndTime=datetime.fromtimestamp(chunk.end, UTC),
                TimeRangeType="TraceId",
                FilterExpression=expression,
                **token,  # type: ignore[arg-type]
            )
            self._note_losses(page)
            yield page  # type: ignore[misc]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _note_losses(self, page: Mapping[str, Any]) -> None:
        headers = page.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if text := headers.get(LOSSES_HEADER.lower()):
            self.losses = {str(reason): int(count) for reason, count in json.loads(text).items()}


def leave_summaries_as_they_are(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Keep botocore from converting each member of each summary: of ten thousand, that takes longer than all the rest.

    Times in them are then the epoch seconds of X-Ray's JSON, not datetimes.
    """
    try:
        body = json.loads(response_dict["body"])
        customized_response_dict["TraceSummaries"] = body.pop("TraceSummaries")
    except (KeyError, TypeError, AttributeError, ValueError):
        return  # an error, or no X-Ray: botocore's own words for it are good
    response_dict["body"] = json.dumps(body).encode()


def _too_many(what: str, how_it_ended: str) -> Problem:
    """X-Ray looks through the traces of all services of the account and region, and AWS charges for them."""
    return Problem(
        f"For this report X-Ray {what} of this account, which AWS charges by the million: it {how_it_ended}.",
        "Turn the stage's access log on, which costs nothing to read; or give a shorter --last; or --scan-all.",
    )
