"""A nightly job. It is wrapped, so that its runs are recorded, and its scheduled event is no ping."""

import json

from pilotlight import warmable


@warmable(record_all=True)
def handler(event, context):
    print(json.dumps({"report": event["time"]}))
    return {"reported": event["time"]}
