"""Each target replies to the warmer, and answers as it did before: `pytest` in this folder needs no AWS."""

import items
import nightly
import orders
import pages
import pytest
import stock

from pilotlight.testing import Context, client, http_event, ping


@pytest.mark.parametrize("module", [orders, pages, items, stock])
def test_a_target_replies_to_pings(module):
    assert ping(module.handler)["notes"] == []


def test_a_rest_api_answers():
    assert client(orders.handler).get("/orders/7").json() == {"order": "7"}
    assert client(pages.handler).get("/pages/hello").body == b"<h1>hello</h1>"


def test_an_http_api_answers():
    assert items.handler(http_event("GET", "/items/7"), Context())["statusCode"] == 200


def test_the_nightly_job_runs():
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-01-01T03:00:00Z", "detail": {}}
    assert nightly.handler(event, Context()) == {"reported": "2026-01-01T03:00:00Z"}
