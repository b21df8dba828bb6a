"""The routes of handler.py, as a client of the API uses them: these tests are yours, like your routes."""

import json
from pathlib import Path

import pytest

import handler
from pilotlight.testing import Context, client

api = client(handler.routes)


def test_hello_shows_how_the_request_arrived():
    response = api.get("/hello", query={"name": "marie", "env": "prod"})
    assert response.status == 200
    assert response.json() == {
        "message": "Hello from Lambda",
        "method": "GET",
        "path": "/hello",
        "query": {"env": "prod", "name": "marie"},
    }


def test_hello_returns_a_json_body():
    assert api.post("/hello", json={"name": "marie"}).json()["body"] == {"name": "marie"}


def test_hello_returns_a_binary_body_in_hexadecimal():
    headers = {"Content-Type": "application/octet-stream"}
    assert api.put("/hello", body=b"\x00\xff", headers=headers).json()["body"] == "00ff"


def test_an_item_has_the_id_of_its_path():
    assert api.get("/items/café").json() == {"id": "café"}


def test_an_item_cannot_be_deleted():
    response = api.delete("/items/7")
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("name", ["get-hello", "get-item", "post-json"])
def test_the_sample_events_get_a_response(name):
    event = json.loads(Path(f"events/{name}.json").read_text())
    assert handler.handler(event, Context())["statusCode"] == 200
