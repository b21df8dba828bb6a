"""A route's own headers: what HTTP allows is sent once and whole, anything else is an error that names the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from pilotlight.proxy import RESPONSE_LIMIT_BYTES, Response, render


def rendered(headers: dict[str, Any], body: object = "x", status: int = 200, *, head: bool = False) -> dict[str, Any]:
    cors = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Request-Id"}
    return render(Response(body, status, headers), request_id="request-1", cors=cors, head=head)


@pytest.mark.parametrize(
    ("value", "sent"), [("a", "a"), (7, "7"), (["a"], "a"), (("a",), "a"), ("", ""), ('a; b="c"', 'a; b="c"')]
)
def test_a_value_is_text_or_a_number(value: Any, sent: str) -> None:
    assert rendered({"X-A": value})["headers"]["X-A"] == sent


@pytest.mark.parametrize("value", [b"a", None, 1.5, True, {"a": 1}, {"a"}, [b"a"], [None], object()])
def test_another_value_is_a_clear_error(value: Any) -> None:
    with pytest.raises(TypeError, match="header 'X-A' must be a str, an int or a list of them"):
        rendered({"X-A": value})


@pytest.mark.parametrize("value", ["a\tb", "a\r\nX-B: c", "\0", "\x7f"])
def test_what_http_does_not_allow_is_a_clear_error(value: str) -> None:
    with pytest.raises(ValueError, match="a value that HTTP does not allow"):
        rendered({"X-A": value})


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X-\u00e9", "X\n", "X(A)"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="is not a header name"):
        rendered({name: "a"})


def test_a_file_name_that_is_not_ascii_has_a_way() -> None:
    """RFC 5987, and RFC 6266 for Content-Disposition."""
    with pytest.raises(ValueError, match="RFC 5987"):
        rendered({"Content-Disposition": 'attachment; filename="na\u00efve.pdf"'})
    value = "attachment; filename*=UTF-8''" + quote("na\u00efve.pdf")
    assert rendered({"Content-Disposition": value})["headers"]["Content-Disposition"] == value


def test_a_name_in_two_cases_is_one_header() -> None:
    response = rendered({"X-A": "1", "x-a": "2", "content-type": "text/html"})
    assert {name.lower(): value for name, value in response["headers"].items() if name.lower() == "x-a"} == {"x-a": "2"}
    assert [name for name in response["headers"] if name.lower() == "content-type"] == ["content-type"]
    assert "multiValueHeaders" not in response
    several = rendered({"X-A": ["1", "2"], "x-a": "3"})
    assert (several["headers"]["x-a"], several.get("multiValueHeaders")) == ("3", None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Set-Cookie": ["a=1", "b=2"]},
        {"Set-Cookie": "a=1", "set-cookie": "b=2"},
        {"Set-Cookie": ["a=1"], "SET-COOKIE": ["b=2"]},
    ],
)
def test_every_cookie_is_set(headers: dict[str, Any]) -> None:
    response = rendered(headers)
    ((_, values),) = response["multiValueHeaders"].items()
    assert values == ["a=1", "b=2"]
    assert not [name for name in response["headers"] if name.lower() == "set-cookie"]


def test_exposed_headers_are_added_to_ours() -> None:
    response = rendered({"access-control-expose-headers": "X-Total"})
    assert response["headers"]["access-control-expose-headers"] == "X-Request-Id, X-Total"


def test_a_routes_content_length_is_dropped() -> None:
    """Of a wrong one, the client would wait for the rest."""
    assert not [name for name in rendered({"content-length": 10})["headers"] if name.lower() == "content-length"]


@pytest.mark.parametrize("status", [200, 204])
def test_headers_count_towards_the_limit(status: int) -> None:
    """ "Lambda quotas": the whole response, also where it has no body."""
    with pytest.raises(ValueError, match="Lambda's limit"):
        rendered({"X-A": "a" * RESPONSE_LIMIT_BYTES}, status=status)
    with pytest.raises(ValueError, match="Lambda's limit"):
        rendered({"X-A": "a" * RESPONSE_LIMIT_BYTES}, head=True)
    assert rendered({"X-A": "a" * 1000}, body="x" * (RESPONSE_LIMIT_BYTES - 2000))["statusCode"] == 200


def test_a_response_is_data_for_its_client_alone() -> None:
    """Unless the route says otherwise."""
    ours = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    assert ours.items() <= rendered({})["headers"].items()
    cached = rendered({"cache-control": "max-age=60"})["headers"]
    assert cached["cache-control"] == "max-age=60"
    assert "Cache-Control" not in cached
