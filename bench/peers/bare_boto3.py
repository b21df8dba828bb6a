"""The bare handler that imports the SDK, which Lambda's runtime has."""

import json

import boto3

__all__ = ["boto3", "handler"]


def handler(event: dict[str, str], _context: object) -> object:
    body = json.dumps({"message": "Hello from Lambda", "path": event["path"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body, "isBase64Encoded": False}
