"""Paths and methods find their function, the more literal path first; an impossible route is refused at once."""

from __future__ import annotations

import pytest

from pilotlight.proxy import HttpError, Request
from pilotlight.routing import Routes
from tests.support.events import Context, proxy_event


def routes_of(*paths: str) -> Routes:
    routes = Routes()
    for path in paths:
        routes.route(path, "GET")(lambda _, path=path: path)  # type: ignore[misc]
    return routes


@pytest.mark.parametrize(
    ("path", "route", "parameters"),
    [
        ("/items", "/items", {}),
        ("/items/", "/items", {}),
        ("/items/7", "/items/{id}", {"id": "7"}),
        ("/items/7/", "/items/{id}", {"id": "7"}),
        ("/items/mine", "/items/mine", {}),
        ("/items/a%2Fb%20c", "/items/{id}", {"id": "a/b c"}),
        ("/items/7/parts", "/items/{id}/parts", {"id": "7"}),
        ("/files/a/b/c.txt", "/files/{rest+}", {"rest": "a/b/c.txt"}),
        ("/", "/", {}),
    ],
)
def test_a_path_finds_its_route(path: str, route: str, parameters: dict[str, str]) -> None:
    routes = routes_of("/files/{rest+}", "/items/{id}", "/items/{id}/parts", "/items/mine", "/items", "/")
    endpoint = routes.find(path)
    assert (endpoint.route, endpoint.parameters) == (route, parameters)


@pytest.mark.parametrize("path", ["/item", "/items/7/8", "/files", "/files/", "//", "/items//parts"])
def test_a_path_without_a_route_is_404(path: str) -> None:
    with pytest.raises(HttpError) as caught:
        routes_of("/files/{rest+}", "/items/{id}", "/items/{id}/parts").find(path)
    assert caught.value.status == 404


def test_the_more_literal_route_wins_whatever_the_order() -> None:
    for paths in (("/a/{b}", "/a/{rest+}", "/{x}/c"), ("/{x}/c", "/a/{rest+}", "/a/{b}")):
        assert routes_of(*paths).find("/a/c").route == "/a/{b}"


def test_methods_of_one_path_may_be_added_one_by_one() -> None:
    routes = routes_of("/items/{id}")
    routes.route("/items/{id}", "PUT")(lambda _: "put")
    assert routes.find("/items/7").allow == "GET, HEAD, PUT, OPTIONS"


@pytest.mark.parametrize(
    "path", ["items", "/items/", "", "/a{b}", "/{a", "/{a b}", "/{rest+}/more", "/{a}/{a}", "/{}", "/{a}}"]
)
def test_a_path_that_can_never_match_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Routes().route(path)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="FETCH"):
        Routes().route("/a", "FETCH")


def test_a_route_that_is_taken_is_refused() -> None:
    routes = routes_of("/a", "/b/{id}")
    with pytest.raises(ValueError, match="has a route already"):
        routes.route("/a", "GET")(lambda _: None)
    with pytest.raises(ValueError, match="same paths"):
        routes.route("/b/{name}", "GET")


@pytest.mark.parametrize(
    ("path", "resource", "parameters", "expected"),
    [
        ("/v1/items/7", "/{proxy+}", {"proxy": "items/7"}, "/items/7"),
        ("/v1/items/7", "/items/{id}", {"id": "7"}, "/items/7"),
        ("/v1/hello", "/hello", None, "/hello"),
        ("/items/7", "/hello", None, "/items/7"),
        ("/items/7", None, None, "/items/7"),
    ],
)
def test_a_base_path_mapping_does_not_hide_the_route(
    path: str, resource: str | None, parameters: dict[str, str] | None, expected: str
) -> None:
    request = Request(proxy_event(path=path, resource=resource, pathParameters=parameters), Context())
    assert (request.route_path, request.path) == (expected, path)


def test_headers_are_found_in_any_case_and_values_are_kept() -> None:
    event = proxy_event(
        headers={"X-Tag": "b"},
        multiValueHeaders={"X-Tag": ["a", "b"], "X-Only": ["c"]},
        multiValueQueryStringParameters={"tag": ["1", "2"]},
    )
    request = Request(event, Context())
    assert (request.headers["x-TAG"], request.headers.get("X-only"), "x-none" in request.headers) == ("b", "c", False)
    assert request.multi_value_headers["x-tag"] == ["a", "b"]
    assert (request.query, request.multi_value_query) == ({"tag": "2"}, {"tag": ["1", "2"]})
