"""A handler that another plugin generates is kept warm without a line of Python: serverless-wsgi and Flask."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
import pytest

from pilotlight_tools.local.engine import Engine
from tests.support.foreign import get, install, run
from tests.support.functions import invoke_function
from tests.support.wheels import Wheels

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

SERVERLESS_YML = f"""\
service: site
provider:
  name: aws
  runtime: python3.13
functions:
  pages:
    handler: pilotlight.redirect.handler
    environment:
      PILOTLIGHT_HANDLER: wsgi_handler.handler
    events:
      - http: ANY /{{proxy+}}
package:
  patterns: ['!**', app.py, wsgi_handler.py, serverless_wsgi.py, .serverless-wsgi]
plugins:
  - serverless-wsgi
  - serverless-python-requirements
  - serverless-pilotlight
custom:
  wsgi: {{ app: app.app, packRequirements: false }}
  pythonRequirements: {{ pythonBin: {sys.executable} }}
  pilotlight:
    targets:
      - {{ function: pages, concurrency: 2 }}
"""
PACKAGE_JSON = {
    "private": True,
    "devDependencies": {
        "serverless": "npm:osls@4.3.1",
        "serverless-python-requirements": "6.1.2",
        "serverless-wsgi": "3.1.0",
    },
}
APP = """\
from flask import Flask

app = Flask(__name__)


@app.get("/pages/<name>")
def page(name):
    return f"<h1>{name}</h1>"
"""


def test_a_redirection_keeps_it_warm_and_all_its_events_work(tmp_path: Path) -> None:
    wheels, folder = Wheels.built_in(tmp_path / "built"), tmp_path / "site"
    files = {"serverless.yml": SERVERLESS_YML, "app.py": APP, "requirements.txt": "flask\npilotlight==0.2.*\n"}
    folder.mkdir()
    for name, text in {**files, "package.json": json.dumps(PACKAGE_JSON)}.items():
        (folder / name).write_text(text)
    (packed := tmp_path / "packed").mkdir()
    install(folder, packed)
    with Engine() as engine:
        environment = {**engine.environment, "PIP_FIND_LINKS": str(wheels.pilotlight.parent)}
        deployed = run(["npx", "sls", "deploy"], folder, environment)
        assert deployed.exit_code == 0, deployed.text
        assert "2 of 2 environments of site-dev-pages warm (2 were cold, init " in deployed.text
        [api] = boto3.client("apigateway", **engine.connection).get_rest_apis()["items"]
        page = get(engine, api["id"], "/dev/pages/hello")
        assert (page.status_code, page.text) == (200, "<h1>hello</h1>")
        # What `sls wsgi exec` sends: an event of serverless-wsgi's own.
        command = {"_serverless-wsgi": {"command": "exec", "data": "print(40 + 2)"}}
        assert invoke_function(engine, "site-dev-pages", command) == [0, "42\n"]
