"""A route returns what Python and boto3 have, and the client gets JSON."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest

from pilotlight import HttpError, Request, Response, Routes
from pilotlight.entry import entry_point
from tests.support.events import MACHINE, Context, proxy_event


class Color(Enum):
    RED = "red"


class Own(IntEnum):
    CREATED = 201


class Size(IntEnum):
    LARGE = 3


@dataclass(frozen=True)
class Item:
    price: Decimal
    tags: frozenset[str]


class Model:
    """As pydantic's models are."""

    def model_dump(self) -> dict[str, Any]:
        return {"created": date(2026, 1, 2)}


class Money:
    """A type of the service's own."""

    def __init__(self, cents: int) -> None:
        self.cents = cents


ID = UUID("12345678-1234-5678-1234-567812345678")
VALUES = {
    "a whole Decimal": (Decimal("15"), 15),
    "a Decimal": (Decimal("1.5"), 1.5),
    "a Decimal with an exponent": (Decimal("1E+2"), 100),
    "a datetime": (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
    "a date": (date(2026, 1, 2), "2026-01-02"),
    "a time": (time(3, 4), "03:04:00"),
    "a UUID": (ID, str(ID)),
    "a set": ({"b", "a"}, ["a", "b"]),
    "a frozenset": (frozenset({2, 1}), [1, 2]),
    "a set without an order": ({None}, [None]),
    "an Enum": (Color.RED, "red"),
    "an IntEnum": (Size.LARGE, 3),
    "a dataclass": (Item(Decimal("2.50"), frozenset({"new"})), {"price": 2.5, "tags": ["new"]}),
    "a model": (Model(), {"created": "2026-01-02"}),
    "a tuple": ((1, Color.RED), [1, "red"]),
    "a dict with a UUID as key": ({ID: 1, "b": {date(2026, 1, 2): 2}}, {str(ID): 1, "b": {"2026-01-02": 2}}),
}


def ask(routes: Routes, path: str = "/") -> dict[str, Any]:
    response: dict[str, Any] = entry_point(routes, machine=MACHINE)(proxy_event(path=path), Context())
    return response


def routes_of(function: Callable[[Request], Any], **options: Any) -> Routes:
    routes = Routes(**options)
    routes.route("/")(function)
    return routes


@pytest.mark.parametrize("name", VALUES)
def test_a_value_inside_a_body_is_json(name: str) -> None:
    value, expected = VALUES[name]
    response = ask(routes_of(lambda _: {"value": value}))
    assert (response["statusCode"], json.loads(response["body"])) == (200, {"value": expected})


@pytest.mark.parametrize("name", [name for name, (value, _) in VALUES.items() if not isinstance(value, int)])
def test_a_value_that_is_the_body_is_json(name: str) -> None:
    value, expected = VALUES[name]
    response = ask(routes_of(lambda _: value))
    assert (response["statusCode"], json.loads(response["body"])) == (200, expected)
    assert response["headers"]["Content-Type"] == "application/json"


def test_a_service_has_a_form_for_its_own_types() -> None:
    """What `to_json` does not know is left to the rest."""

    def to_json(value: Any) -> Any:
        if isinstance(value, Money):
            return Decimal(value.cents) / 100
        raise TypeError

    response = ask(routes_of(lambda _: {"price": Money(250), "day": date(2026, 1, 2)}, to_json=to_json))
    assert json.loads(response["body"]) == {"price": 2.5, "day": "2026-01-02"}


def test_a_type_without_a_form_is_a_500_whose_cause_names_the_way(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(routes_of(lambda _: {"price": Money(250)}))["statusCode"] == 500
    assert "a Money has no form in JSON" in caplog.text
    assert "`to_json`" in caplog.text


@pytest.mark.parametrize("status", [HTTPStatus.CREATED, 201, Own.CREATED])
def test_a_status_may_be_a_member_of_an_enumeration(status: int) -> None:
    response = ask(routes_of(lambda _: Response({}, status=status)))
    assert type(response["statusCode"]) is int
    assert response["statusCode"] == 201


def test_an_errors_status_may_be_one_too() -> None:
    def gone(_: Request) -> None:
        raise HttpError(HTTPStatus.NOT_FOUND, "gone")

    response = ask(routes_of(gone))
    assert (response["statusCode"], type(response["statusCode"])) == (404, int)
    assert json.loads(response["body"]) == {"error": "not found", "detail": "gone"}


async def coroutine(_: Request) -> None: ...


async def generator(_: Request) -> Any:
    yield 1


class Callee:
    async def __call__(self, _: Request) -> None: ...


@pytest.mark.parametrize("function", [coroutine, generator, functools.partial(coroutine), Callee()])
def test_an_asynchronous_route_is_refused_when_it_is_registered(function: Callable[[Request], Any]) -> None:
    with pytest.raises(TypeError, match=r"asyncio\.run"):
        Routes().route("/later")(function)
