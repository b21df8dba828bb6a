"""Test routes in this process, without a network: with the events, the context and the responses of Lambda.

    from pilotlight.testing import client

    response = client(routes).get("/hello", query={"name": "marie"})
    assert (response.status, response.json()["query"]) == (200, {"name": "marie"})

The deployed package does not contain this module.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

from pilotlight.entry import entry_point
from pilotlight.proxy import Headers
from pilotlight.routing import METHODS, Routes

Values = Mapping[str, str | int | Sequence[str]]
"""Each name with its value, or with the list of values of a name that is sent several times."""
_API_ID = "a1b2c3d4e5"
_HOST = f"{_API_ID}.execute-api.us-east-1.amazonaws.com"
_STAGE = "test"
_SOURCE_IP = "203.0.113.7"


class Sent(TypedDict, total=False):
    """What a request of a `Client` may carry; `body` and `json` exclude each other."""

    query: Values
    headers: Values
    body: object
    json: object


def event(
    method: str, path: str, *, query: Values | None = None, headers: Values | None = None, body: object = None
) -> dict[str, Any]:
    """The REST proxy event of a request, as the catch-all `/{proxy+}` of serverless.yml receives it.

    Its shape is that of "Set up Lambda proxy integrations in API Gateway", "Input format of a Lambda function for proxy
    integration". `path` has no query; it is percent-encoded where it is not yet. `body`: a dict or list is sent as
    JSON with its Content-Type, bytes as base64, a str as it is. Raises ValueError for a method or path that API Gateway
    does not know, TypeError for another body.
    """
    if method.upper() not in METHODS:
        raise ValueError(f"{method!r} is not one of {', '.join(METHODS)}")
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"a path begins with / and has no query (pass it as `query=`): {path!r}")
    content_type, text, is_base64 = _encoded(body)
    headers = _with_added(headers or {}, content_type)
    path = quote(path, safe="/%:@!$&'()*+,;=~")
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


class Context:
    """The context object of one invocation, with its remaining time counting down.

    Its properties are those of "Using the Lambda context object to retrieve Python function information"; the memory
    is a str, as in Lambda's runtime.
    """

    def __init__(
        self,
        aws_request_id: str | None = None,
        *,
        function_name: str = "test-api",
        memory_mb: int = 512,
        timeout_seconds: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.aws_request_id = aws_request_id or str(uuid.uuid4())
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.memory_limit_in_mb = str(memory_mb)
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context: Any = None
        self.tenant_id: str | None = None
        self._clock = clock
        self._deadline = clock() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the function's timeout, never below 0."""
        return max(0, int((self._deadline - self._clock()) * 1000))


class Response:
    """The response to the client: the `status`, the `headers` by a name of any case, and the `body` in bytes.

    `headers` holds the last value of each name, `multi_value_headers` all of them by the name in lower case.
    """

    def __init__(self, returned: Mapping[str, Any]) -> None:
        self.status: int = returned["statusCode"]
        every = {name.lower(): [value] for name, value in (returned.get("headers") or {}).items()}
        multiple = {name.lower(): list(values) for name, values in (returned.get("multiValueHeaders") or {}).items()}
        self.multi_value_headers: dict[str, list[str]] = every | multiple
        self.headers = Headers({name: values[-1] for name, values in self.multi_value_headers.items() if values})
        text: str = returned.get("body") or ""
        self.body = base64.b64decode(text, validate=True) if returned.get("isBase64Encoded") else text.encode()

    @property
    def text(self) -> str:
        """The body as text; UnicodeDecodeError where it is not UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body parsed as JSON; ValueError where it is not JSON."""
        return json.loads(self.body)


class Client:
    """Sends requests to a handler; each is an invocation of the same execution environment."""

    def __init__(self, handler: Callable[[Any, Any], Any]) -> None:
        self._handler = handler

    def request(self, method: str, path: str, **sent: Unpack[Sent]) -> Response:
        """The response to `method` at `path`, with the `query`, `headers` and `body`, or `json`, of the request.

        Event and response pass through JSON as on Lambda. Raises ValueError where the handler returned no response, and
        TypeError where it cannot be JSON: API Gateway would return 502. An exception of the handler is raised as it is.
        """
        proxy_event = json.loads(json.dumps(event(method, path, **_as_event_takes_it(sent))))
        returned = self._handler(proxy_event, Context())
        if not isinstance(returned, dict) or type(returned.get("statusCode")) is not int:
            raise ValueError(f"the handler returned no REST proxy response, API Gateway would return 502: {returned!r}")
        return Response(json.loads(json.dumps(returned)))

    def get(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with GET."""
        return self.request("GET", path, **sent)

    def head(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with HEAD."""
        return self.request("HEAD", path, **sent)

    def options(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with OPTIONS."""
        return self.request("OPTIONS", path, **sent)

    def post(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with POST."""
        return self.request("POST", path, **sent)

    def put(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with PUT."""
        return self.request("PUT", path, **sent)

    def patch(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with PATCH."""
        return self.request("PATCH", path, **sent)

    def delete(self, path: str, **sent: Unpack[Sent]) -> Response:
        """`request` with DELETE."""
        return self.request("DELETE", path, **sent)


def client(target: Routes | Callable[[Any, Any], Any]) -> Client:
    """A client of these routes, behind their real entry point, or of a handler function."""
    return Client(entry_point(target) if isinstance(target, Routes) else target)


def _as_event_takes_it(sent: Sent) -> dict[str, Any]:
    taken: dict[str, Any] = {name: value for name, value in sent.items() if name != "json"}
    if "json" not in sent:
        return taken
    if "body" in sent:
        raise ValueError("a request has one body: give `body` or `json`")
    headers = sent.get("headers") or {}
    declared = any(name.lower() == "content-type" for name in headers)
    content_type = {} if declared else {"Content-Type": "application/json"}
    return {**taken, "headers": {**headers, **content_type}, "body": json.dumps(sent["json"])}


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
    values = {
        name: [str(each) for each in ([value] if isinstance(value, str | int) else value)]
        for name, value in given.items()
    }
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
