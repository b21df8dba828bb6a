"""A path finds the route that traced records have for it."""

import pytest

from pilotlight_tools.latency.route_patterns import RoutePatterns, is_greedy

ROUTES = (
    "/",
    "/orders",
    "/orders/{id}",
    "/orders/latest",
    "/orders/<int:number>/lines",
    "/files/{rest+}",
    "",
    "/a/<x>",
)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/prod/orders/7", "/orders/{id}"),
        ("/prod/orders/latest", "/orders/latest"),
        ("/prod/orders/7/lines", "/orders/<int:number>/lines"),
        ("/prod/files/a/b/c.txt", "/files/{rest+}"),
        ("/prod/orders/", "/orders"),
        ("/prod/", "/"),
        ("/prod", "/"),
        ("/orders/7", "/orders/{id}"),  # a domain of one's own, mapped at its root
        ("/shop/orders/7", "/orders/{id}"),  # mapped at /shop
        ("/prod/a/%F0%9F%8C%8D", "/a/<x>"),
        ("/prod/nothing/of/this", None),
    ],
)
def test_the_route_of_a_path(path: str, route: str | None) -> None:
    assert RoutePatterns(ROUTES, "prod").route_of(path) == route


@pytest.mark.parametrize("route", ["/files/{name:path}", "/files/<path:name>", "/files/{name+}"])
def test_frameworks_write_the_rest_of_a_path_differently(route: str) -> None:
    assert RoutePatterns([route]).route_of("/files/a/b") == route


def test_only_a_resource_that_stands_for_any_path_is_greedy() -> None:
    assert [is_greedy(resource) for resource in ("/{proxy+}", "/a/{rest+}", "/orders/{id}", "/")] == [1, 1, 0, 0]
