"""Flask, by apig-wsgi: a REST API's pages."""

from apig_wsgi import make_lambda_handler
from flask import Flask

from pilotlight import routes_of, warmable

app = Flask(__name__)


@app.get("/pages/<name>")
def page(name):
    return f"<h1>{name}</h1>"


handler = warmable(make_lambda_handler(app), route=routes_of(app))
