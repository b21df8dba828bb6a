"""Events and contexts as Lambda hands them over, for the tests."""

from __future__ import annotations

from typing import Any

from pilotlight.ping import Machine

MACHINE = Machine(prepare=lambda: None)
"""For pings that are answered in this process: the SDK must not patch its boto3."""


class Context:
    """A Lambda context with as much of it as the code reads."""

    def __init__(self, request_id: str = "request-1", remaining_ms: int = 30_000) -> None:
        self.aws_request_id = request_id
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def proxy_event(method: str = "GET", path: str = "/hello", **changes: Any) -> dict[str, Any]:
    """A REST proxy event with everything optional null, as API Gateway sends it; ``changes`` replace its keys."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": None,
        "multiValueHeaders": None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {"path": f"/prod{path}", "stage": "prod", "requestId": "gateway-1", "httpMethod": method},
        "body": None,
        "isBase64Encoded": False,
        **changes,
    }
