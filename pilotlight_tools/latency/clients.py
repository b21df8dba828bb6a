"""The AWS clients that a report reads with, made when they are first used: each takes its memory and its time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

_ATTEMPTS = 10
_LOCAL_ATTEMPTS = 3
"""What runs on this machine does not throttle, and has been stopped if it does not respond: fail early."""
_NO_PROFILE: dict[str, Any] = {"profile": (None, None, None, None)}
"""Settings of a botocore session (their key in a file, variable, default, conversion) that reads no profile's name."""
_LOCAL_KEY = "test"
"""The local engine's root user: it opens nothing but an engine on the loopback interface."""


class Clients:
    """Clients of one region; `endpoint_url` is None for AWS itself. A `local` endpoint needs no credentials."""

    def __init__(self, region: str, endpoint_url: str | None = None, *, local: bool = False) -> None:
        self.region = region
        self._endpoint_url = endpoint_url
        self._local = local

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        return self._client("apigateway")  # type: ignore[no-any-return]

    @cached_property
    def apigatewayv2(self) -> Any:
        return self._client("apigatewayv2")

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return self._client("logs")  # type: ignore[no-any-return]

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self._client("cloudwatch")  # type: ignore[no-any-return]

    def _client(self, name: str) -> Any:
        return client(name, self.region, self._endpoint_url, local=self._local)


def client(name: str, region: str, endpoint_url: str | None, *, local: bool = False) -> Any:
    """Make a client that waits when it is throttled; a local one reads no profile and gets made-up credentials."""
    # Adaptive mode backs off when throttled and then limits its own rate (Boto3 guide, "Retries").
    config = Config(
        retries={"mode": "adaptive", "total_max_attempts": _LOCAL_ATTEMPTS if local else _ATTEMPTS},
        connect_timeout=5,
        read_timeout=30,
        proxies={} if local else None,  # a local request must not pass the developer's proxy
    )
    # A profile of the shell may not exist, and is not meant for what runs here.
    session: Any = botocore.session.Session(session_vars=_NO_PROFILE if local else None)
    if local:
        session.set_credentials(_LOCAL_KEY, _LOCAL_KEY)
    made: Any = boto3.Session(botocore_session=session)
    return made.client(name, region_name=region, endpoint_url=endpoint_url, config=config)
