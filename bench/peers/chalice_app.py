"""Chalice's runtime, with aws-xray-sdk as its documentation on AWS X-Ray shows it."""

from aws_xray_sdk.core import xray_recorder
from chalice import Chalice

app = Chalice(app_name="hello")
cold = True


@app.route("/hello")
def hello() -> dict[str, str]:
    return {"message": "Hello from Lambda", "path": app.current_request.path}


def handler(event: dict[str, str], context: object) -> object:
    global cold
    with xray_recorder.in_subsegment("hello") as subsegment:
        assert subsegment is not None
        subsegment.put_annotation("cold_start", cold)
        cold = False
        return app(event, context)
