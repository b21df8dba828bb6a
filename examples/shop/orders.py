"""Powertools: a REST API with logs, traces and metrics."""

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from pilotlight import routes_of, warmable

app, logger, tracer, metrics = APIGatewayRestResolver(), Logger(), Tracer(), Metrics(namespace="Shop")


@app.get("/orders/broken")
def broken():
    raise RuntimeError("as a service does once in a while")


@app.get("/orders/<number>")
def order(number):
    return {"order": number}


@warmable(route=routes_of(app))
@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    return app.resolve(event, context)
