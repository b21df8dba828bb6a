"""Says when a load meets the limits of the stage: the engine keeps them as AWS does, and a 429 explains nothing."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.pair import Pair

_EVERY_METHOD = "*/*"
_LAMBDA_REFUSED = (
    "Lambda refused an invocation: the function's reserved concurrency or the account's limit was in use "
    "(on AWS API Gateway answers this with 500)"
)
"""The status: "Handling Lambda errors with an API Gateway API" (Lambda developer guide)."""


class Throttling:
    """A subscriber of pairs that gives `notify` a line for each request which API Gateway or Lambda refused.

    A function that responds 429 itself is none of these.
    """

    def __init__(self, limits: str, notify: Notify) -> None:
        self._text = f"API Gateway answered 429, as on AWS: {limits}"
        self._notify = notify

    def __call__(self, pair: Pair) -> None:
        if pair.exchange is None:
            return
        if pair.exchange.error_type in ("THROTTLED", "QUOTA_EXCEEDED"):
            self._notify(self._text)
        elif pair.exchange.context.get("integrationStatus") == "429":
            self._notify(_LAMBDA_REFUSED)


def limits_of(connection: dict[str, Any], api_id: str, stage: str) -> str:
    """Describe the limits of a stage, as the engine has them ("Throttle requests to your REST APIs", API Gateway)."""
    try:
        found = boto3.client("apigateway", **connection).get_stage(restApiId=api_id, stageName=stage)
        settings = found["methodSettings"][_EVERY_METHOD]
        rate, burst = settings["throttlingRateLimit"], settings["throttlingBurstLimit"]
    except (BotoCoreError, ClientError, KeyError):
        return "the limit of a usage plan, or of a method"
    return f"stage {stage} lets {rate:g} requests a second pass to each method, {burst:g} at once (see serverless.yml)"
