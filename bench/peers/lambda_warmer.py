"""lambda-warmer-py round a plain handler, with aws-xray-sdk."""

import json

import lambdawarmer
from aws_xray_sdk.core import xray_recorder

cold = True


@lambdawarmer.warmer
def handler(event: dict[str, str], _context: object) -> object:
    global cold
    with xray_recorder.in_subsegment("hello") as subsegment:
        assert subsegment is not None
        subsegment.put_annotation("cold_start", cold)
        cold = False
        body = json.dumps({"message": "Hello from Lambda", "path": event["path"]})
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "application/json"},
            "body": body,
            "isBase64Encoded": False,
        }
