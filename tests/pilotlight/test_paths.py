"""A path finds its route with a base path mapping and without, encoded or not, and no value is decoded twice."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight import HttpError, Request, Routes
from tests.support.events import proxy_event

PATHS = ["/", "/contexts", "/contexts/{id}", "/files/{rest+}", "/caf\u00e9", "/my path", "/@me", "/a/b"]


@pytest.fixture
def routes() -> Routes:
    routes = Routes()
    for path in PATHS:
        routes.route(path)(lambda _: None)
    return routes


def find(routes: Routes, path: str, resource: str, parameters: dict[str, str] | None) -> tuple[str, dict[str, str]]:
    event = proxy_event(path=path, resource=resource, pathParameters=parameters)
    endpoint = routes.find(Request(event, None).route_path)
    return endpoint.route, endpoint.parameters


CASES: list[tuple[str, str, dict[str, str] | None, str, dict[str, str]]] = [
    ("", "/", None, "/", {}),
    ("/", "/", None, "/", {}),
    ("/contexts", "/contexts", None, "/contexts", {}),
    ("/contexts/", "/contexts", None, "/contexts", {}),
    ("/contexts", "/{proxy+}", {"proxy": "contexts"}, "/contexts", {}),
    ("/contexts/7", "/{proxy+}", {"proxy": "contexts/7"}, "/contexts/{id}", {"id": "7"}),
    ("/contexts/7/", "/{proxy+}", {"proxy": "contexts/7"}, "/contexts/{id}", {"id": "7"}),
    ("/contexts/7", "/contexts/{id}", {"id": "7"}, "/contexts/{id}", {"id": "7"}),
    ("/contexts/a b", "/{proxy+}", {"proxy": "contexts/a%20b"}, "/contexts/{id}", {"id": "a b"}),
    ("/contexts/a%20b", "/{proxy+}", {"proxy": "contexts/a b"}, "/contexts/{id}", {"id": "a b"}),
    ("/contexts/a%2Fb", "/{proxy+}", {"proxy": "contexts/a%2Fb"}, "/contexts/{id}", {"id": "a/b"}),
    ("/contexts/100%2525", "/contexts/{id}", {"id": "100%25"}, "/contexts/{id}", {"id": "100%25"}),
    ("/files/a/b/", "/files/{rest+}", {"rest": "a/b"}, "/files/{rest+}", {"rest": "a/b"}),
    ("/caf%C3%A9", "/{proxy+}", {"proxy": "caf\u00e9"}, "/caf\u00e9", {}),
    ("/my%20path", "/{proxy+}", {"proxy": "my path"}, "/my path", {}),
    ("/%40me", "/{proxy+}", {"proxy": "@me"}, "/@me", {}),
    ("/@me", "/{proxy+}", {"proxy": "@me"}, "/@me", {}),
]


@pytest.mark.parametrize("base", ["", "/base", "/base/v1"])
@pytest.mark.parametrize(("path", "resource", "parameters", "route", "found"), CASES)
def test_a_base_path_mapping_makes_no_difference(
    routes: Routes,
    base: str,
    path: str,
    resource: str,
    parameters: dict[str, str] | None,
    route: str,
    found: dict[str, str],
) -> None:
    """API Gateway leaves the mapping in `path`; `resource` and `pathParameters` are the API's own."""
    assert find(routes, base + path or "/", resource, parameters) == (route, found)


@pytest.mark.parametrize("route", ["/caf\u00e9", "/caf%C3%A9"])
@pytest.mark.parametrize("path", ["/caf\u00e9", "/caf%C3%A9", "/caf%c3%a9"])
def test_a_literal_route_is_found_however_it_is_written(route: str, path: str) -> None:
    routes = Routes()
    routes.route(route)(lambda _: None)
    assert routes.find(path).route == "/caf\u00e9"


def test_an_encoded_slash_stays_inside_its_segment(routes: Routes) -> None:
    """`/a%2Fb` is one segment, and the route /a/b has two."""
    with pytest.raises(HttpError, match="404"):
        routes.find("/a%2Fb")
    assert routes.find("/contexts/a%2Fb").parameters == {"id": "a/b"}


def test_a_path_that_is_not_of_its_resource_is_taken_as_it_is(routes: Routes) -> None:
    """As in an event that a person wrote by hand."""
    assert find(routes, "/contexts/7", "/somewhere/else", None) == ("/contexts/{id}", {"id": "7"})
    assert find(routes, "/contexts/7", "no path", None) == ("/contexts/{id}", {"id": "7"})


@pytest.mark.parametrize("parameters", [{"proxy": 7}, {"proxy": None}, {}, {"a": "{b}", "b": "{a}"}])
def test_odd_parameters_break_nothing(parameters: dict[str, Any]) -> None:
    event = proxy_event(path="/contexts/7", resource="/{proxy+}", pathParameters=parameters)
    assert Request(event, None).route_path in ("/contexts/7", "/7")


def test_a_long_path_is_not_found_as_a_short_one_is_not(routes: Routes) -> None:
    for path in ("/" + "%" * 16_000, "/base" * 3_000, "/" * 16_000):
        event = proxy_event(path=path, resource="/{proxy+}", pathParameters={"proxy": path[1:]})
        with pytest.raises(HttpError, match="404"):
            routes.find(Request(event, None).route_path)
