"""A web page of another origin, in a real browser, against the engine of a deployed service.

The page has what an attacker could have: the engine's address, the API's id, and requests that are signed with the
engine's well-known key. It can neither read, nor create a function, nor invoke one.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conftest import Deployed
from tests.support.attacker import NAMES, TRY, page_of_attacker
from tests.support.browser import Page, needs_browser, open_browser

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.xdist_group("stack"), needs_browser]
_EMBED = """
const [tag, attribute, url] = arguments, done = arguments[arguments.length - 1];
const element = document.createElement(tag);
element.onload = element.onerror = (event) => done(event.type);
element[attribute] = url;
document.body.append(element);
"""
_SUBMIT = """
const form = document.createElement('form');
Object.assign(form, { action: arguments[0], method: 'post', enctype: 'text/plain' });
document.body.append(form);
form.submit();
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest, browser: Page) -> Iterator[Page]:
    """A page of another port of this machine, under both of its names."""
    with page_of_attacker(browser, request.param) as page:
        yield page


def signed(deployed: Deployed, method: str, path: str, body: str = "") -> tuple[str, dict[str, Any]]:
    """The address and the `fetch` options of a request that the engine takes for its root user's."""
    url = deployed.service.stage.engine.url + path
    request = AWSRequest(method, url, data=body or None, headers={"Content-Type": "text/plain"})
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    return url, {"method": method, "headers": dict(request.headers), **({"body": body} if body else {})}


def functions(deployed: Deployed) -> set[str]:
    client = boto3.client("lambda", **deployed.service.stage.connection)
    return {each["FunctionName"] for each in client.list_functions()["Functions"]}


def invocations(deployed: Deployed) -> int:
    """How many there were, by the functions' logs: Lambda writes one line for each."""
    logs = boto3.client("logs", **deployed.service.stage.connection)
    count = 0
    for function in deployed.service.stage.functions.values():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
        messages = [event["message"] for page in pages for event in page["events"]]
        count += sum(message.startswith("START RequestId") for message in messages)
    return count


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_cannot_read(page: Page, deployed: Deployed, mode: str) -> None:
    for path in ("/2015-03-31/functions", "/_ministack/health"):
        url, options = signed(deployed, "GET", path)
        kind, text = page.browser.execute_async_script(TRY, url, {**options, "mode": mode})
        assert (kind, "Functions" in text, "services" in text) in [("error", False, False), ("opaque", False, False)]


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_cannot_create_a_function(page: Page, deployed: Deployed, mode: str) -> None:
    before = functions(deployed)
    client = boto3.client("lambda", **deployed.service.stage.connection)
    role = client.get_function_configuration(FunctionName=deployed.service.stage.functions["api"])["Role"]
    wanted = {
        "FunctionName": "attack",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},
    }
    url, options = signed(deployed, "POST", "/2015-03-31/functions", json.dumps(wanted))
    page.browser.execute_async_script(TRY, url, {**options, "mode": mode})
    assert functions(deployed) == before


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_cannot_invoke_a_function(page: Page, deployed: Deployed, mode: str) -> None:
    before = invocations(deployed)
    name = deployed.service.stage.functions["warmer"]
    url, options = signed(deployed, "POST", f"/2015-03-31/functions/{name}/invocations", "{}")
    page.browser.execute_async_script(TRY, url, {**options, "mode": mode})
    api = f"{deployed.service.stage.api_url}/hello"
    for each in ({"mode": mode}, {"mode": mode, "method": "POST", "body": "x=1"}):
        page.browser.execute_async_script(TRY, api, each)
    assert invocations(deployed) == before


def test_it_cannot_invoke_a_function_by_what_it_embeds_or_submits(page: Page, deployed: Deployed) -> None:
    before = invocations(deployed)
    api = f"{deployed.service.stage.api_url}/hello"
    for tag, attribute in (("img", "src"), ("script", "src"), ("iframe", "src")):
        page.browser.execute_async_script(_EMBED, tag, attribute, api)
    page.browser.execute_script(_SUBMIT, api)
    assert invocations(deployed) == before


def test_an_address_that_the_user_typed_cannot_lead_there(page: Page, deployed: Deployed) -> None:
    """A redirect from a typed or bookmarked address says `Sec-Fetch-Site: none`, as the typed one did."""
    before = invocations(deployed)
    here = page.browser.current_url
    for target in (f"{deployed.service.stage.api_url}/hello", f"{deployed.service.stage.engine.url}/_ministack/health"):
        page.browser.get(f"{here}?to={urllib.parse.quote(target, safe='')}")
        assert "refuses this request" in page.browser.page_source
    assert invocations(deployed) == before


def test_the_same_requests_of_a_program_do_all_of_it(deployed: Deployed) -> None:
    """Without this, the tests above could pass because the attacks are wrong."""
    for method, path, body in (
        ("GET", "/2015-03-31/functions", ""),
        ("POST", f"/2015-03-31/functions/{deployed.service.stage.functions['warmer']}/invocations", "{}"),
    ):
        url, options = signed(deployed, method, path, body)
        response = requests.request(method, url, headers=options["headers"], data=body or None, timeout=60)
        assert response.status_code == 200, response.text
