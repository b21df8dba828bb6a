"""Filter expressions: those of the guide's grammar hold or not; all others are refused with the token."""

import pytest

from pilotlight_tools.local.xray.filter_tokens import FilterError
from pilotlight_tools.local.xray.filters import compile_filter


def annotation(value: object, kind: str) -> list[dict[str, object]]:
    return [{"AnnotationValue": {kind: value}, "ServiceIds": []}]


TRACE = {
    "HasError": False,
    "HasFault": True,
    "HasThrottle": False,
    "IsPartial": False,
    "ResponseTime": 1.5,
    "Duration": 6.0,
    "Http": {"HttpURL": "https://example.com/v2/items", "HttpStatus": 500, "HttpMethod": "GET"},
    "ServiceIds": [{"Name": "orders/prod", "Names": ["orders/prod"]}],
    "Annotations": {
        "cold_start": annotation(True, "BooleanValue"),
        "init_ms": annotation(120.5, "NumberValue"),
        "kind": annotation("tick", "StringValue") + annotation("ping", "StringValue"),
        "aws:api_id": annotation("a1b2", "StringValue"),
    },
}
GROUPS = {"cold": "annotation[cold_start] = true", "all": ""}


def matches(expression: str) -> bool:
    return compile_filter(expression, GROUPS.__getitem__)(TRACE)


@pytest.mark.parametrize(
    "expression",
    [
        "annotation[cold_start] = true",
        "annotation.cold_start = TRUE",
        'annotation["cold_start"] != false',
        "annotation[init_ms] > 120",
        "annotation[init_ms] >= 120.5 AND annotation.init_ms <= 120.5",
        'annotation[kind] = "tick"',
        'annotation[kind] = "ping"',
        'annotation[kind] != "ping"',
        "annotation[kind]",
        'annotation[aws:api_id] = "a1b2"',
        "!annotation[absent]",
        '!annotation[kind] = "request"',
        "fault",
        "fault = true",
        "!ok",
        "ok = false !partial duration <7",
        "error OR fault",
        "(error OR fault) AND responsetime > 1",
        "throttle AND error OR fault",
        "responsetime >= 1.5 and duration > 5",
        "http.status = 500",
        'http.url BEGINSWITH "https://example.com" AND http.url contains "/v2/"',
        'http.url ENDSWITH "items"',
        'service("orders/prod")',
        '!service("other")',
        'group.name = "cold"',
        'group.name = "all"',
        'group.name != "cold" OR fault',
    ],
)
def test_expressions_that_hold(expression: str) -> None:
    assert matches(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "annotation[cold_start] = false",
        # A value of another type is never equal, and never unequal.
        'annotation[cold_start] = "true"',
        "annotation[cold_start] = 1",
        'annotation[init_ms] != "120.5"',
        "annotation[absent] != true",
        "fault AND (error OR throttle)",
        # AND binds closer than OR.
        "error OR fault AND throttle",
        "!fault",
        "http.status < 500",
        'http.useragent != "curl"',
        'group.name != "cold"',
        'service("orders")',
    ],
)
def test_expressions_that_do_not_hold(expression: str) -> None:
    assert not matches(expression)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("annotation[cold_start] = ", "the end"),
        ("annotation[cold_start] = yes", "'yes' at character 26"),
        ("annotation[cold_start] > true", "cold_start"),
        ("coldstart = true", "'coldstart' at character 1"),
        ("fault AND", "the end"),
        ("(fault", "the end"),
        ("fault)", r"'\)' at character 6"),
        ("responsetime = true", "'true'"),
        ('responsetime CONTAINS "1"', "'CONTAINS'"),
        ('fault = "true"', '"true"'),
        ('service("a") { fault }', r"'\{'"),
        ('service(id(name: "a"))', "'id'"),
        ('edge("a", "b")', "'edge'"),
        ("annotation[] = 1", "annotation"),
        ('http.url = "unclosed', "unclosed"),
        ("fault # comment", "#"),
        ('group.name = "nobody"', "nobody"),
        ("!" * 5000 + "fault", "deeply"),
        ("", "the end"),
    ],
)
def test_refusals_name_the_token(expression: str, named: str) -> None:
    with pytest.raises(FilterError, match=named):
        matches(expression)
