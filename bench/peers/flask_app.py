"""Flask behind apig-wsgi, with aws-xray-sdk."""

from apig_wsgi import make_lambda_handler
from aws_xray_sdk.core import xray_recorder
from flask import Flask, request

app = Flask(__name__)
cold = True


@app.get("/hello")
def hello() -> dict[str, str]:
    return {"message": "Hello from Lambda", "path": request.path}


adapter = make_lambda_handler(app)


def handler(event: dict[str, str], context: object) -> object:
    global cold
    with xray_recorder.in_subsegment("hello") as subsegment:
        assert subsegment is not None
        subsegment.put_annotation("cold_start", cold)
        cold = False
        return adapter(event, context)
