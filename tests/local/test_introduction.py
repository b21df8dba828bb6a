"""The requests that `npm start` suggests come from the deployed API."""

from __future__ import annotations

import re

import pytest

from pilotlight_tools.local.introduction import python_of_functions, requests_to_try
from pilotlight_tools.local.welcome import welcome_page
from tests.support.project import PROJECT

URL = "http://127.0.0.1:3000"
NOWHERE = f"curl -i {URL}/nowhere"


def sending(path: str) -> str:
    return f"""curl {URL}{path} -H 'Content-Type: application/json' -d '{{"name": "marie"}}'"""


@pytest.mark.parametrize(
    ("methods", "commands"),
    [
        ({"/": {"ANY"}, "/hello": {"ANY"}, "/{proxy+}": {"ANY"}}, [f"curl {URL}/hello", sending("/hello"), NOWHERE]),
        ({"/{proxy+}": {"ANY"}}, [f"curl {URL}/", sending("/"), NOWHERE]),
        ({"/orders": {"POST"}, "/status": {"GET"}}, [f"curl {URL}/status", NOWHERE]),
        ({"/orders": {"POST"}, "/orders/{id}": {"GET"}}, [sending("/orders"), NOWHERE]),
        ({"/orders": {"DELETE"}}, [NOWHERE]),
        ({}, [f"curl {URL}/", sending("/"), NOWHERE]),
    ],
)
def test_suggested_requests_use_paths_that_the_api_has(methods: dict[str, set[str]], commands: list[str]) -> None:
    assert requests_to_try(methods, URL) == commands


def test_no_module_finds_the_service_by_counting_the_folders_above_itself() -> None:
    """The service's folder is the working directory or `--project`: this package may be installed anywhere."""
    counting = re.compile(r"__file__\)*(\.resolve\(\)|\.absolute\(\))*\.parents?\b.*parent|__file__.*\.parents\[")
    rooms = ("pilotlight", "pilotlight_tools", "plugin", "bench", "scripts")
    sources = [path for room in rooms for path in (PROJECT / room).rglob("*.py")]
    assert len(sources) > 80
    assert [path.name for path in sources if counting.search(path.read_text())] == []


SERVICE = {"provider": {"runtime": "python3.13"}, "functions": {"api": {"name": "shop-api"}, "warmer": {}}}


def test_the_python_that_runs_is_named_beside_the_one_that_is_deployed() -> None:
    assert python_of_functions(SERVICE, (3, 13, 5)) == "3.13.5, as deployed"
    assert python_of_functions(SERVICE, (3, 11, 7), "/shop/.venv/bin/python") == (
        "3.11.7; on AWS python3.13 (`PYTHON=python3.13 npm start` takes that, where it is installed)"
    )
    own = {**SERVICE, "functions": {"api": {"runtime": "python3.12"}, "warmer": {}}}
    assert python_of_functions(own, (3, 13, 5), "/usr/bin/python3") == (
        "3.13.5; on AWS python3.12, python3.13 (/usr/bin/python3 runs this)"
    )


def test_the_welcome_links_what_a_browser_can_open_and_names_the_rest() -> None:
    methods = {"/": {"ANY"}, "/hello": {"ANY"}, "/orders": {"POST", "PUT"}, "/items/{id}": {"GET"}, "/<b>": {"GET"}}
    page = welcome_page("shop-local", methods, "http://127.0.0.1:3001/")
    assert '<a href="/hello"><code>/hello</code></a>' in page
    assert "<code>POST PUT /orders</code>" in page
    assert "<code>GET /items/{id}</code>" in page
    assert '<a href="http://127.0.0.1:3001/">' in page
    assert "<b>" not in page
