"""What routes print and raise stands in the terminal of `npm start`, below the line of its request."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import requests

from tests.conftest import until
from tests.support.started import service_with, starting

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]
HANDLER = """\
from pilotlight import Routes, entry_point

routes = Routes()


@routes.route("/prints")
def prints(request):
    print("printed by the route")
    return {}


@routes.route("/raises")
def raises(request):
    raise KeyError("no such thing")


handler = entry_point(routes)
"""


@pytest.fixture
def checkout(sample_project: Path, tmp_path: Path) -> Path:
    return service_with(HANDLER, sample_project, tmp_path)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_what_routes_print_and_raise_stands_below_their_requests(checkout: Path, temporary: Path) -> None:
    with starting(temporary, checkout, PORT="0") as started:
        assert requests.get(f"{started.url()}/prints", timeout=60).status_code == 200
        until(lambda: started.printed(r"GET +/prints +200 .*\n +│ printed by the route\n"), what="the print")
        assert "in the log" in requests.get(f"{started.url()}/raises", timeout=60).json()["detail"]
        until(
            lambda: started.printed(r"GET +/raises +500 .*\n( +│ .*\n)+ +│ KeyError: 'no such thing'"), what="the error"
        )
        assert started.printed(r'File "handler.py", line 14, in raises')
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0
        started.leaves_nothing()


def test_quiet_leaves_them_out(checkout: Path, temporary: Path) -> None:
    with starting(temporary, checkout, "--quiet", PORT="0") as started:
        requests.get(f"{started.url()}/raises", timeout=60)
        until(lambda: started.printed(r"GET +/raises +500"), what="the request's line")
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0
    assert not started.printed("KeyError")
