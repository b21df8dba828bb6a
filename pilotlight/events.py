"""HTTP requests as Lambda hands them over: for a `prewarm` to send through its framework, and for tests.

    def prewarm(handler, context):
        return handler(rest_event("GET", "/orders/1"), context)

No request of a user loads this module.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from pilotlight.routing import METHODS

Values = Mapping[str, str | int | Sequence[str]]
"""Each name with its value, or with the list of values of a name that is sent several times."""
_API_ID = "a1b2c3d4e5"
_HOST = f"{_API_ID}.execute-api.us-east-1.amazonaws.com"
_STAGE = "test"
_SOURCE_IP = "203.0.113.7"
_SAFE = "/%:@!$&'()*+,;=~"


def rest_event(
    method: str, path: str, *, query: Values | None = None, headers: Values | None = None, body: object = None
) -> dict[str, Any]:
    """The REST proxy event of a request, as the catch-all `/{proxy+}` of serverless.yml receives it.

    Its shape is that of "Set up Lambda proxy integrations in API Gateway", "Input format of a Lambda function for proxy
    integration". `path` has no query; it is percent-encoded where it is not yet. `body`: a dict or list is sent as
    JSON with its Content-Type, bytes as base64, a str as it is. Raises ValueError for a method or path that API Gateway
    does not know, TypeError for another body.
    """
    _check(method, path)
    content_type, text, is_base64 = _encoded(body)
    headers = _with_added(headers or {}, content_type)
    path = quote(path, safe=_SAFE)
    resource, parameters = ("/{proxy+}", {"proxy": path[1:]}) if path != "/" else ("/", None)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method.upper(),
        **_single_and_multiple("headers", "multiValueHeaders", headers),
        **_single_and_multiple("queryStringParameters", "multiValueQueryStringParameters", query or {}),
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            **_request_context(method.upper(), path, resource),
            "identity": _identity(headers),
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def http_event(
    method: str, path: str, *, query: Values | None = None, headers: Values | None = None, body: object = None
) -> dict[str, Any]:
    """The event of a request to an HTTP API's route `$default`, payload 2.0, which a function URL sends too.

    Its shape is that of "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway". The rest is as in
    `rest_event`.
    """
    _check(method, path)
    content_type, text, is_base64 = _encoded(body)
    given = _with_added(headers or {}, content_type)
    sent = {name.lower(): ",".join(_texts(value)) for name, value in given.items() if name.lower() != "cookie"}
    cookies = [each for name, value in given.items() if name.lower() == "cookie" for each in _texts(value)]
    raw_query = urlencode([(name, text) for name, value in (query or {}).items() for text in _texts(value)])
    path = quote(path, safe=_SAFE)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": raw_query,
        **({"cookies": cookies} if cookies else {}),
        "headers": sent,
        **({"queryStringParameters": _joined(raw_query)} if raw_query else {}),
        "requestContext": _http_context(method.upper(), path, sent.get("user-agent", "")),
        **({} if text is None else {"body": text}),
        "isBase64Encoded": is_base64,
    }


def _check(method: str, path: str) -> None:
    if method.upper() not in METHODS:
        raise ValueError(f"{method!r} is not one of {', '.join(METHODS)}")
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"a path begins with / and has no query (pass it as `query=`): {path!r}")


def _texts(value: str | int | Sequence[str]) -> list[str]:
    return [str(each) for each in ([value] if isinstance(value, str | int) else value)]


def _joined(raw_query: str) -> dict[str, str]:
    """Payload 2.0 joins the values of a name with commas."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: ",".join(of_name) for name, of_name in values.items()}


def _http_context(method: str, path: str, user_agent: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "123456789012",
        "apiId": _API_ID,
        "domainName": _HOST,
        "domainPrefix": _API_ID,
        "http": {
            "method": method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": _SOURCE_IP,
            "userAgent": user_agent,
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _encoded(body: object) -> tuple[dict[str, str], str | None, bool]:
    """The headers that a body adds, its text in the event, and whether that is base64."""
    if isinstance(body, dict | list):
        return {"Content-Type": "application/json"}, json.dumps(body), False
    if isinstance(body, bytes):
        return {}, base64.b64encode(body).decode(), True
    if body is None or isinstance(body, str):
        return {}, body, False
    raise TypeError(f"a body is a dict, list, str, bytes or None, not {type(body).__name__}")


def _single_and_multiple(single: str, multiple: str, given: Values) -> dict[str, Any]:
    """The map of last values and the map of all values; null where there are none, as from API Gateway."""
    values = {name: _texts(value) for name, value in given.items()}
    every = {name: of_name for name, of_name in values.items() if of_name}
    return {single: {name: of_name[-1] for name, of_name in every.items()} or None, multiple: every or None}


def _with_added(given: Values, content_type: Mapping[str, str]) -> dict[str, str | int | Sequence[str]]:
    """The headers, and those that API Gateway adds; a given header of the same name, in any case, stays."""
    added = {"Host": _HOST, "X-Forwarded-For": _SOURCE_IP, "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
    names = {name.lower() for name in given}
    return {**{name: value for name, value in {**added, **content_type}.items() if name.lower() not in names}, **given}


def _identity(headers: Values) -> dict[str, Any]:
    """The caller: unknown to API Gateway, with the user agent of its headers."""
    unknown = (
        *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
        *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
    )
    user_agent = next((value for name, value in headers.items() if name.lower() == "user-agent"), None)
    return {**dict.fromkeys(unknown), "sourceIp": _SOURCE_IP, "userAgent": user_agent}


def _request_context(method: str, path: str, resource: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "123456789012",
        "apiId": _API_ID,
        "deploymentId": "d6e7f8",
        "domainName": _HOST,
        "domainPrefix": _API_ID,
        "extendedRequestId": "BcD1eFGHIAMEa0w=",
        "httpMethod": method,
        "path": f"/{_STAGE}{path}",
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "x7y8z9",
        "resourcePath": resource,
        "stage": _STAGE,
    }
