"""Handlers of real frameworks, under Lambda's runtime client: pings, requests, routes, cold-start flags, spans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotlight.events import http_event, rest_event
from pilotlight.frameworks import routes_of
from pilotlight.ping import Ping
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import TRACE
from tests.support.frameworks import service

pytestmark = pytest.mark.slow  # installs the frameworks

PING = Ping("a1", 0, 1, 0.0).event()
POWERTOOLS = """
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pilotlight import routes_of, warmable

app, logger, tracer, metrics = APIGatewayRestResolver(), Logger(), Tracer(), Metrics(namespace="Shop", service="orders")


@app.get("/orders/<number>")
def order(number):
    return {"number": number}


@app.get("/orders")
def orders():
    return []


@warmable(route=routes_of(app))
@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    logger.info("a line of the service")
    return app.resolve(event, context)
"""
FASTAPI = """
from fastapi import APIRouter, FastAPI
from mangum import Mangum
from pilotlight import routes_of, warmable

app, router, admin = FastAPI(), APIRouter(prefix="/orders"), FastAPI()


@router.get("/{number}")
def order(number: str) -> dict[str, str]:
    return {"number": number}


@admin.get("/health")
def health() -> None:
    pass


app.include_router(router, prefix="/shop")
app.include_router(router)
app.mount("/admin", admin)
handler = warmable(Mangum(app, lifespan="off"), route=routes_of(app))
"""
FLASK = """
from apig_wsgi import make_lambda_handler
from flask import Flask
from pilotlight import routes_of, warmable

app = Flask(__name__)


@app.get("/orders/<number>")
def order(number):
    return {"number": number}


handler = warmable(make_lambda_handler(app), route=routes_of(app))
"""


@pytest.mark.parametrize(
    ("code", "requirements", "route"),
    [
        (POWERTOOLS, "powertools", "/orders/<number>"),
        (POWERTOOLS, "powertools-oldest", "/orders/<number>"),
        (FASTAPI, "fastapi-mangum", "/orders/{number}"),
        (FLASK, "flask-apig-wsgi", "/orders/<number>"),
    ],
)
def test_a_framework_answers_requests_and_pings_and_its_route_is_recorded(
    code: str, requirements: str, route: str, tmp_path: Path
) -> None:
    with XRaySink() as sink, service(tmp_path, code, requirements, AWS_XRAY_DAEMON_ADDRESS=sink.address) as sandbox:
        reply = sandbox.invoke(PING, trace_header=TRACE)
        assert (reply.error, reply.payload["pilotlight"]["notes"]) == (None, []), sandbox.logs()
        response = sandbox.invoke(rest_event("GET", "/orders/7"), trace_header=TRACE)
        assert response.error is None, sandbox.logs()
        assert response.payload["statusCode"] == 200
        assert json.loads(response.payload["body"]) == {"number": "7"}
        missing = sandbox.invoke(rest_event("GET", "/nothing"), trace_header=TRACE)
        assert missing.payload["statusCode"] == 404
        found = [each for each in sink.take(1) if each["name"] == "pilotlight"]
    kinds = [(each["annotations"]["kind"], each["annotations"].get("route")) for each in found]
    assert kinds == [("ping", None), ("request", route), ("request", "")]


def test_the_routes_of_mounted_apps_and_included_routers_are_found(tmp_path: Path) -> None:
    with (
        XRaySink() as sink,
        service(tmp_path, FASTAPI, "fastapi-mangum", AWS_XRAY_DAEMON_ADDRESS=sink.address) as sandbox,
    ):
        for path in ("/admin/health", "/shop/orders/7"):
            assert sandbox.invoke(http_event("GET", path), trace_header=TRACE).payload["statusCode"] == 200
        found = [document["annotations"]["route"] for document in sink.take(1)]
    assert found == ["/admin/health", "/shop/orders/{number}"]


@pytest.mark.parametrize("requirements", ["powertools", "powertools-oldest"])
@pytest.mark.parametrize("is_pinged", [False, True])
def test_powertools_calls_no_request_cold_that_a_ping_warmed(
    requirements: str, is_pinged: bool, tmp_path: Path
) -> None:
    with (
        XRaySink() as sink,
        service(tmp_path, POWERTOOLS, requirements, AWS_XRAY_DAEMON_ADDRESS=sink.address) as sandbox,
    ):
        if is_pinged:
            assert sandbox.invoke(PING, trace_header=TRACE).payload["pilotlight"]["notes"] == []
        sandbox.invoke(rest_event("GET", "/orders"), trace_header=TRACE)
        lines = [json.loads(line) for line in sandbox.logs().splitlines() if line.startswith("{")]
        of_tracer = [
            each["annotations"]["ColdStart"] for each in sink.take(1) if "ColdStart" in each.get("annotations", {})
        ]
    [logged] = [line for line in lines if line.get("message") == "a line of the service"]
    counted = [line for line in lines if "ColdStart" in line and "Shop" in json.dumps(line.get("_aws"))]
    assert (logged["cold_start"], len(counted), of_tracer) == (not is_pinged, 0 if is_pinged else 1, [not is_pinged])


SPANS = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from pilotlight import Routes, entry_point, warmable


class Printed(SpanExporter):
    def export(self, spans):
        for span in spans:
            print(json.dumps({"span": span.name, **span.attributes}))


trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(Printed()))
served = HANDLER


def handler(event, context):
    # As OpenTelemetry's instrumentation of Lambda does: a span round the handler, named like the function.
    with trace.get_tracer("test").start_as_current_span("orders"):
        return served(event, context)
"""


