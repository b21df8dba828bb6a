"""The X-Ray operations without HTTP: parameters in, response out, in the shapes of the API reference."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from pilotlight_tools.local.xray import documents
from pilotlight_tools.local.xray.documents import BadDocumentError
from pilotlight_tools.local.xray.filter_tokens import FilterError
from pilotlight_tools.local.xray.filters import Predicate, compile_filter
from pilotlight_tools.local.xray.groups import Groups
from pilotlight_tools.local.xray.store import TIME_COLUMNS, Position, Store
from pilotlight_tools.local.xray.summary import duration

_Parameters = dict[str, Any]
_Response = dict[str, Any]

DEFAULT_PAGE_SIZE = 500
"""How many traces one page scans, matching or not. X-Ray, too, pages by scanned traces: a page may be empty."""
_LONGEST_TIME_RANGE_SECONDS = 6 * 3600
_MOST_IDS_PER_BATCH = 5


class ServiceError(Exception):
    """An error as X-Ray returns it: `code` is the exception's name in the service model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Operations:
    """The operations by name. `put` is called with the body of each document of PutTraceSegments."""

    def __init__(
        self,
        store: Store,
        put: Callable[[str], None],
        *,
        page_size: int = DEFAULT_PAGE_SIZE,
        destination: str = "XRay",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._put = put
        self._page_size = page_size
        self._destination = destination
        self._clock = clock
        self._groups = Groups()
        self._supported: dict[str, Callable[[_Parameters], _Response]] = {
            "PutTraceSegments": self._put_trace_segments,
            "GetTraceSummaries": self._get_trace_summaries,
            "BatchGetTraces": self._batch_get_traces,
            "GetGroups": lambda _: {"Groups": self._groups.all()},
            "GetGroup": lambda parameters: {"Group": self._groups.get(_group_key(parameters))},
            "CreateGroup": self._create_group,
            "DeleteGroup": lambda parameters: self._groups.delete(_group_key(parameters)),
            "GetSamplingRules": self._get_sampling_rules,
            "GetSamplingTargets": self._get_sampling_targets,
            "PutTelemetryRecords": lambda _: {},
            "GetTraceSegmentDestination": lambda _: {"Destination": self._destination, "Status": "ACTIVE"},
            "GetIndexingRules": self._get_indexing_rules,
        }

    def run(self, operation: str, parameters: _Parameters) -> _Response:
        """Run an operation. Raises ServiceError for what X-Ray refuses and for what is not supported here."""
        supported = self._supported.get(operation)
        if supported is None:
            raise ServiceError("InvalidRequestException", f"The local X-Ray does not support {operation}")
        try:
            return supported(parameters)
        except (FilterError, KeyError, ValueError) as error:
            raise ServiceError("InvalidRequestException", str(error.args[0])) from error

    def _put_trace_segments(self, parameters: _Parameters) -> _Response:
        unprocessed = []
        for body in parameters["TraceSegmentDocuments"]:
            try:
                documents.parse(body)
                self._put(body)
            except BadDocumentError as error:
                unprocessed.append({"ErrorCode": "InvalidSegment", "Message": str(error)})
        return {"UnprocessedTraceSegments": unprocessed}

    def _get_trace_summaries(self, parameters: _Parameters) -> _Response:
        start, end = float(parameters["StartTime"]), float(parameters["EndTime"])
        if end <= start:
            raise ValueError("EndTime must be after StartTime")
        if end - start > _LONGEST_TIME_RANGE_SECONDS:
            raise ValueError("The time range cannot be longer than 6 hours")
        time_range_type = parameters.get("TimeRangeType", "TraceId")
        if time_range_type not in TIME_COLUMNS:
            raise ValueError(f"TimeRangeType is one of {', '.join(TIME_COLUMNS)}, not {time_range_type}")
        if parameters.get("Sampling") or parameters.get("SamplingStrategy"):
            raise ValueError("The local X-Ray does not support Sampling of trace summaries")
        matches = self._predicate(parameters.get("FilterExpression"))
        query = _fingerprint(start, end, time_range_type, parameters.get("FilterExpression"))
        after, processed = _read_token(parameters.get("NextToken"), query)
        page = self._store.page(start, end, time_range_type, after, self._page_size)
        response: _Response = {
            "TraceSummaries": [
                summary | ({"MatchedEventTime": position.time} if time_range_type == "Event" else {})
                for position, summary in page
                if matches(summary)
            ],
            "ApproximateTime": page[-1][0].time if page else start,
            "TracesProcessedCount": processed + len(page),
        }
        if len(page) == self._page_size:
            response["NextToken"] = _write_token(page[-1][0], processed + len(page), query)
        return response

    def _predicate(self, expression: str | None) -> Predicate:
        return compile_filter(expression, self._groups.expression) if expression else lambda _: True

    def _batch_get_traces(self, parameters: _Parameters) -> _Response:
        identities = parameters["TraceIds"]
        if len(identities) > _MOST_IDS_PER_BATCH:
            raise ValueError(f"TraceIds holds {len(identities)} ids; {_MOST_IDS_PER_BATCH} at most")
        found, unprocessed = [], []
        for trace_id in identities:
            bodies = self._store.bodies(trace_id)
            if not bodies:
                unprocessed.append(trace_id)
                continue
            segments = [{"Id": identity, "Document": body} for identity, body in bodies]
            length = duration([documents.load(body) for _, body in bodies])
            found.append({"Id": trace_id, "Duration": length, "LimitExceeded": False, "Segments": segments})
        return {"Traces": found, "UnprocessedTraceIds": unprocessed}

    def _create_group(self, parameters: _Parameters) -> _Response:
        expression = parameters.get("FilterExpression", "")
        self._predicate(expression)
        insights = parameters.get("InsightsConfiguration")
        return {"Group": self._groups.create(parameters["GroupName"], expression, insights)}

    def _get_sampling_rules(self, _: _Parameters) -> _Response:
        # Everything is kept here, so the SDK's sampler must decide to send everything.
        rule = {
            "RuleName": "Default",
            "RuleARN": "arn:aws:xray:us-east-1:000000000000:sampling-rule/Default",
            "ResourceARN": "*",
            "Priority": 10000,
            "FixedRate": 1.0,
            "ReservoirSize": 1,
            "ServiceName": "*",
            "ServiceType": "*",
            "Host": "*",
            "HTTPMethod": "*",
            "URLPath": "*",
            "Version": 1,
            "Attributes": {},
        }
        return {"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}

    def _get_sampling_targets(self, parameters: _Parameters) -> _Response:
        targets = [
            {
                "RuleName": document["RuleName"],
                "FixedRate": 1.0,
                "ReservoirQuota": 1,
                "ReservoirQuotaTTL": self._clock() + 60,
                "Interval": 10,
            }
            for document in parameters["SamplingStatisticsDocuments"]
        ]
        return {"SamplingTargetDocuments": targets, "LastRuleModification": 0.0, "UnprocessedStatistics": []}

    def _get_indexing_rules(self, _: _Parameters) -> _Response:
        rule = {"Probabilistic": {"DesiredSamplingPercentage": 1.0, "ActualSamplingPercentage": 1.0}}
        return {"IndexingRules": [{"Name": "Default", "ModifiedAt": 0.0, "Rule": rule}]}


def _group_key(parameters: _Parameters) -> str:
    key = parameters.get("GroupName") or parameters.get("GroupARN")
    if not key:
        raise ValueError("One of GroupName and GroupARN is required")
    return str(key)


def _fingerprint(*query: object) -> str:
    return hashlib.sha256(json.dumps(query).encode()).hexdigest()[:16]


def _write_token(position: Position, processed: int, query: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([position.time, position.trace_id, processed, query]).encode()).decode()


def _read_token(token: str | None, query: str) -> tuple[Position | None, int]:
    if token is None:
        return None, 0
    try:
        moment, trace_id, processed, made_for = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("NextToken was not issued by this X-Ray") from None
    if made_for != query:
        raise ValueError("NextToken belongs to a query with other parameters")
    return Position(float(moment), str(trace_id)), int(processed)
