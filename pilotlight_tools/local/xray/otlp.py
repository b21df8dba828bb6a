"""Spans of OpenTelemetry as X-Ray's documents: AWS's distribution of it (ADOT) sends them to the daemon's port.

A datagram's body is `T1S` (sampled) or `T1U` (not), then an ExportTraceServiceRequest of OTLP in base64, as ADOT's
`OTLPUdpSpanExporter` writes it. The fields of a document are those of "AWS X-Ray segment documents".
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.xray.daemon import BadDatagramError

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

_PREFIXES = ("T1S", "T1U")
_ANNOTATED = "aws.xray.annotations"
"""The attribute that lists which others are annotations, by which traces can be filtered; the rest is metadata."""
_NAMESPACE = "default"
_NAME_CHARACTERS = 200
_HTTP = {
    "method": ("http.request.method", "http.method"),
    "url": ("url.full", "http.url", "url.path", "http.target"),
    "user_agent": ("user_agent.original", "http.user_agent"),
}
"""By the current names of the semantic conventions, then by the older ones."""
_STATUS = ("http.response.status_code", "http.status_code")


def is_otlp(body: str) -> bool:
    """Whether a datagram's body holds spans; a document begins with a brace."""
    return body.startswith(_PREFIXES)


def documents_of(body: str) -> list[str]:
    """Return a document for each span. Raises BadDatagramError for what is not OTLP in base64."""
    # Loaded for the first span only: most services send none.
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(base64.b64decode(body[len(_PREFIXES[0]) :], validate=True))
    except (binascii.Error, DecodeError):
        raise BadDatagramError("spans are not an OTLP request in base64") from None
    made = []
    for resource in request.resource_spans:
        of_resource = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            made += [json.dumps(_document(span, of_resource), separators=(",", ":")) for span in scope.spans]
    return made


def _document(span: Span, of_resource: Mapping[str, Any]) -> Document:
    """Convert one span; what a server does is a segment of its own, anything below another span a subsegment."""
    attributes = _attributes(span.attributes)
    is_segment = span.kind == span.SPAN_KIND_SERVER or not span.parent_span_id
    name = str(of_resource.get("service.name") or span.name) if is_segment else span.name
    trace_id = span.trace_id.hex()
    document: Document = {
        "name": (name or "?")[:_NAME_CHARACTERS],
        "id": span.span_id.hex(),
        "trace_id": f"1-{trace_id[:8]}-{trace_id[8:]}",
        "start_time": span.start_time_unix_nano / 1e9,
        "end_time": span.end_time_unix_nano / 1e9,
        **_outcome(span, attributes),
        **_http(attributes),
    }
    if span.parent_span_id:
        document["parent_id"] = span.parent_span_id.hex()
    if not is_segment:
        document["type"] = "subsegment"
    if span.kind == span.SPAN_KIND_CLIENT:
        document["namespace"] = "remote"
    if request_id := attributes.get("faas.invocation_id"):
        document["aws"] = {"request_id": str(request_id)}
    named = attributes.pop(_ANNOTATED, [])
    chosen = {key: attributes.pop(key) for key in named if isinstance(key, str) and key in attributes}
    if annotations := dict(_annotations(chosen)):
        document["annotations"] = annotations
    document["metadata"] = {_NAMESPACE: {"span.name": span.name, **of_resource, **attributes}}
    return document


def _outcome(span: Span, attributes: Mapping[str, Any]) -> dict[str, bool]:
    status = _first(attributes, _STATUS)
    code = status if isinstance(status, int) else 0
    if code == 429:
        return {"error": True, "throttle": True}
    if 400 <= code < 500:
        return {"error": True}
    failed = code >= 500 or span.status.code == span.status.STATUS_CODE_ERROR
    return {"fault": True} if failed else {}


def _http(attributes: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: _first(attributes, names) for key, names in _HTTP.items()}
    request = {key: str(value) for key, value in found.items() if value is not None}
    status = _first(attributes, _STATUS)
    if not request and status is None:
        return {}
    return {"http": {"request": request, "response": {"status": status} if isinstance(status, int) else {}}}


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)


def _annotations(chosen: Mapping[str, Any]) -> Iterator[tuple[str, str | bool | int | float]]:
    """Keys of annotations have letters, digits and underscores only."""
    for key, value in chosen.items():
        simple = value if isinstance(value, str | bool | int | float) else json.dumps(value)
        yield re.sub(r"\W", "_", key, flags=re.ASCII), simple


def _attributes(given: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in given}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    found = getattr(value, kind) if kind else None
    return str(found) if isinstance(found, float) and not math.isfinite(found) else found  # JSON has no such numbers
