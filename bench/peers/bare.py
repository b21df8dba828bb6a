"""The baseline: what a REST response costs with nothing but `json`. Sends no record."""

import json


def handler(event: dict[str, str], _context: object) -> object:
    body = json.dumps({"message": "Hello from Lambda", "path": event["path"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body, "isBase64Encoded": False}
