"""FastAPI, by Mangum: an HTTP API, whose first request would cost twenty of its later ones without a prewarm."""

from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

from pilotlight import routes_of, warmable
from pilotlight.events import http_event


class Item(BaseModel):
    name: str
    price: float


app = FastAPI()


@app.get("/items/{number}")
def item(number: int) -> Item:
    return Item(name=f"item {number}", price=1.5)


def prewarm(handler, context):
    return handler(http_event("GET", "/items/1"), context)


handler = warmable(Mangum(app, lifespan="off"), prewarm=prewarm, route=routes_of(app))
