"""The CloudFormation template that `sls package` makes of a service, offline and without credentials."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pilotlight_tools.local.deploy_tool import DeployTool

Template = dict[str, Any]
Change = Callable[[str], str]
"""A change of serverless.yml."""


class Packaged:
    """One `sls package`: its resources, the templates' paths and its output."""

    def __init__(self, folder: Path, output: str) -> None:
        self.folder = folder
        self.output = output
        self.templates = sorted((folder / ".serverless").glob("cloudformation-template-*.json"))
        self.resources: Template = json.loads(self.templates[-1].read_text())["Resources"]

    def of_type(self, kind: str) -> Template:
        """The properties of each resource of a type, by logical id."""
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}


def package_service(
    project: Path,
    folder: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    change: Change = lambda text: text,
) -> Packaged:
    """Package a copy of `project` in `folder` with a changed serverless.yml. Raises DeployToolError where it fails."""
    tool = DeployTool(folder, environment or {}, project)
    configuration = folder / "serverless.yml"
    before = configuration.read_text()
    configuration.write_text(change(before))
    return Packaged(folder, tool.must_run("package", *arguments))


def cfn_lint(templates: Sequence[Path]) -> None:
    """Check templates against CloudFormation's rules.

    W3005 is ignored, because osls names dependencies that a GetAtt implies; nothing else is.
    """
    program = str(Path(sys.executable).parent / "cfn-lint")
    command = [program, "--ignore-checks", "W3005", "--", *map(str, templates)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def replaced(old: str, new: str) -> Change:
    """A change of one place, which must be there."""

    def change(text: str) -> str:
        assert old in text, f"serverless.yml has no {old!r}"
        return text.replace(old, new, 1)

    return change


def statements(package: Packaged, role: str) -> list[dict[str, Any]]:
    """The statements of a role's own policies, each with a list of actions."""
    found = [
        statement
        for policy in package.resources[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert {statement["Effect"] for statement in found} == {"Allow"}
    return [
        {**each, "Action": [each["Action"]] if isinstance(each["Action"], str) else each["Action"]} for each in found
    ]


def actions(package: Packaged, role: str) -> set[str]:
    """Every action that a role's own policies allow."""
    return {action for statement in statements(package, role) for action in statement["Action"]}
