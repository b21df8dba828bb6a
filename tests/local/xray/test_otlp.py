"""Spans that AWS's distribution of OpenTelemetry sends to the daemon's port are stored as X-Ray would store them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from pilotlight_tools.local.xray import XRay
from pilotlight_tools.local.xray.daemon import BadDatagramError
from pilotlight_tools.local.xray.documents import parse
from pilotlight_tools.local.xray.otlp import documents_of, is_otlp
from tests.support.xray_records import SERVICE, STAGE, send

HEADER = b'{"format":"json","version":1}\n'


SENDER = """
import base64, json, sys
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

ended = InMemorySpanExporter()
provider = TracerProvider(resource=Resource({"service.name": "orders", "cloud.region": "eu-west-1"}))
provider.add_span_processor(SimpleSpanProcessor(ended))
tracer = provider.get_tracer("test")
attributes = {
    "http.request.method": "GET",
    "url.full": "http://shop/orders",
    "http.response.status_code": 502,
    "faas.invocation_id": "7",
    "customer.id": 12,
    "aws.xray.annotations": ["customer.id"],
}
with tracer.start_as_current_span("GET /orders", kind=SpanKind.SERVER, attributes=attributes):
    given = eval(sys.argv[1], {"nan": float("nan")})
    with tracer.start_as_current_span("DynamoDB", kind=SpanKind.CLIENT, attributes=given) as inner:
        inner.set_status(StatusCode.ERROR)
print(base64.b64encode(encode_spans(ended.get_finished_spans()).SerializeToString()).decode())
"""
"""Prints the spans of a server and of a client inside it, which ends first, as ADOT's exporter encodes them.

In a process of its own: Pilotlight's records are others where the SDK is loaded.
"""


def body(prefix: str = "T1S", **of_client: Any) -> str:
    command = [sys.executable, "-c", SENDER, repr(of_client)]
    return prefix + subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def documents(**of_client: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The documents of the client's span and of the server's."""
    client, server = (json.loads(each) for each in documents_of(body(**of_client)))
    return client, server


def test_a_server_is_a_segment_with_what_x_ray_indexes() -> None:
    _, server = documents()
    assert parse(json.dumps(server)) == server
    assert server["name"] == "orders"
    assert "type" not in server
    assert server["http"] == {
        "request": {"method": "GET", "url": "http://shop/orders"},
        "response": {"status": 502},
    }
    assert server["fault"] is True
    assert server["aws"] == {"request_id": "7"}
    assert server["annotations"] == {"customer_id": 12}
    assert server["metadata"]["default"]["span.name"] == "GET /orders"
    assert server["metadata"]["default"]["cloud.region"] == "eu-west-1"


def test_what_is_called_inside_it_is_a_subsegment_of_it() -> None:
    client, server = documents()
    assert parse(json.dumps(client)) == client
    assert (client["name"], client["type"], client["namespace"]) == ("DynamoDB", "subsegment", "remote")
    assert (client["parent_id"], client["trace_id"]) == (server["id"], server["trace_id"])
    assert server["start_time"] <= client["start_time"] <= client["end_time"] <= server["end_time"]
    assert client["fault"] is True


@pytest.mark.parametrize(
    ("status", "outcome"), [(429, {"error", "throttle"}), (404, {"error"}), (500, {"fault"}), (200, {"fault"})]
)
def test_a_status_says_whose_fault_it_was(status: int, outcome: set[str]) -> None:
    """The span itself says that it failed."""
    client, _ = documents(**{"http.status_code": status})
    assert {"error", "throttle", "fault"} & client.keys() == outcome


def test_values_that_json_lacks_are_text() -> None:
    client, _ = documents(ratio=float("nan"), raw=b"\x01\xff", list=[1.5, 2.5])
    kept = client["metadata"]["default"]
    assert (kept["ratio"], kept["raw"], kept["list"]) == ("nan", "01ff", [1.5, 2.5])


@pytest.mark.parametrize("broken", ["T1S", "T1S%%%", "T1S" + base64.b64encode(b"\xff" * 9).decode(), "T1Sabc"])
def test_what_is_not_otlp_is_refused(broken: str) -> None:
    assert is_otlp(broken)
    if broken == "T1S":
        assert documents_of(broken) == []
        return
    with pytest.raises(BadDatagramError, match="not an OTLP request"):
        documents_of(broken)


@pytest.mark.parametrize("prefix", ["T1S", "T1U"])
def test_a_datagram_of_spans_is_stored_as_a_trace_beside_the_records(prefix: str) -> None:
    sent = body(prefix)
    trace_id = json.loads(documents_of(sent)[0])["trace_id"]
    with XRay(service=SERVICE, stage=STAGE) as xray:
        send(xray.daemon_address, [HEADER + b"T1S!", HEADER + sent.encode()])
        xray.flush()
        kept = xray._store.bodies(trace_id)
        counts = xray.counts()
    assert {json.loads(text)["name"] for _, text in kept} == {"orders", "DynamoDB"}
    assert counts["rejected"] == {"spans are not an OTLP request in base64": 1}
    assert counts["documents"] == 2
