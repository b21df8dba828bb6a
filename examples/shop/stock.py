"""No framework: a function of an HTTP API."""

from pilotlight import warmable


@warmable
def handler(event, context):
    return {"item": event["pathParameters"]["item"], "in_stock": 3}
