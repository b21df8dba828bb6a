"""The dashboard of services as teams have them: it shows what there is, whatever takes the users' requests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dashboards import assert_filled, graphs, widgets
from tests.support.foreign import Foreign, service
from tests.support.template import Packaged, cfn_lint

pytestmark = pytest.mark.slow

REST = {"handler": "orders.handler", "events": [{"http": "ANY /orders"}]}
HTTP = {"handler": "orders.handler", "events": [{"httpApi": "GET /items"}]}
URL = {"handler": "orders.handler", "url": True}
WORKER = {"handler": "orders.handler", "events": [{"sqs": "arn:aws:sqs:us-east-1:123456789012:work"}]}


def package(foreign: Foreign, **functions: dict[str, Any]) -> Packaged:
    """A service with observability, each of whose functions is a target."""
    targets = [{"function": name, "concurrency": 2} for name in functions]
    settings = {"targets": targets, "observability": True}
    found = foreign.write(service(functions=functions, pilotlight=settings)).package()
    cfn_lint(found.templates)
    assert_filled(widgets(found))
    return found


def metrics(widget: dict[str, Any]) -> list[list[str]]:
    """Namespace, name and dimensions of each metric."""
    shown = widget["properties"]["metrics"]
    return [[part for part in metric if isinstance(part, str)] for metric in shown if isinstance(metric[0], str)]


def test_of_an_http_api_it_shows_the_metrics_that_an_http_api_has(foreign: Foreign) -> None:
    """They have other names than a REST API's, and the API's id ("Monitor CloudWatch metrics for HTTP APIs")."""
    found = graphs(package(foreign, items=HTTP))
    api = ["ApiId", "${HttpApi}"]
    assert ["AWS/ApiGateway", "Count", *api] in metrics(found["Cold-start rate of all user requests"])
    assert metrics(found["Errors at API Gateway (HTTP API)"]) == [
        ["AWS/ApiGateway", "4xx", *api],
        ["AWS/ApiGateway", "5xx", *api],
    ]
    assert {metric[1] for metric in metrics(found["Response time at API Gateway (HTTP API)"])} == {"Latency"}


def test_of_a_function_url_it_shows_lambdas_metrics_of_urls(foreign: Foreign) -> None:
    found = graphs(package(foreign, pay=URL))
    function = ["FunctionName", "shop-dev-pay"]
    assert ["AWS/Lambda", "UrlRequestCount", *function] in metrics(found["Cold-start rate of all user requests"])
    latency = found["Response time at URL of pay"]["properties"]["metrics"]
    assert [metric[-1]["stat"] for metric in latency] == ["Average", "Maximum"]
    assert not [title for title in found if title.startswith("Users' time in the functions")]


def test_where_nothing_counts_the_requests_it_says_so_and_shows_the_rest(foreign: Foreign) -> None:
    found = package(foreign, worker=WORKER)
    text = widgets(found)[0]["properties"]["markdown"]
    assert "No API or function URL of this stack counts the requests" in text
    assert "Cold-start rate of all user requests" not in graphs(found)
    assert {"Requests without a warm environment", "Coverage of ticks"} <= graphs(found).keys()


def test_two_targets_stand_side_by_side(foreign: Foreign) -> None:
    found = graphs(package(foreign, orders=REST, pay={**REST, "events": [{"http": "ANY /pay"}]}))
    for title in (
        "Requests without a warm environment",
        "Coverage of ticks",
        "Pings",
        "At work at once, pings included",
    ):
        one, other = found[f"{title} (orders)"], found[f"{title} (pay)"]
        assert one["y"] == other["y"]
        assert (one["x"], other["x"], one["width"], other["width"]) == (0, 12, 12, 12)
        functions = [{metric[-1] for metric in metrics(each)} for each in (one, other)]
        assert functions == [{"shop-dev-orders"}, {"shop-dev-pay"}]
    single = [found["Users' time in the functions, at API Gateway"], found["X-Ray's sample of the user requests"]]
    assert len({each["y"] for each in single}) == 1


def test_the_rate_of_several_functions_is_shown_for_all_and_for_each(foreign: Foreign) -> None:
    """All are of the same requests: those of the API and of the URL."""
    found = graphs(package(foreign, orders=REST, items=HTTP, pay=URL))
    shown = found["Cold-start rate of all user requests"]["properties"]["metrics"]
    expressions = {metric[0]["label"]: metric[0]["expression"] for metric in shown if isinstance(metric[0], dict)}
    requests = "(FILL(requests0, 0) + FILL(requests1, 0) + FILL(requests2, 0))"
    assert expressions == {
        "all functions": f"100 * (FILL(starts0, 0) + FILL(starts1, 0) + FILL(starts2, 0)) / {requests}",
        "cold starts of orders": f"100 * (FILL(starts0, 0)) / {requests}",
        "cold starts of items": f"100 * (FILL(starts1, 0)) / {requests}",
        "cold starts of pay": f"100 * (FILL(starts2, 0)) / {requests}",
    }
    counted = {metric[-1]["id"]: metric[:-1] for metric in shown if metric[-1].get("id", "").startswith("requests")}
    assert {key: (value[0], value[1]) for key, value in counted.items()} == {
        "requests0": ("AWS/ApiGateway", "Count"),
        "requests1": ("AWS/ApiGateway", "Count"),
        "requests2": ("AWS/Lambda", "UrlRequestCount"),
    }


def test_an_api_of_another_stack_is_not_guessed(foreign: Foreign) -> None:
    """One that is shared by its id has metrics under a name that the stack does not know."""
    shared = {
        "name": "aws",
        "runtime": "python3.13",
        "apiGateway": {"restApiId": "a1b2", "restApiRootResourceId": "c3"},
    }
    settings = {"targets": [{"function": "orders", "concurrency": 2}], "observability": True}
    configuration = service(functions={"orders": REST}, pilotlight=settings, provider=shared)
    found = foreign.write(configuration).package()
    assert "Cold-start rate of all user requests" not in graphs(found)
