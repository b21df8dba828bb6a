"""A route gets a body as its client declares it, whatever bytes it holds; what is not as declared is a 4xx."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from pilotlight import Request, Routes
from pilotlight.bodies import parse_content_type
from pilotlight.entry import entry_point
from tests.support.events import MACHINE, Context, proxy_event

PDF = b"%PDF-1.7 plain bytes"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n'


def post(body: bytes | str, content_type: str | None, **headers: str) -> tuple[dict[str, Any], list[Request]]:
    """Send a body as API Gateway passes it on for binaryMediaTypes */*, and return what the route got, too."""
    seen: list[Request] = []
    routes = Routes()

    @routes.route("/it", "POST")
    def keep(request: Request) -> None:
        seen.append(request)

    encoded = isinstance(body, bytes)
    event = proxy_event(
        "POST",
        path="/it",
        headers={**({"Content-Type": content_type} if content_type else {}), **headers},
        body=base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        isBase64Encoded=encoded,
    )
    return entry_point(routes, machine=MACHINE)(event, Context()), seen


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/json", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("application/json; charset=utf-16", '{"a": 1}'.encode("utf-16"), {"a": 1}),
        ("application/problem+json", b"[1.5]", [1.5]),
        ("application/json", b" \r\n\t", None),
        ("text/plain", b"hello", "hello"),
        ("text/csv; charset=ISO-8859-1", b"\xe9", "\u00e9"),
        ("text/plain; charset=windows-1252", b"\x80", "\u20ac"),
        ('text/plain; charset="utf-8"', b"\xc3\xa9", "\u00e9"),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/javascript", b"f()", "f()"),
        ("application/x-www-form-urlencoded", b"a=1&b=%20", "a=1&b=%20"),
        ("application/octet-stream", b"hello", b"hello"),
        ("application/pdf", PDF, PDF),
        ("multipart/form-data; boundary=x", PART, PART),
        ("multipart/form-data; boundary=x; charset=utf-8", PART, PART),
        ('multipart/form-data; boundary="charset=x"', PART, PART),
        (None, b"hello", b"hello"),
        ("nonsense", b"hello", b"hello"),
        ("application/pdf", "text that API Gateway passed on as it is", b"text that API Gateway passed on as it is"),
    ],
)
def test_a_body_is_what_its_type_declares(content_type: str | None, body: bytes | str, expected: object) -> None:
    response, (request,) = post(body, content_type)
    assert response["statusCode"] == 204
    assert request.body == expected
    assert request.raw_body == (body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain; charset=punycode", b"a" * 500_000 + b"-" + b"a" * 60_000, 415),
        ("text/plain; charset=idna", b"a", 415),
        ("text/plain; charset=undefined", b"a", 415),
        ("text/plain; charset=utf-7", b"a", 415),
        ("text/plain; charset=\0", b"a", 415),
        ("text/plain; charset=\ud800", b"a", 415),
        ("application/json; charset=unknown", b"{}", 415),
        ("text/plain", b"\xff", 400),
        ("application/json", b'"\xff"', 400),
        ("application/json", b"1e999", 400),
        ("application/json", b"[-1e999]", 400),
        ("application/json", b"NaN", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"1" * 5000, 400),
    ],
)
def test_what_is_not_as_declared_is_the_clients_error(content_type: str, body: bytes, status: int) -> None:
    response, requests = post(body, content_type)
    assert (response["statusCode"], requests) == (status, [])


def test_a_body_with_an_encoding_is_not_guessed_at() -> None:
    response, requests = post(gzip.compress(b"{}"), "application/json", **{"Content-Encoding": "gzip"})
    assert (response["statusCode"], requests) == (415, [])
    assert response["headers"]["Accept-Encoding"] == "identity"
    assert post(b"{}", "application/json", **{"Content-Encoding": "identity"})[0]["statusCode"] == 204


def test_unknown_charsets_are_not_kept() -> None:
    """Python caches each codec that it looks for, found or not."""
    import encodings

    before = len(encodings._cache)
    for number in range(50):
        post(b"a", f"text/plain; charset=none-{number}")
    assert len(encodings._cache) == before


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Text/Plain", ("text/plain", {})),
        ("text/plain;charset=UTF-8", ("text/plain", {"charset": "UTF-8"})),
        ('a/b; x="1;2"; y=3', ("a/b", {"x": "1;2", "y": "3"})),
        ('a/b; x="say \\"hi\\""; CHARSET = utf-8', ("a/b", {"x": 'say "hi"', "charset": "utf-8"})),
        ('a/b; x="never closed', ("a/b", {"x": "never closed"})),
        ("a/b; charset=one; charset=two", ("a/b", {"charset": "one"})),
        ("a/b;;; =x; lonely", ("a/b", {"": "x"})),
        ("", ("", {})),
    ],
)
def test_media_type_parameters_are_parsed(header: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_content_type(header) == expected


def test_a_form_has_its_fields() -> None:
    _, (request,) = post(b"a=1&a=2&b=%C3%A9+x&c=", "application/x-www-form-urlencoded; charset=utf-8")
    assert request.form == {"a": "2", "b": "\u00e9 x", "c": ""}
    assert request.multi_value_form["a"] == ["1", "2"]
    assert post(b"a=1", "text/plain")[1][0].form == {}


def test_cookies_are_read_from_every_header() -> None:
    event = proxy_event(multiValueHeaders={"Cookie": ['a=1; b="two"; a=ignored', "c=x=y"]}, headers={"Cookie": "c=x=y"})
    assert Request(event, None).cookies == {"a": "1", "b": "two", "c": "x=y"}
    assert Request(proxy_event(headers={"Cookie": ";; =x; lonely"}), None).cookies == {}


def test_who_the_client_is_comes_from_api_gateway() -> None:
    context = {"identity": {"sourceIp": "203.0.113.7"}, "authorizer": {"claims": {"sub": "42"}}}
    request = Request(proxy_event(requestContext=context), None)
    assert request.identity["sourceIp"] == "203.0.113.7"
    assert request.authorizer == {"claims": {"sub": "42"}}
    strange: list[Any] = [None, [], {"authorizer": "x", "identity": None}]
    for odd in strange:
        request = Request(proxy_event(requestContext=odd), None)
        assert (request.authorizer, request.identity) == ({}, {})


@pytest.mark.parametrize("wanted", ["\u00e9", "X-A\tX-B", "X-A\r\nX-B: c", "\0"])
def test_an_odd_preflight_is_the_clients_error(wanted: str) -> None:
    routes = Routes()
    routes.route("/it")(lambda _: None)
    headers = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": wanted}
    response = entry_point(routes, machine=MACHINE)(proxy_event("OPTIONS", path="/it", headers=headers), Context())
    assert response["statusCode"] == 400
    assert json.loads(response["body"])["error"] == "bad request"
