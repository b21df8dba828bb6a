"""The bare handler with a logger, as most functions have one."""

import json
import logging

logger = logging.getLogger(__name__)


def handler(event: dict[str, str], _context: object) -> object:
    body = json.dumps({"message": "Hello from Lambda", "path": event["path"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body, "isBase64Encoded": False}
