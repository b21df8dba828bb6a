"""The private copy that a service is deployed from: what is in it, what is linked, what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight_tools.local.deploy_tool import DeployTool, DeployToolError, copy_service

FOLDERS = (".git", ".serverless", "build", "tests", "docs", "src/tests", "node_modules")
HANDLERS = """\
functions:
  a: { handler: build/app.handler } # docs/app.py has another
package: { patterns: [tests/data/**] }
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "file").touch()
    (folder / "serverless.yml").write_text("service: shop\n")
    return folder


def copied(folder: Path) -> set[str]:
    return {path.parent.relative_to(folder).as_posix() for path in folder.rglob("file")}


def test_what_no_deployment_needs_is_left_out(service: Path, tmp_path: Path) -> None:
    copy_service(service, tmp_path / "copy")
    assert copied(tmp_path / "copy") - {"node_modules"} == {"src/tests"}
    assert (tmp_path / "copy" / "node_modules").readlink() == service / "node_modules"


def test_a_folder_that_serverless_yml_names_is_the_services_code(service: Path, tmp_path: Path) -> None:
    (service / "serverless.yml").write_text(HANDLERS)
    copy_service(service, tmp_path / "copy")
    assert copied(tmp_path / "copy") - {"node_modules"} == {"src/tests", "build", "tests"}


def test_a_deploy_tool_above_the_service_is_linked_above_the_copy(service: Path, tmp_path: Path) -> None:
    with pytest.raises(DeployToolError, match="the deploy tool is not installed"):
        DeployTool(tmp_path / "engine" / "service", {}, service)
    program = tmp_path / "node_modules" / ".bin" / "sls"
    program.parent.mkdir(parents=True)
    program.touch()
    tool = DeployTool(tmp_path / "engine" / "service", {}, service)
    assert tool.program == program
    assert (tmp_path / "engine" / "node_modules").readlink() == tmp_path / "node_modules"
