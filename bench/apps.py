"""What is measured: the bare handler, Pilotlight, and the peers that do the same work."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path.cwd()
"""The project's folder: npm runs every script there."""
REQUIREMENTS = ROOT / "bench" / "requirements"


@dataclass(frozen=True, slots=True)
class App:
    """One app: its handler as Lambda names it, its one file in bench/peers/, and its requirements.

    `wrapped`: it has the package `pilotlight` beside it, as pip installs our wheel. `lean`: it runs under the lean
    runtime client, AWS's elsewhere.
    """

    name: str
    title: str
    handler: str
    source: str = ""
    requirements: str = ""
    records: bool = True
    wrapped: bool = False
    lean: bool = False

    @property
    def managed_name(self) -> str:
        """The name of the same app under AWS's runtime client."""
        return self.name.removesuffix(_LEAN)


_LEAN = "-lean"


BARE = App("bare", "bare JSON handler, no record", "bare.handler", "bare.py", records=False)
OURS = App("pilotlight", "Pilotlight", "handler.handler", "ours.py")
WRAPPED = App("bare-wrapped", "the bare handler in `warmable`", "bare_wrapped.handler", "bare_wrapped.py", wrapped=True)
LOGGING = App("bare-logging", "bare, importing logging", "bare_logging.handler", "bare_logging.py", records=False)
BOTO3 = App("bare-boto3", "bare, importing boto3", "bare_boto3.handler", "bare_boto3.py", records=False)
PEERS = [
    App("sdk-wrapt1", "aws-xray-sdk, wrapt 1", "sdk.handler", "sdk.py", "sdk-wrapt1"),
    App("sdk", "aws-xray-sdk as pip installs it", "sdk.handler", "sdk.py", "sdk"),
    App("chalice", "Chalice + SDK", "chalice_app.handler", "chalice_app.py", "chalice"),
    App("powertools", "Powertools Tracer + REST resolver", "powertools.handler", "powertools.py", "powertools"),
    App("flask-apig-wsgi", "Flask + apig-wsgi + SDK", "flask_app.handler", "flask_app.py", "flask-apig-wsgi"),
    App("lambda-warmer-py", "lambda-warmer-py + SDK", "lambda_warmer.handler", "lambda_warmer.py", "lambda-warmer-py"),
    App("fastapi-mangum", "FastAPI + Mangum + SDK", "fastapi_app.handler", "fastapi_app.py", "fastapi-mangum"),
]
LEAN = [
    replace(app, name=f"{app.name}{_LEAN}", title=f"{app.title}, lean client", lean=True)
    for app in (BARE, OURS, WRAPPED, LOGGING, BOTO3)
]
"""The same under the lean runtime client."""
BARE_LEAN, OURS_LEAN, WRAPPED_LEAN, *_ = LEAN
APPS = [BARE, OURS, WRAPPED, LOGGING, BOTO3, *LEAN, *PEERS]
_ROUTES = ("fastapi_routes.py", "fastapi-mangum")
PINGED = App("pinged", "a ping", "fastapi_routes.handler", *_ROUTES, wrapped=True)
PREWARMED = App("prewarmed", "a ping, `prewarm` of another route", "fastapi_routes.prewarmed", *_ROUTES, wrapped=True)
PREWARMED_ROUTE = App(
    "prewarmed-route", "a ping, `prewarm` of the same route", "fastapi_routes.prewarmed_orders", *_ROUTES, wrapped=True
)


def _rest_proxy_event() -> dict[str, Any]:
    """A request with all the fields and the usual browser headers, as API Gateway sends it."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "en-GB,en;q=0.9",
        "CloudFront-Forwarded-Proto": "https",
        "CloudFront-Is-Desktop-Viewer": "true",
        "CloudFront-Viewer-Country": "GB",
        "Host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Via": "2.0 d1234.cloudfront.net (CloudFront)",
        "X-Amz-Cf-Id": "bench-0000000000000000000000000000000000000000000000000==",
        "X-Amzn-Trace-Id": "Root=1-00000000-000000000000000000000000",
        "X-Forwarded-For": "192.0.2.1, 198.51.100.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": "/hello",
        "path": "/hello",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": headers["Host"],
            "domainPrefix": "abcdef1234",
            "extendedRequestId": "bench",
            "httpMethod": "GET",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": headers["User-Agent"]},
            "path": "/dev/hello",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-0000-0000-000000000000",
            "requestTime": "01/Jan/2026:00:00:00 +0000",
            "requestTimeEpoch": 1767225600000,
            "resourceId": "abc123",
            "resourcePath": "/hello",
            "stage": "dev",
        },
        "body": None,
        "isBase64Encoded": False,
    }


REQUEST = json.dumps(_rest_proxy_event()).encode()
