"""Events and contexts as Lambda hands them over, for the tests."""

from __future__ import annotations

from typing import Any

from pilotlight.ping import Machine
from pilotlight.preparation import Preparation


def unused(event: object, context: object) -> None:
    """A handler that no test calls."""
    raise AssertionError(event, context)


TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
"""The tracing header of a sampled trace."""
MACHINE = Machine(prepare=lambda: None)
"""For pings that are handled in this process: the SDK must not patch its boto3."""
NOTHING = Preparation(unused)
"""Of a handler that has no prewarm and traces nothing downstream."""
_BROWSER_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "en-GB,en;q=0.9",
    "CloudFront-Forwarded-Proto": "https",
    "CloudFront-Is-Desktop-Viewer": "true",
    "CloudFront-Viewer-Country": "GB",
    "Host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Via": "2.0 d1234.cloudfront.net (CloudFront)",
    "X-Amzn-Trace-Id": "Root=1-00000000-000000000000000000000000",
    "X-Forwarded-For": "192.0.2.1, 198.51.100.1",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


class Context:
    """A Lambda context with the attributes that the code reads."""

    def __init__(self, request_id: str = "request-1", remaining_ms: int = 30_000) -> None:
        self.aws_request_id = request_id
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def proxy_event(method: str = "GET", path: str = "/hello", **changes: Any) -> dict[str, Any]:
    """A REST proxy event with everything optional null, as API Gateway sends it; `changes` replace its keys."""
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


def browser_event(path: str = "/hello") -> dict[str, Any]:
    """A REST proxy event with all the headers of a browser."""
    headers = {name: [value] for name, value in _BROWSER_HEADERS.items()}
    return proxy_event("GET", path, headers=_BROWSER_HEADERS, multiValueHeaders=headers)
