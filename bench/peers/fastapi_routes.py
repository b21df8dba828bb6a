"""FastAPI with 30 routes and validated bodies, behind Mangum and `warmable`, with `prewarm` and without."""

# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel, Field

from pilotlight import warmable

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = (
    *("order", "invoice", "customer", "product", "shipment", "payment", "refund", "address", "basket", "coupon"),
    *("review", "ticket", "supplier", "warehouse", "transfer", "offer", "contract", "account", "employee", "shift"),
    *("vehicle", "route", "visit", "sensor", "reading", "alarm", "report", "template", "message", "setting"),
)


class Line(BaseModel):
    product: Annotated[str, Field(min_length=1, max_length=40)]
    quantity: Annotated[int, Field(gt=0, le=1000)]
    price: Annotated[float, Field(ge=0)]


class Document(BaseModel):
    """What every route takes: nested, with defaults, and with values that pydantic converts."""

    number: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    status: Literal["draft", "open", "closed"] = "draft"
    lines: Annotated[list[Line], Field(min_length=1)]
    labels: dict[str, str] = {}
    note: str | None = None


class Stored(BaseModel):
    kind: str
    number: str
    total: float


app = FastAPI()


def _route(kind: str) -> Callable[[Any], Stored]:
    # A body of its own for each route, as an API has.
    model = type(f"{kind.title()}Document", (Document,), {"__module__": __name__})

    def store(document: Any) -> Stored:
        total = sum(line.quantity * line.price for line in document.lines)
        return Stored(kind=kind, number=document.number, total=total)

    store.__annotations__["document"] = model
    return store


for each in KINDS:
    app.post(f"/{each}s", response_model=Stored, name=each)(_route(each))

adapter = Mangum(app, lifespan="off")


def prewarm(handler: Callable[[Any, Any], Any], context: object) -> object:
    """Send one request, to another route than users' next ones."""
    return _post(handler, "/settings", context)


def prewarm_orders(handler: Callable[[Any, Any], Any], context: object) -> object:
    """Send one to the route that users ask next."""
    return _post(handler, "/orders", context)


def _post(handler: Callable[[Any, Any], Any], path: str, context: object) -> object:
    from pilotlight.events import http_event  # no user's request needs it

    body = {"number": "PW-0001", "lines": [{"product": "p", "quantity": 1, "price": 1}]}
    return handler(http_event("POST", path, body=body), context)


handler = warmable(adapter)
prewarmed = warmable(adapter, prewarm=prewarm)
prewarmed_orders = warmable(adapter, prewarm=prewarm_orders)
