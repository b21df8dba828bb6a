"""The largest inputs that a client can send are served or refused, and none holds the environment for long.

No time is asserted: a search that grows with the square of these inputs would run into the test's own timeout.
docs/reliability.md has the times.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pilotlight import Request, Routes
from pilotlight.entry import entry_point
from pilotlight.payloads import UnknownPayloadError
from tests.support.events import MACHINE, Context, proxy_event

JSON = {"Content-Type": "application/json"}
LARGEST = 4_400_000
"""Bytes: with base64, about Lambda's 6 MB for a request."""


def many(number: int) -> dict[str, str]:
    return {f"name-{index}": "value" for index in range(number)}


def encoded(body: bytes) -> dict[str, Any]:
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True, "headers": JSON}


INPUTS: dict[str, tuple[dict[str, Any], int]] = {
    "a path of 5 MB": ({"path": "/" + "%" * 5_000_000}, 414),
    "a path of slashes": ({"path": "/" * 16_000}, 404),
    "10,000 headers": ({"headers": many(10_000)}, 200),
    "a header of 1 MB": ({"headers": {"X-A": "a" * 1_000_000}}, 200),
    "100,000 query parameters": ({"queryStringParameters": many(100_000)}, 200),
    "cookies of 1 MB": ({"multiValueHeaders": {"Cookie": ["a=b; " * 200_000]}}, 200),
    "a body of 4 MB": (encoded(b'"' + b"a" * LARGEST + b'"'), 200),
    "a body of lists": (encoded(b"[" + b"[]," * (LARGEST // 3) + b"[]]"), 200),
    "a nested body": (encoded(b"[" * LARGEST), 400),
    "a number of 4 MB": (encoded(b"1" * LARGEST), 400),
    "a content type of 1 MB": ({"body": "x", "headers": {"Content-Type": 'a/b; c="' + "\\\\" * 500_000}}, 200),
    "parameters that name each other": ({"pathParameters": {f"p{n}": f"{{p{n + 1}}}" * 2 for n in range(22)}}, 200),
}


@pytest.mark.parametrize("name", INPUTS)
def test_the_largest_requests_are_served_or_refused(name: str) -> None:
    changes, status = INPUTS[name]
    routes = Routes()

    @routes.route("/it")
    def read(request: Request) -> dict[str, int]:
        return {"read": len(request.query) + len(request.cookies) + len(request.headers)}

    event = {**proxy_event("POST", path="/it"), **changes}
    assert entry_point(routes, machine=MACHINE)(event, Context())["statusCode"] == status


def test_a_long_list_of_a_peers_pings_is_none() -> None:
    with pytest.raises(UnknownPayloadError):
        entry_point(Routes(), machine=MACHINE)([{"warmer": True}] * 1_000_000, Context())
