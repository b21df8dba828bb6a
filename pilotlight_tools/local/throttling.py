"""Says when a load meets the limits of the stage: the engine keeps them as AWS does, and a 429 explains nothing."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.pair import Pair

_EVERY_METHOD = "*/*"


class Throttling:
    """A subscriber of pairs that gives `notify` a line for each request which API Gateway itself refused with 429."""

    def __init__(self, limits: str, notify: Notify) -> None:
        self._text = f"API Gateway answered 429, as on AWS: {limits}"
        self._notify = notify

    def __call__(self, pair: Pair) -> None:
        """A function that responds 429 leaves a record; API Gateway, which called none, leaves none."""
        if pair.record is None and pair.exchange is not None and pair.exchange.status == 429:
            self._notify(self._text)


def limits_of(connection: dict[str, Any], api_id: str, stage: str) -> str:
    """Describe the limits of a stage, as the engine has them ("Throttle requests to your REST APIs", API Gateway)."""
    try:
        found = boto3.client("apigateway", **connection).get_stage(restApiId=api_id, stageName=stage)
        settings = found["methodSettings"][_EVERY_METHOD]
        rate, burst = settings["throttlingRateLimit"], settings["throttlingBurstLimit"]
    except (BotoCoreError, ClientError, KeyError):
        return "the limit of a usage plan, or of a method"
    return f"stage {stage} lets {rate:g} requests a second pass to each method, {burst:g} at once (see serverless.yml)"
