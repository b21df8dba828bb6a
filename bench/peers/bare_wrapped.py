"""The bare handler behind `warmable`: what answering pings and sending a record cost."""

import json

from pilotlight import warmable


@warmable
def handler(event: dict[str, str], _context: object) -> object:
    body = json.dumps({"message": "Hello from Lambda", "path": event["path"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body, "isBase64Encoded": False}
