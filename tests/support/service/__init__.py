"""The service that tests deploy and ask: the project as it is, with a name, routes and samples that are the tests' own.

What a user does to handler.py, to the service's name or to the API's events is then no test's affair.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pilotlight_tools.local.deploy_tool import copy_service
from tests.support.project import PROJECT

NAME = "sample"
OWN_FOLDER = Path(__file__).parent
EVENTS = OWN_FOLDER / "events"
_SERVICE = re.compile(r"^service:.*$", re.MULTILINE)
_API_EVENTS = re.compile(r"^(  api:\n(?:(?:    .*)?\n)*?    events:\n)(?:      .*\n)+", re.MULTILINE)
"""The lines of `functions.api.events`, in a file that is indented as this project's is."""
_EVERY_PATH = r"\1      - http: { path: /, method: any }\n      - http: { path: '/{proxy+}', method: any }\n"


def make_project(folder: Path) -> Path:
    """Copy the project into `folder`, which must not exist yet, and make the tests' service of it."""
    copy_service(PROJECT, folder)
    shutil.copyfile(OWN_FOLDER / "handler.py", folder / "handler.py")
    shutil.copytree(EVENTS, folder / "events", dirs_exist_ok=True)
    configuration = folder / "serverless.yml"
    configuration.write_text(own_configuration(configuration.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def own_configuration(serverless_yml: str) -> str:
    """This serverless.yml with the tests' name, and every path led to the API; all else as it is."""
    named, count = _SERVICE.subn(f"service: {NAME}", serverless_yml)
    assert count == 1, "serverless.yml names its service in one line"
    return _API_EVENTS.sub(_EVERY_PATH, named)
