"""Events of every kind, made up by hypothesis, against the real handler: `npm run fuzz -- --examples 200000`.

For each: an HTTP request gets a valid response, whatever it holds; it is never taken for a ping; there is exactly one
record of it; nothing but a payload that is not HTTP leaves the handler as an exception. A wrapped handler gets every
event but the warmer's ping, untouched, and its response goes out untouched. `npm test` runs a small fixed set.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotlight import Request, Response, Routes
from pilotlight.entry import entry_point
from pilotlight.environment import ExecutionEnvironment
from pilotlight.payloads import UnknownPayloadError
from pilotlight.ping import Ping, recognise
from pilotlight.wrapping import Options, wrap
from tests.support.events import MACHINE, Context

_SAMPLED = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1"
_PROGRESS_SECONDS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 0 where every example held, 1 where one did not, 130 for Ctrl-C."""
    parser = argparse.ArgumentParser(prog="npm run fuzz --", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--examples", type=int, default=2000, help="how many events (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.examples < 1:
        parser.error("--examples must be at least 1")
    try:
        counted = fuzz(options.examples)
    except KeyboardInterrupt:
        return 130
    except AssertionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(", ".join(f"{number} {kind}" for kind, number in sorted(counted.items())))
    return 0


def fuzz(examples: int, *, fixed: bool = False) -> dict[str, int]:
    """Try so many events and return how many of each kind there were. Raises AssertionError for one that fails."""
    counted: dict[str, int] = {}
    began = shown = time.monotonic()
    logging.getLogger("pilotlight").setLevel(logging.CRITICAL)

    with _environment() as records:
        handler = entry_point(_routes(), machine=MACHINE)

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=fixed,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(event=_events())
        def check(event: Any) -> None:
            nonlocal shown
            kind = _check(handler, event, records)
            _check_wrapped(event, records)
            counted[kind] = counted.get(kind, 0) + 1
            if time.monotonic() - shown > _PROGRESS_SECONDS:
                shown = time.monotonic()
                print(f"{sum(counted.values())} events in {shown - began:.0f} s …", file=sys.stderr)

        check()
    return counted


def _check(handler: Any, event: Any, records: socket.socket) -> str:
    is_rest = isinstance(event, dict) and "httpMethod" in event
    is_http = is_rest or (isinstance(event, dict) and isinstance(event.get("requestContext"), dict))
    try:
        response = handler(event, Context())
    except UnknownPayloadError:
        assert not is_rest, f"a request raised: {event!r:.500}"
        return "refused"
    found = [json.loads(each.partition(b"\n")[2]) for each in _received(records)]
    if not is_http:
        assert all(record["annotations"]["kind"] == "ping" for record in found), "what is not HTTP is a ping"
        return "pings"
    assert [record["annotations"]["kind"] for record in found] == ["request"], f"{len(found)} records of {event!r:.500}"
    _check_response(response)
    assert response["statusCode"] < 500 or event.get("_may_fail"), f"a client provoked a 5xx: {event!r:.500}"
    return "requests"


def _check_wrapped(event: Any, records: socket.socket) -> None:
    before, response = repr(event), {"statusCode": 200}
    seen: list[object] = []

    def handler(given: object, _: object) -> object:
        seen.append(given)
        return response

    returned = wrap(handler, Options(), ExecutionEnvironment(), MACHINE)(event, Context())
    kinds = [json.loads(each.partition(b"\n")[2])["annotations"]["kind"] for each in _received(records)]
    if isinstance(recognise(event), Ping):
        assert (seen, kinds) == ([], ["ping"]), f"a ping was not answered: {event!r:.500}"
        return
    assert returned is response, f"a response was changed: {event!r:.500}"
    assert [id(each) for each in seen] == [id(event)], f"an event did not reach the handler: {event!r:.500}"
    assert repr(event) == before, f"an event was changed: {event!r:.500}"
    assert kinds in ([], ["request"]), f"{len(kinds)} records of {event!r:.500}"


def _check_response(response: Any) -> None:
    json.dumps(response, allow_nan=False).encode()
    assert isinstance(response["statusCode"], int)
    assert 200 <= response["statusCode"] <= 599
    assert isinstance(response["body"], str)
    assert isinstance(response["isBase64Encoded"], bool)
    if response["isBase64Encoded"]:
        base64.b64decode(response["body"], validate=True)
    for name, value in response["headers"].items():
        assert isinstance(value, str), name
        assert (name + value).isascii(), name
        assert (name + value).isprintable(), name


def _routes() -> Routes:
    routes = Routes(["https://shop.example", "https://admin.example"], allow_credentials=True)

    @routes.route("/")
    @routes.route("/caf\u00e9")
    @routes.route("/items/{id}")
    @routes.route("/files/{rest+}")
    def echo(request: Request) -> Response:
        parts = [request.path_parameters, request.query, request.multi_value_query, dict(request.headers)]
        body = request.body if not isinstance(request.body, bytes) else request.body.hex()
        return Response([*parts, body, request.cookies, request.form, request.identity, request.authorizer])

    return routes


@contextmanager
def _environment() -> Iterator[socket.socket]:
    """A daemon's socket for records, and a sampled trace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as records:
        records.bind(("127.0.0.1", 0))
        records.setblocking(False)
        records.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        before = dict(os.environ)
        os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{records.getsockname()[1]}"
        os.environ["_X_AMZN_TRACE_ID"] = _SAMPLED
        os.environ["IS_LOCAL"] = "true"  # no metrics on standard output
        try:
            yield records
        finally:
            os.environ.clear()
            os.environ.update(before)


def _received(records: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(records.recv(1 << 16))
        except BlockingIOError:
            return found


_text = st.text(max_size=12) | st.sampled_from(["\ud800", "\0", "%", "%2F", "%ff", "é", "*", "../..", "a" * 3000, ""])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_header_names = st.sampled_from(
    [
        "Content-Type",
        "content-encoding",
        "Cookie",
        "Origin",
        "Access-Control-Request-Method",
        "access-control-request-headers",
        "Host",
        "X-A",
    ]
)
_header_values = _text | st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-16",
        "text/plain; charset=punycode",
        'multipart/form-data; boundary="charset=x"',
        "application/x-www-form-urlencoded",
        "https://shop.example",
        "null",
        "a=1; b=2;;=",
        "PUT",
        "gzip",
    ]
)
_bodies = (
    st.sampled_from([None, "", "{}", "1e999", "[[[", '{"a": NaN}', "a=1&a=%ff", "\ud800", "e30=", "====", 5]) | _text
)
_paths = (
    st.sampled_from(["/", "/items/7", "/items/a%2Fb", "/caf%C3%A9", "/files/a/b/", "/base/items/7", "//", "items"])
    | _text
)


def _events() -> st.SearchStrategy[Any]:
    """REST proxy events, payloads 2.0, pings, other payloads, and anything else that JSON can hold."""
    methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "get", "BREW"]) | _values
    headers = st.dictionaries(_header_names, _header_values, max_size=4) | _values
    several = st.dictionaries(_header_names, st.lists(_header_values, max_size=3), max_size=3) | _values
    rest = st.fixed_dictionaries(
        {"httpMethod": methods, "path": _paths | _values},
        optional={
            "resource": st.sampled_from(["/", "/{proxy+}", "/items/{id}"]) | _values,
            "pathParameters": st.dictionaries(st.sampled_from(["proxy", "id"]), _text, max_size=2) | _values,
            "headers": headers,
            "multiValueHeaders": several,
            "queryStringParameters": st.dictionaries(_text, _text, max_size=3) | _values,
            "multiValueQueryStringParameters": st.dictionaries(_text, st.lists(_text, max_size=3), max_size=3)
            | _values,
            "requestContext": st.dictionaries(
                st.sampled_from(["identity", "authorizer", "path", "domainName"]), _values
            ),
            "body": _bodies | _values,
            "isBase64Encoded": st.booleans() | _values,
            "pilotlight": _values,
        },
    )
    http = st.fixed_dictionaries({"method": methods}, optional={"sourceIp": _values, "userAgent": _values})
    version_2 = st.fixed_dictionaries(
        {"version": st.just("2.0"), "requestContext": st.fixed_dictionaries({"http": http}, optional={"stage": _text})},
        optional={
            "rawPath": _paths | _values,
            "rawQueryString": _text | _values,
            "headers": headers,
            "cookies": st.lists(_text, max_size=3) | _values,
            "body": _bodies | _values,
            "isBase64Encoded": st.booleans(),
            "routeKey": st.sampled_from(["$default", "GET /items/{id}"]) | _values,
            "pathParameters": _values,
        },
    )
    ping = st.fixed_dictionaries(
        {
            "pilotlight": st.fixed_dictionaries(
                {"ping": _text, "index": st.integers(-1, 3), "of": st.integers(-1, 3), "hold_until": st.just(0)}
            )
        }
    )
    return rest | version_2 | ping | st.dictionaries(_text, _values, max_size=3) | _values


if __name__ == "__main__":
    sys.exit(main())
