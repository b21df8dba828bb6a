"""A user's own service in place of the seed: other routes without types, another name, and `npm test` still passes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pilotlight_tools.local.deploy_tool import copy_service
from tests.support.project import PROJECT
from tests.support.service import NAME, own_configuration

HANDLER = """
from pilotlight.entry import entry_point
from pilotlight.proxy import HttpError, Response
from pilotlight.routing import Routes
from prices import total

routes = Routes()
orders = {}


@routes.route('/orders', 'GET')
def every(request): return {'orders': [orders[key] for key in sorted(orders)]}


@routes.route('/orders/{id}', 'GET')
def one(request):
    if request.path_parameters['id'] not in orders:
        raise HttpError(404, 'no such order')
    return orders[request.path_parameters['id']]


@routes.route('/orders', 'POST')
def new(request):
    orders['1'] = {'id': '1', 'total': total(request.body['items'])}
    return Response(orders['1'], status=201, headers={'Location': '/orders/1'})


handler = entry_point(routes)
"""
TESTS = """
import handler
from pilotlight.testing import client

api = client(handler.routes)


def test_an_order_is_kept():
    assert api.get('/orders/1').status == 404
    made = api.post('/orders', json={'items': [2, 3]})
    assert (made.status, made.headers['location']) == (201, '/orders/1')
    assert api.get('/orders/1').json() == {'id': '1', 'total': 5}
    assert api.get('/orders').json() == {'orders': [{'id': '1', 'total': 5}]}
"""
HELD_TO_THE_SERVICE = (
    *("tests/test_handler.py", "tests/pilotlight/test_entry.py", "tests/pilotlight/test_sample_events.py"),
    *("tests/pilotlight/test_cold_path.py", "tests/plugin/test_package.py"),
)
"""The tests that read handler.py or package the service, without an engine."""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A checkout in which a user has replaced the seed's routes with other routes and their tests."""
    folder = tmp_path / "shop"
    copy_service(PROJECT, folder)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "tests", folder / "tests", ignore=unwanted)
    shutil.rmtree(folder / "events")
    (folder / "handler.py").write_text(HANDLER)
    (folder / "prices.py").write_text("def total(items): return sum(items)\n")
    (folder / "tests" / "test_handler.py").write_text(TESTS)
    configuration = folder / "serverless.yml"
    configured = re.sub(r"(?m)^service: .*$", "service: shop", configuration.read_text())
    configured = re.sub(r"(?m)^      - http: \{ path: '?/.*\n", "", configured)
    configured = configured.replace(
        "    events:\n", "    events:\n      - http: { path: '/orders/{id}', method: get }\n", 1
    )
    configured = configured.replace("    - handler.py\n", "    - handler.py\n    - prices.py\n")
    configuration.write_text(configured)
    return folder


def test_the_tests_own_service_differs_only_in_its_name_and_the_apis_events() -> None:
    configured = (PROJECT / "serverless.yml").read_text()
    theirs, ours = (yaml.load(text, yaml.BaseLoader) for text in (configured, own_configuration(configured)))  # noqa: S506 (no tags)
    events = ours["functions"]["api"].pop("events")
    assert [event["http"]["path"] for event in events] == ["/", "/{proxy+}"]
    assert ours.pop("service") == NAME
    del theirs["service"], theirs["functions"]["api"]["events"]
    assert ours == theirs


@pytest.mark.slow
def test_a_users_routes_and_name_break_no_test(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.run", "-q", "-p", "no:cacheprovider", *HELD_TO_THE_SERVICE],
        cwd=shop,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "notice: the above is about your own files" in done.stderr
    assert "== all passed" in done.stderr
