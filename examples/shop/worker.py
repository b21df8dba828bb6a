"""A queue's worker. Nobody waits for it, so it is no target; its events are its own."""

import json


def handler(event, context):
    for record in event["Records"]:
        print(json.dumps({"packed": json.loads(record["body"])}))
