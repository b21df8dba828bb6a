"""The routes as a client uses them, in this process: `npm test`."""

import handler
from pilotlight.testing import client, ping

api = client(handler.routes)


def test_hello_shows_how_the_request_arrived():
    response = api.get("/hello", query={"name": "marie"})
    assert response.status == 200
    assert response.json() == {
        "message": "Hello from Lambda",
        "method": "GET",
        "path": "/hello",
        "query": {"name": "marie"},
    }


def test_hello_returns_the_body():
    assert api.post("/hello", json={"name": "marie"}).json()["body"] == {"name": "marie"}


def test_an_item_has_the_id_of_its_path():
    assert api.get("/items/7").json() == {"id": "7"}


def test_an_item_cannot_be_deleted():
    assert api.delete("/items/7").status == 405


def test_the_api_replies_to_the_warmer():
    assert ping(handler.handler)["notes"] == []
