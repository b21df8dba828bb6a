"""aws-xray-sdk alone, as its README shows it: a subsegment round the work, with annotations."""

import json

from aws_xray_sdk.core import xray_recorder

cold = True


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