@pytest.mark.parametrize("handler", ["warmable(lambda *_: {'statusCode': 200})", "entry_point(Routes())"])
def test_a_recording_span_gets_the_facts_of_the_record_and_a_pings_says_that_it_is_one(
    handler: str, tmp_path: Path
) -> None:
    code = SPANS.replace("HANDLER", handler)
    with service(tmp_path, code, "opentelemetry", PILOTLIGHT_SERVICE="shop-test") as sandbox:
        for event in (rest_event("GET", "/orders"), PING):
            unsampled = TRACE.replace("Sampled=1", "Sampled=0")  # OpenTelemetry samples by itself
            assert sandbox.invoke(event, trace_header=unsampled).error is None, sandbox.logs()
        request, ping = (json.loads(line) for line in sandbox.logs().splitlines() if line.startswith('{"span"'))
    assert (request["span"], request["faas.coldstart"]) == ("orders", True)
    assert (request["pilotlight.kind"], request["pilotlight.start"]) == ("request", "cold")
    assert (request["pilotlight.service"], request["pilotlight.status"] > 0) == ("shop-test", True)
    assert (ping["span"], ping["faas.coldstart"]) == ("pilotlight ping", False)
    assert (ping["pilotlight.kind"], ping["pilotlight.start"]) == ("ping", "warm")
    assert request["faas.instance"] == ping["faas.instance"]


def test_an_app_that_is_not_known_is_refused_in_the_init() -> None:
    with pytest.raises(TypeError, match="not SimpleNamespace: give `route=` a function"):
        routes_of(SimpleNamespace())


def test_a_route_finder_gets_the_path_as_its_framework_does() -> None:
    asked: list[tuple[str, str]] = []

    class Route:
        path = "/asked"

        def matches(self, scope: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
            asked.append((scope["method"], scope["path"]))
            return SimpleNamespace(name="FULL"), {}

    route = routes_of(SimpleNamespace(router=SimpleNamespace(routes=[Route()])))
    staged = http_event("GET", "/prod/orders")
    staged["requestContext"]["stage"] = "prod"
    lattice = {"raw_path": "/orders?a=1", "method": "post"}
    for event in (rest_event("GET", "/a%20b"), staged, http_event("PUT", "/orders"), lattice):
        assert route(event) == "/asked"
    assert asked == [("GET", "/a b"), ("GET", "/orders"), ("PUT", "/orders"), ("POST", "/orders")]
