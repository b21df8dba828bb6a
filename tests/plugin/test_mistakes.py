"""A mistake is one clear error before anything is deployed: in a parameter, in serverless.yml, in the deploy tool."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pilotlight_tools.local.deploy_tool import DeployTool
from tests.support.project import PROJECT
from tests.support.template import Change, replaced

pytestmark = pytest.mark.slow
PARAMETERS = {
    "foo=1": "--param foo is not known",
    "concurency=1": "Did you mean `concurrency`?",
    "sampling=2": "'custom.pilotlight.sampling': must be <= 1",
    "sampling=half": "sampling is a number, such as 0.05",
    "memory=1": "'provider.memorySize': must be >= 128",
    "concurrency=-1": "concurrency must be a whole number from 0 to",
    "warmer=maybe": "warmer is true or false",
    "rate=rate(5 minute)": "EventBridge wants rate(5 minutes)",
    "rate=rate(1 minutes)": "EventBridge wants rate(1 minute)",
    "logRetention=15": "'provider.logRetentionInDays'",
    "burst=1.5": "ThrottlingBurstLimit of the API's stage must be a number from 0 on",
    "alarmTopic=me@example.com": "'custom.pilotlight.alarmTopic': must match pattern",
    "metricsNamespace=AWS/Lambda": "'custom.pilotlight.metricsNamespace': must match pattern",
    "corsOrigins=shop.example": "corsOrigins: an origin is a scheme and a host such as https://shop.example",
    "corsOrigins=https://shop.example,*": 'corsOrigins: "*" is every page: name it alone',
    "apiGatewayAccount=on": "'custom.pilotlight.apiGatewayAccount': must match pattern",
}
LARGE = "x" * 4000
CONFIGURATIONS: dict[str, tuple[Change, str]] = {
    "a misspelt target": (replaced("- function: api", "- function: apo"), "must be one of api, not 'apo'"),
    "a misspelt handler": (replaced("handler: handler.handler", "handler: handler.handlr"), "did you mean 'handler'?"),
    "a misspelt module": (replaced("handler: handler.handler", "handler: handlr.handler"), "there is no such file"),
    "a misspelt setting": (
        replaced("    observability: ${param:observability}", "    x-ray: true"),
        "unrecognized property 'x-ray'",
    ),
    "a setting by its older name": (
        replaced("    observability: ${param:observability}", "    xray: true"),
        "custom.pilotlight.xray is called `observability` since 0.2.0",
    ),
    "a misspelt warmer": (
        replaced("    warmer: warmer\n", "    warmer: wramer\n"),
        "serverless.yml has no such function. Did you mean `warmer`?",
    ),
    "too many variables": (
        replaced("  environment:\n", f"  environment:\n    LARGE: {LARGE}\n"),
        "and Lambda takes 4096: the largest is LARGE",
    ),
    "a long function name": (
        replaced("    handler: handler.handler", f"    handler: handler.handler\n    name: {'n' * 65}"),
        "has 65 characters, and Lambda takes 64",
    ),
}


@pytest.fixture
def tool(sample_project: Path, tmp_path: Path) -> DeployTool:
    return DeployTool(tmp_path / "service", {}, sample_project)


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_wrong_parameter_is_an_error(tool: DeployTool, parameter: str) -> None:
    output = tool.run("package", "--stage", "dev", "--param", parameter)
    assert (output.exit_code, PARAMETERS[parameter] in output.text) == (1, True), output.text
    assert "\n    at " not in output.text, "a stack helps nobody here"


@pytest.mark.parametrize("mistake", CONFIGURATIONS)
def test_a_mistake_in_serverless_yml_is_an_error(tool: DeployTool, mistake: str) -> None:
    change, message = CONFIGURATIONS[mistake]
    configuration = tool.folder / "serverless.yml"
    configuration.write_text(change(configuration.read_text()))
    output = tool.run("package", "--stage", "dev")
    assert (output.exit_code, message in output.text) == (1, True), output.text


def test_a_parameter_that_only_its_use_declares_is_known(tool: DeployTool) -> None:
    configuration = tool.folder / "serverless.yml"
    configuration.write_text(
        replaced("description: The API", "description: ${param:words} The API")(configuration.read_text())
    )
    assert tool.run("package", "--stage", "dev", "--param", "words=New").exit_code == 0


@pytest.mark.parametrize(
    ("package", "accepted"),
    [
        ({"name": "osls", "version": "4.3.1"}, True),
        ({"name": "osls", "version": "3.61.0"}, False),
        ({"name": "serverless", "version": "4.24.0"}, False),
        (None, False),
    ],
)
def test_only_osls_4_may_load_the_plugin(tmp_path: Path, package: dict[str, str] | None, accepted: bool) -> None:
    """`frameworkVersion: ^4.3.0` admits Serverless Inc.'s version 4 too."""
    if package:
        (tmp_path / "package.json").write_text(json.dumps(package))
    script = f"""
        const {{ requireOsls }} = require({json.dumps(str(PROJECT / "plugin" / "deploy-tool.cjs"))});
        const serverlessPath = {json.dumps(str(tmp_path / "lib"))};
        try {{ requireOsls({{ version: '4.24.0', config: {{ serverlessPath }} }}); }}
        catch (error) {{ console.log(error.message); process.exit(1); }}
    """
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == accepted, done.stderr
    if not accepted:
        assert "needs the deploy tool osls 4" in done.stdout
        assert "npm:osls@4" in done.stdout
