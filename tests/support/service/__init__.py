"""The service that tests deploy and call: the project with the tests' own name, routes and sample events.

A user can then change handler.py, the service's name or the API's events without breaking a test.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pilotlight_tools.local.deploy_tool import copy_service
from tests.support.project import PROJECT

NAME = "sample"
_OWN_FOLDER = Path(__file__).parent
EVENTS = _OWN_FOLDER / "events"
_SERVICE = re.compile(r"^service:.*$", re.MULTILINE)
_API_EVENTS = re.compile(r"^(  api:\n(?:(?:    .*)?\n)*?    events:\n)(?:      .*\n)+", re.MULTILINE)
"""The lines of `functions.api.events`, in a file with this project's indentation."""
_EVERY_PATH = "".join(
    [
        r"\1",
        *(
            f"      - http: {{ path: '{path}', method: any, private: '${{param:apiKey}}' }}\n"
            for path in ("/", "/{proxy+}")
        ),
    ]
)


def make_project(folder: Path) -> Path:
    """Copy the project into `folder`, which must not exist yet, and turn the copy into the tests' service."""
    copy_service(PROJECT, folder)
    shutil.copyfile(_OWN_FOLDER / "handler.py", folder / "handler.py")
    shutil.copytree(EVENTS, folder / "events", dirs_exist_ok=True)
    configuration = folder / "serverless.yml"
    configuration.write_text(own_configuration(configuration.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def own_configuration(serverless_yml: str) -> str:
    """Return this serverless.yml with the tests' name and with every path routed to the API."""
    named, count = _SERVICE.subn(f"service: {NAME}", serverless_yml)
    assert count == 1, "serverless.yml names its service in one line"
    return _API_EVENTS.sub(_EVERY_PATH, named)
