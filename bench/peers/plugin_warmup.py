"""A function warmed by serverless-plugin-warmup, as its README shows it for Python; HOLD_MS is its advice for Node."""

import json
import os
import time

HOLD_SECONDS = float(os.environ.get("HOLD_MS", "0")) / 1000


def handler(event: dict[str, str], _context: object) -> object:
    if event.get("source") == "serverless-plugin-warmup":
        time.sleep(HOLD_SECONDS)
        return {}
    return {"statusCode": 200, "body": json.dumps({"message": "Hello from Lambda"})}
