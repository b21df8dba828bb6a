"""Test routes in this process, without a network: with the events, the context and the responses of Lambda.

    from pilotlight.testing import client

    response = client(routes).get("/hello", query={"name": "marie"})
    assert (response.status, response.json()["query"]) == (200, {"name": "marie"})

For a handler of any framework, `ping` tests that it replies to the warmer:

    from pilotlight.testing import ping

    assert ping(handler)["notes"] == []

Pilotlight's own project does not deploy this module.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from pilotlight.entry import entry_point
from pilotlight.events import Values
from pilotlight.events import http_event as http_event
from pilotlight.events import rest_event as rest_event
from pilotlight.ping import KEY, Ping
from pilotlight.proxy import Headers
from pilotlight.routing import Routes
from pilotlight.warming.replies import read_reply

if TYPE_CHECKING:
    from pilotlight.ping import PingReply


class Sent(TypedDict, total=False):
    """What a request of a `Client` may carry; `body` and `json` exclude each other."""

    query: Values
    headers: Values
    body: object
    json: object


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
        proxy_event = json.loads(json.dumps(rest_event(method, path, **_as_event_takes_it(sent))))
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


def ping(handler: Callable[[Any, Any], Any], context: Any = None) -> PingReply:
    """Send the warmer's ping to a handler, and return its reply: its `start`, `prewarm_ms`, `notes` and the rest.

    The ping is not held. Raises AssertionError with what to write where the handler does not reply; an exception of the
    handler is raised as it is.
    """
    sent = Ping(uuid.uuid4().hex, 0, 1, hold_until=0.0)
    returned = handler(json.loads(json.dumps(sent.event())), context or Context())
    reply = read_reply(json.loads(json.dumps(returned, default=repr)), sent.identity)
    if reply is None:
        raise AssertionError(
            f"the handler did not reply to the ping but returned {returned!r}: wrap it, as in "
            f"`from pilotlight import warmable` and `handler = warmable(handler)` (a reply has the key {KEY!r})"
        )
    return reply


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
