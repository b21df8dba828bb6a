"""What functions find beside their package reaches the builder from serverless.yml: layers, PYTHONPATH, handlers."""

from __future__ import annotations

import json
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pilotlight_tools.local.engine import LOOPBACK
from pilotlight_tools.local.http_thread import HttpThread
from tests.support.foreign import TARGET, Foreign, pilotlight_files, service, wheel

pytestmark = pytest.mark.slow
REPLIES = (
    "from pilotlight.entry import entry_point\nfrom pilotlight.routing import Routes\nhandler = entry_point(Routes())\n"
)
OF_ANOTHER = "arn:aws:lambda:us-east-1:123456789012:layer:libraries:7"
LAYERS = {"layers": {"scientific-libraries": {"path": "layer", "package": {"patterns": ["**"]}}}}
"""The patterns of the service are for its layers too."""
OWN_LAYER = {"Ref": "ScientificDashlibrariesLambdaLayer"}
UNLESS = "Unless a layer has it: orders.py"


@pytest.fixture
def undeployed(foreign: Foreign) -> Iterator[Foreign]:
    """With layers of its own, the deploy tool asks for the stack, to compare them; here nothing is deployed yet."""

    async def missing(_: web.Request) -> web.Response:
        error = (
            "<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id shop-dev does not exist</Message>"
        )
        return web.Response(status=400, text=f"<ErrorResponse><Error>{error}</Error></ErrorResponse>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", missing)
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = HttpThread(app, listener)
        server.start()
        environment = {
            "AWS_ENDPOINT_URL_CLOUDFORMATION": f"http://{LOOPBACK}:{listener.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        yield replace(foreign, environment=environment)
        server.stop()


def importing(
    foreign: Foreign, *, files: dict[str, str] | None = None, of_service: dict[str, Any] | None = None, **function: Any
) -> Foreign:
    """A service whose orders.py imports what nothing in its package has; `function` are the settings of orders."""
    own = {"orders.py": f"import pandas\n{REPLIES}", "requirements.txt": "", **pilotlight_files(), **(files or {})}
    return foreign.write(
        service(
            pilotlight={"targets": [TARGET], "packaging": "pilotlight"},
            functions={"orders": {"handler": "orders.handler", **function}},
            package={"patterns": ["!**", "*.py", "pilotlight/**", "vendor/**"]},
            **(of_service or {}),
        ),
        {"vendor/csvkit.py": "", **own},
    )


def test_a_layer_of_the_service_is_searched_for_the_functions_that_have_it(undeployed: Foreign) -> None:
    in_layer = {"layer/python/numpy.py": "", "layer/python/pandas.py": ""}
    importing(undeployed, files=in_layer, of_service=LAYERS, layers=[OWN_LAYER]).package()
    assert "imports pandas" in importing(undeployed, of_service=LAYERS).refused()
    (undeployed.folder / "layer" / "python" / "pandas.py").unlink()
    assert "imports pandas" in importing(undeployed, of_service=LAYERS, layers=[OWN_LAYER]).refused()


def test_a_layer_of_another_stack_may_have_anything(foreign: Foreign) -> None:
    for layer in (OF_ANOTHER, {"Fn::ImportValue": "libraries"}):
        assert UNLESS in importing(foreign, layers=[layer]).package().output


def test_layers_of_the_provider_are_those_of_functions_that_name_none(foreign: Foreign) -> None:
    provider = {**service()["provider"], "layers": [OF_ANOTHER]}
    assert UNLESS in importing(foreign, of_service={"provider": provider}).package().output
    assert "imports pandas" in importing(foreign, of_service={"provider": provider}, layers=[]).refused()


@pytest.mark.parametrize("value", ["vendor", "/var/task/vendor", "/var/task/vendor:/opt/more"])
def test_folders_of_pythonpath_are_searched(foreign: Foreign, value: str) -> None:
    files = {"orders.py": f"import csvkit\n{REPLIES}"}
    assert "imports csvkit" in importing(foreign, files=files).refused()
    importing(foreign, files=files, environment={"PYTHONPATH": value}).package()


def test_a_pythonpath_that_only_the_template_knows_may_lead_anywhere(foreign: Foreign) -> None:
    output = importing(foreign, environment={"PYTHONPATH": {"Fn::ImportValue": "folders"}}).package().output
    assert UNLESS in output


def test_the_handler_behind_a_redirection_is_checked(foreign: Foreign) -> None:
    redirected: dict[str, Any] = {"handler": "pilotlight.redirect.handler"}
    files = {"orders.py": REPLIES}
    refused = importing(
        foreign, files=files, **redirected, environment={"PILOTLIGHT_HANDLER": "orders.handlr"}
    ).refused()
    assert "'orders.handlr'" in refused
    assert "did you mean 'handler'?" in refused
    importing(foreign, files=files, **redirected, environment={"PILOTLIGHT_HANDLER": "orders.handler"}).package()


def test_what_is_provided_is_a_module(foreign: Foreign) -> None:
    settings: dict[str, Any] = {"targets": [TARGET], "packaging": "pilotlight"}
    files = {"orders.py": f"import google.cloud.storage\n{REPLIES}", "requirements.txt": "", **pilotlight_files()}
    package: dict[str, Any] = {"patterns": ["!**", "orders.py", "pilotlight/**"]}
    written = foreign.write(service(pilotlight={**settings, "provided": ["python-dateutil"]}, package=package), files)
    assert "write the module as code imports it" in written.refused()
    foreign.write(service(pilotlight={**settings, "provided": ["google.cloud"]}, package=package), files).package()


def test_a_bill_of_materials_lies_beside_each_package(foreign: Foreign, tmp_path: Path) -> None:
    """And a pattern under `keep` ships what would be left out, which `--verbose` lists."""
    settings: dict[str, Any] = {"targets": [TARGET], "packaging": "pilotlight"}
    files = {"orders.py": REPLIES, "requirements.txt": f"pilotlight @ file://{wheel(tmp_path)}\n"}
    package: dict[str, Any] = {"patterns": ["!**", "orders.py"]}
    listed = "Left out of the dependencies: *.dist-info/WHEEL (files: 1, 0.00 MB): an installer's records"
    written = foreign.write(service(pilotlight=settings, package=package), files)
    assert listed not in written.package().output
    assert listed in written.package("--verbose").output
    built = foreign.folder / ".serverless"
    (component,) = json.loads((built / "shop.cdx.json").read_text())["components"]
    assert component["name"] == "pilotlight"
    assert "pilotlight-0.dist-info/WHEEL" not in zipfile.ZipFile(built / "shop.zip").namelist()
    foreign.write(service(pilotlight={**settings, "keep": ["*.dist-info/WHEEL"]}, package=package), files).package()
    assert "pilotlight-0.dist-info/WHEEL" in zipfile.ZipFile(built / "shop.zip").namelist()
