"""docs/deploying.md and the plugin's README say what the plugin can be told, and everything that it changes."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.support.foreign import TARGET, Foreign, service
from tests.support.project import PROJECT
from tests.support.template import Packaged, cfn_lint

pytestmark = pytest.mark.slow
DEPLOYING = (PROJECT / "docs" / "deploying.md").read_text(encoding="utf-8")
README = (PROJECT / "plugin" / "README.md").read_text(encoding="utf-8")
CHANGES = re.search(r"^## What the plugin changes in a service\n(.*?)^## ", DEPLOYING, re.DOTALL | re.MULTILINE)
OF_THE_WARMER = "PilotlightWarmer"
"""How the logical ids begin of what the deploy tool makes for the added function."""


def rows(page: str) -> dict[str, tuple[str, str]]:
    """The settings of a page's table, with default and meaning."""
    table = re.search(r"^\| setting \| default \| meaning \|\n.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert table
    found = {}
    for line in table[1].splitlines():
        name, default, meaning = (cell.strip() for cell in line.strip("|").split("|"))
        found[name.strip("`")] = default.strip("`"), meaning
    return found


ADOPTING = (PROJECT / "docs" / "adopting.md").read_text(encoding="utf-8")
NEEDED = {"requestTimeEpoch", "status", "responseLatency", "httpMethod", "integration.requestId", "error.responseType"}
"""What the report reads of an access log, beside the route and the trace."""


def provider_of(api: str) -> dict[str, Any]:
    """The `provider` that docs/adopting.md shows for the access log of a kind of API."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(provider:\n.*?)```", ADOPTING, re.DOTALL)]
    (found,) = [block["provider"] for block in blocks if api in block["provider"]["logs"]]
    result: dict[str, Any] = found
    return result


@pytest.mark.parametrize(("api", "more"), [("restApi", {"resourcePath", "xrayTraceId"}), ("httpApi", {"routeKey"})])
def test_the_documented_access_log_has_what_the_report_needs(api: str, more: set[str]) -> None:
    """One line of JSON, whose values are variables; API Gateway asks for the request's id too."""
    text = provider_of(api)["logs"][api]["format"]
    assert "\n" not in text
    variables = {value.removeprefix("$context.") for value in json.loads(text).values()}
    assert variables >= NEEDED | more | {"requestId"}


def test_the_documented_access_log_reaches_the_stage_of_an_http_api(foreign: Foreign) -> None:
    """That of a REST API is set by the deploy tool after a deployment, by what serverless.yml says."""
    provider = {"name": "aws", "runtime": "python3.13", **provider_of("httpApi")}
    found = foreign.write(service(provider=provider)).package()
    (stage,) = found.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["AccessLogSettings"]["Format"] == provider["logs"]["httpApi"]["format"]
    cfn_lint(found.templates)


def settings() -> Any:
    """The plugin's settings: those that its schema knows, and the defaults."""
    script = (
        f"const s = require({json.dumps(str(PROJECT / 'plugin' / 'settings.cjs'))});"
        "console.log(JSON.stringify([Object.keys(s.schema.properties.pilotlight.properties), s.settingsOf({})]))"
    )
    return json.loads(subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout)


def test_both_tables_are_one_and_have_each_setting_with_its_default() -> None:
    known, defaults = settings()
    documented = rows(DEPLOYING)
    assert documented == rows(README)
    assert set(documented) == set(known) == set(defaults)
    for name, (default, _) in documented.items():
        value = defaults[name]
        assert default == ("" if value in (None, [], "") else json.dumps(value).strip('"')), name


def test_each_parameter_of_the_table_is_one_of_serverless_yml() -> None:
    table = re.search(r"^\| parameter \|.*\n.*\n((?:\|.*\n)+)", DEPLOYING, re.MULTILINE)
    assert table
    declared = re.findall(r"^    (\w+):", (PROJECT / "serverless.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"^\| `(\w+)`", table[1], re.MULTILINE)) <= set(declared)


def test_what_changes_in_a_template_is_in_the_list_of_changes(foreign: Foreign) -> None:
    """Everything that `targets` and `observability` add, and each property of a target that differs."""
    functions = {
        "orders": {"handler": "orders.handler", "events": [{"http": "GET /orders"}]},
        "nightly": {"handler": "orders.handler", "events": [{"schedule": "rate(1 day)"}]},
    }
    configuration = service(functions=functions, pilotlight={"targets": [TARGET], "observability": True})
    without = foreign.write({**configuration, "plugins": []}).package().resources
    found = foreign.write(configuration).package()
    made = {name for name in found.resources if name not in without}
    made = {name for name in made if not re.match(rf"{OF_THE_WARMER}|\w+LambdaVersion|ApiGatewayDeployment", name)}
    assert {name.replace("Orders", "<Function>") for name in made} == documented_ids()
    assert changed(without, found, "OrdersLambdaFunction") == {"Environment", "TracingConfig"}
    assert changed(without, found, "NightlyLambdaFunction") == set()
    assert changed(without, found, "IamRoleLambdaExecution") == {"Policies"}
    assert CHANGES
    variables = found.resources["OrdersLambdaFunction"]["Properties"]["Environment"]["Variables"]
    for name in (*variables, "tracing: Active", "pilotlightWarmer"):
        assert f"`{name}`" in CHANGES[1]
    for name in set(without) - {"OrdersLambdaFunction", "NightlyLambdaFunction", "IamRoleLambdaExecution"}:
        assert name not in found.resources or changed(without, found, name) == set()


def documented_ids() -> set[str]:
    """The logical ids in the paragraph about `resources.extensions`."""
    paragraph = re.search(r"^`resources\.extensions`.*?\n\n", DEPLOYING, re.DOTALL | re.MULTILINE)
    assert paragraph
    listed = paragraph[0].partition("Where the service")[0]
    return set(re.findall(r"`((?:<Function>)?[A-Z]\w+)`", listed))


def changed(before: dict[str, Any], found: Packaged, name: str) -> set[str]:
    """The properties of a resource that differ, but for the time in the package's name."""
    old, new = before[name]["Properties"], found.resources[name]["Properties"]
    return {key for key in {*old, *new} - {"Code"} if old.get(key) != new.get(key)}
