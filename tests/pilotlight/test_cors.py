"""CORS headers that browsers accept: tests/end_to_end/test_cors.py tries them in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pilotlight import HttpError, Request, Response, Routes
from pilotlight.entry import entry_point
from tests.support.events import MACHINE, Context, proxy_event

SHOP, ADMIN = "https://shop.example", "https://admin.example:8443"


def headers_for(routes: Routes, origin: Any, path: str = "/it", method: str = "GET", **more: str) -> dict[str, str]:
    routes.route("/it")(lambda _: {"fine": True})
    headers = {**({} if origin is None else {"oRIGIN": origin}), **more}
    response = entry_point(routes, machine=MACHINE)(proxy_event(method, path=path, headers=headers), Context())
    found: dict[str, str] = response["headers"]
    return found


def test_every_page_may_read_by_default() -> None:
    headers = headers_for(Routes(), SHOP)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in headers


@pytest.mark.parametrize("origins", [[SHOP, ADMIN], f"{SHOP}, {ADMIN}", lambda origin: origin in (SHOP, ADMIN)])
@pytest.mark.parametrize("path", ["/it", "/nowhere"])
def test_one_of_several_origins_is_named_to_its_page(origins: Any, path: str) -> None:
    """Errors too: a script must be able to read why."""
    for origin in (SHOP, ADMIN):
        headers = headers_for(Routes(origins), origin, path)
        assert (headers["Access-Control-Allow-Origin"], headers["Vary"]) == (origin, "Origin")
        assert headers["Access-Control-Expose-Headers"] == "X-Request-Id"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", None, "https://shop.example\r\nX: y", "\u00e9", 5]
)
def test_another_page_gets_no_cors_headers(origin: Any) -> None:
    headers = headers_for(Routes([SHOP, ADMIN]), origin)
    assert not [name for name in headers if name.startswith("Access-Control-")]
    assert headers["Vary"] == "Origin", "a cache must not give this response to a page that may read it"


def test_a_predicate_never_sees_what_no_header_may_hold() -> None:
    def unreached(_: str) -> bool:
        raise AssertionError

    for origin in ("https://a\r\nb", "\u00e9", "x" * 1000):
        assert headers_for(Routes(unreached), origin)["Vary"] == "Origin"


def test_a_predicate_that_fails_is_a_500_without_cors() -> None:
    def broken(_: str) -> bool:
        raise KeyError("no table")

    routes = Routes(broken)
    routes.route("/it")(lambda _: None)
    response = entry_point(routes, machine=MACHINE)(proxy_event(path="/it", headers={"Origin": SHOP}), Context())
    assert response["statusCode"] == 500
    assert "Access-Control-Allow-Origin" not in response["headers"]


def test_one_origin_is_fixed() -> None:
    assert headers_for(Routes(SHOP), "https://evil.example")["Access-Control-Allow-Origin"] == SHOP


def test_credentials_are_allowed_to_named_origins() -> None:
    headers = headers_for(Routes([SHOP, ADMIN], allow_credentials=True), SHOP)
    assert headers["Access-Control-Allow-Credentials"] == "true"
    with pytest.raises(ValueError, match="browsers refuse credentials"):
        Routes("*", allow_credentials=True)


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://", "https://\u00e9.example", ""])
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="an origin is a scheme and a host"):
        Routes([SHOP, origin])


@pytest.mark.parametrize("origins", [[SHOP, "*"], f"*, {SHOP}", ["*", "*"]])
def test_every_page_is_named_alone(origins: str | list[str]) -> None:
    with pytest.raises(ValueError, match='"\\*" in `allow_origin` is every page'):
        Routes(origins)


def test_exposed_headers_are_added_to_ours() -> None:
    assert headers_for(Routes(expose_headers=["X-Total"]), SHOP)["Access-Control-Expose-Headers"] == (
        "X-Request-Id, X-Total"
    )


def test_the_stages_origins_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLIGHT_CORS_ORIGINS", f"{SHOP},{ADMIN}")
    assert headers_for(Routes(), ADMIN)["Access-Control-Allow-Origin"] == ADMIN
    assert headers_for(Routes("*"), ADMIN)["Access-Control-Allow-Origin"] == "*"


def test_a_routes_own_vary_is_added_to() -> None:
    routes = Routes([SHOP, ADMIN])
    routes.route("/v")(lambda _: Response({}, headers={"vary": "Accept"}))
    assert headers_for(routes, SHOP, "/v")["vary"] == "Origin, Accept"


ASKED = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a, content-type"}


def test_a_preflight_gets_what_it_asks_for() -> None:
    headers = headers_for(Routes([SHOP, ADMIN], allow_credentials=True), SHOP, method="OPTIONS", **ASKED)
    assert headers["Access-Control-Allow-Headers"] == "x-a, content-type"
    assert "PUT" in headers["Access-Control-Allow-Methods"]
    assert (headers["Access-Control-Allow-Origin"], headers["Access-Control-Allow-Credentials"]) == (SHOP, "true")


@pytest.mark.parametrize("methods", [("OPTIONS",), ("GET", "options")])
def test_an_options_route_of_ones_own_wins(methods: tuple[str, ...]) -> None:
    routes = Routes()
    own: Callable[[Request], Response] = lambda _: Response("mine", headers={"Access-Control-Max-Age": "5"})  # noqa: E731
    routes.route("/own", *methods)(own)
    assert headers_for(routes, SHOP, "/own", "OPTIONS", **ASKED)["Access-Control-Max-Age"] == "5"


def test_an_error_of_a_route_is_readable() -> None:
    routes = Routes([SHOP, ADMIN])

    @routes.route("/no")
    def refuse(_: Request) -> None:
        raise HttpError(409, "taken")

    assert headers_for(routes, SHOP, "/no")["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize(("path", "asked"), [("/nowhere", "PUT"), ("/only", "PUT"), ("/only", "GET")])
def test_a_preflight_lets_a_script_read_the_error_that_comes(path: str, asked: str) -> None:
    """A browser that may not send the request hides its 404 or 405 from the script."""
    routes = Routes()
    routes.route("/only", "GET")(lambda _: None)
    headers = headers_for(routes, SHOP, path, "OPTIONS", **{"Access-Control-Request-Method": asked})
    assert asked in headers["Access-Control-Allow-Methods"].split(", ")


def test_options_without_a_preflight_says_what_the_path_allows() -> None:
    routes = Routes()
    routes.route("/only", "GET")(lambda _: None)
    assert headers_for(routes, None, "/only", "OPTIONS")["Allow"] == "GET, HEAD, OPTIONS"
