"""Powertools for AWS Lambda: its Tracer (which annotates ColdStart) and its REST resolver."""

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver

tracer = Tracer(service="hello")
app = APIGatewayRestResolver()


@app.get("/hello")
def hello() -> dict[str, str]:
    return {"message": "Hello from Lambda", "path": app.current_event.path}


@tracer.capture_lambda_handler
def handler(event: dict[str, str], context: object) -> object:
    return app.resolve(event, context)
