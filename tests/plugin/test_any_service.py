"""Services that are not this project get what their targets need, and nothing else, from the plugin as it is packed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.foreign import HTTP_EVENT, PLAIN_HANDLER, TARGET, Foreign, service
from tests.support.template import Packaged, actions, cfn_lint, statements

pytestmark = pytest.mark.slow
WARMER = "PilotlightWarmerLambdaFunction"
XRAY = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
NIGHTLY = {"handler": "orders.handler", "events": [{"schedule": "cron(0 3 * * ? *)"}]}
WORKER = {"handler": "orders.handler", "events": [{"sqs": "arn:aws:sqs:us-east-1:123456789012:work"}]}
ORDERS = {"handler": "orders.handler", "events": HTTP_EVENT}
REST = {"handler": "orders.handler", "events": [{"http": "GET /orders"}]}
ROLE = "arn:aws:iam::123456789012:role/of-the-platform-team"


def properties(package: Packaged, function: str) -> dict[str, Any]:
    found: dict[str, Any] = package.resources[f"{function}LambdaFunction"]["Properties"]
    return found


def variables(package: Packaged, function: str) -> dict[str, Any]:
    found: dict[str, Any] = properties(package, function).get("Environment", {}).get("Variables", {})
    return found


def provider(**changes: Any) -> dict[str, Any]:
    return {"name": "aws", "runtime": "python3.13", **changes}


def names(zip_file: Path) -> set[str]:
    with zipfile.ZipFile(zip_file) as archive:
        return set(archive.namelist())


def test_with_targets_alone_everything_is_added_that_is_missing(foreign: Foreign) -> None:
    found = foreign.write(service(functions={"orders": ORDERS, "nightly": NIGHTLY})).package()
    cfn_lint(found.templates)
    warmer = properties(found, "PilotlightWarmer")
    assert (warmer["Handler"], warmer["Runtime"]) == ("pilotlight.warmer.handler", "python3.13")
    assert (warmer["MemorySize"], warmer["Timeout"]) == (1024, 50)
    assert warmer["TracingConfig"] == properties(found, "Orders")["TracingConfig"] == {"Mode": "Active"}
    assert warmer["Role"] == {"Fn::GetAtt": ["WarmerRole", "Arn"]}
    (target,) = json.loads(variables(found, "PilotlightWarmer")["PILOTLIGHT_TARGETS"])
    assert target["function"] == "shop-dev-orders"
    assert variables(found, "Orders") == {"PILOTLIGHT_SERVICE": "shop-dev", "PILOTLIGHT_BUILD": target["build"]}
    (retries,) = found.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (0, 60)
    assert actions(found, "WarmerRole") >= {"lambda:InvokeFunction", *XRAY}
    assert actions(found, "IamRoleLambdaExecution") >= XRAY
    assert "pilotlight/warmer.py" in names(foreign.folder / ".serverless" / "pilotlightWarmer.zip")


def test_what_is_no_target_stays_as_it_is(foreign: Foreign) -> None:
    """Another schedule is not the warmer's, and a function that is no target gets no variable and no tracing."""
    functions = {"orders": ORDERS, "nightly": NIGHTLY, "worker": WORKER}
    found = foreign.write(service(functions=functions)).package()
    rules = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]: rule for rule in found.of_type("AWS::Events::Rule").values()}
    assert rules[WARMER]["ScheduleExpression"] == "rate(5 minutes)"
    assert rules["NightlyLambdaFunction"]["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert variables(found, "PilotlightWarmer")["PILOTLIGHT_RATE"] == "rate(5 minutes)"
    for name in ("Nightly", "Worker"):
        assert "TracingConfig" not in properties(found, name)
        assert variables(found, name) == {}


def test_without_targets_it_does_nothing_and_says_so_once(foreign: Foreign) -> None:
    configuration = service(pilotlight={"observability": True}, functions={"orders": ORDERS, "warmer": NIGHTLY})
    without = foreign.write({**configuration, "plugins": []}).package().resources
    found = foreign.write(configuration).package()
    assert masked(found.resources) == masked(without)
    assert found.output.count("Pilotlight") == 1
    assert "Pilotlight does nothing: custom.pilotlight has no `targets`" in found.output


def masked(resources: dict[str, Any]) -> str:
    """The resources without the time of their deployment."""
    text = json.dumps(resources, sort_keys=True)
    folders = {part.split("/")[3] for part in text.split('"') if part.startswith("serverless/shop/")}
    for folder in folders:
        text = text.replace(folder, "TIME")
    return text


def test_a_function_of_the_services_own_is_the_warmer_where_it_is_named(foreign: Foreign) -> None:
    own = {"handler": "pilotlight.warmer.handler", "timeout": 20, "events": [{"schedule": "rate(1 minute)"}]}
    functions = {"orders": ORDERS, "ticker": own, "warmer": NIGHTLY}
    settings = {"targets": [TARGET], "warmer": "ticker"}
    found = foreign.write(service(pilotlight=settings, functions=functions)).package()
    assert WARMER not in found.resources
    assert variables(found, "Ticker")["PILOTLIGHT_RATE"] == "rate(1 minute)"
    assert properties(found, "Ticker")["Role"] == {"Fn::GetAtt": ["WarmerRole", "Arn"]}
    assert variables(found, "Warmer") == {}


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt warmer": ({"targets": [TARGET], "warmer": "order"}, "no such function. Did you mean `orders`?"),
    "a warmer without targets": ({"warmer": "orders"}, "custom.pilotlight.targets must be a list"),
    "the rate of a warmer of its own": (
        {"targets": [TARGET], "warmer": "orders", "rate": "rate(1 minute)"},
        "set `rate` in functions.orders.events",
    ),
    "a wrong rate": ({"targets": [TARGET], "rate": "rate(1 minutes)"}, "EventBridge wants rate(1 minute)"),
    "a misspelt target": ({"targets": [{**TARGET, "function": "order"}]}, "must be one of orders, not 'order'"),
    "sampling without a REST API": ({"targets": [TARGET], "sampling": 0.5}, "reach the stages of REST APIs only"),
    "an older name": ({"targets": [TARGET], "xray": True}, "custom.pilotlight.xray is called `observability`"),
    "a builder's setting without the builder": (
        {"targets": [TARGET], "provided": ["pandas"]},
        "custom.pilotlight.provided is for `packaging: pilotlight`",
    ),
    "another builder": ({"targets": [TARGET], "packaging": "zip"}, "'custom.pilotlight.packaging'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_settings_is_refused_with_the_way_out(foreign: Foreign, mistake: str) -> None:
    settings, message = MISTAKES[mistake]
    assert message in foreign.write(service(pilotlight=settings)).refused()


def test_a_function_by_the_name_of_the_added_one_is_refused(foreign: Foreign) -> None:
    functions = {"orders": ORDERS, "pilotlightWarmer": NIGHTLY}
    assert "write `warmer: pilotlightWarmer`" in foreign.write(service(functions=functions)).refused()


def test_the_schedule_can_be_slower_or_off(foreign: Foreign) -> None:
    settings = {"targets": [TARGET], "rate": "rate(10 minutes)", "enabled": False}
    (rule,) = foreign.write(service(pilotlight=settings)).package().of_type("AWS::Events::Rule").values()
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(10 minutes)", "DISABLED")


def test_print_shows_what_is_added(foreign: Foreign) -> None:
    printed = yaml.safe_load(foreign.write(service()).must("print").split("\n\n")[0])
    assert printed["functions"]["pilotlightWarmer"]["handler"] == "pilotlight.warmer.handler"
    assert printed["functions"]["orders"]["tracing"] == "Active"


@pytest.mark.parametrize(
    ("changes", "settings", "mode", "said"),
    [
        ({}, {"tracing": False}, None, "`tracing: false` under custom.pilotlight"),
        ({"functions": {"orders": {**ORDERS, "tracing": "PassThrough"}}}, {}, "PassThrough", "orders (PassThrough)"),
        (
            {"provider": provider(tracing={"lambda": "PassThrough"})},
            {},
            "PassThrough",
            "pilotlightWarmer (PassThrough), orders (PassThrough)",
        ),
        ({"provider": provider(tracing={"lambda": True})}, {}, "Active", None),
    ],
)
def test_what_the_service_says_of_tracing_stays(
    foreign: Foreign, changes: dict[str, Any], settings: dict[str, Any], mode: str | None, said: str | None
) -> None:
    found = foreign.write(service(pilotlight={"targets": [TARGET], **settings}, **changes)).package()
    assert properties(found, "Orders").get("TracingConfig", {}).get("Mode") == mode
    notices = [line for line in found.output.splitlines() if line.startswith("Pilotlight: ")]
    assert len(notices) == (said is not None)
    assert (said or "") in found.output


def role(*granted: str) -> dict[str, Any]:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statement = {"Effect": "Allow", "Action": list(granted), "Resource": "*"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}],
        },
    }


@pytest.mark.parametrize(
    ("own", "granted", "mode"),
    [
        (ROLE, [], None),
        ("OwnRole", ["logs:PutLogEvents"], None),
        ({"Fn::GetAtt": ["OwnRole", "Arn"]}, ["xray:Put*"], "Active"),
    ],
)
def test_a_role_of_the_services_own_is_not_changed_and_the_statement_is_named(
    foreign: Foreign, own: Any, granted: list[str], mode: str | None
) -> None:
    """Lambda refuses active tracing to a role without the rights, so it is switched on only where they are seen."""
    resources = {"Resources": {"OwnRole": role(*granted)}} if granted else {}
    functions = {"orders": {**ORDERS, "role": own}}
    found = foreign.write(service(functions=functions, resources=resources)).package()
    assert properties(found, "Orders").get("TracingConfig", {}).get("Mode") == mode
    assert properties(found, "PilotlightWarmer")["TracingConfig"] == {"Mode": "Active"}
    if granted:
        assert actions(found, "OwnRole") == set(granted)
    named = "Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords']" in found.output
    assert named == (mode is None)


def test_tracing_that_aws_would_refuse_is_a_warning(foreign: Foreign) -> None:
    functions = {"orders": {**ORDERS, "role": "OwnRole", "tracing": "Active"}}
    resources = {"Resources": {"OwnRole": role("logs:PutLogEvents")}}
    output = foreign.write(service(functions=functions, resources=resources)).package().output
    assert "Lambda refuses active tracing to a role that may not write to X-Ray, as that of orders" in output


ROLES_BY_ANOTHER_PLUGIN = """
module.exports = class {
  constructor(serverless) {
    this.hooks = {
      'before:package:finalize': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        const { AssumeRolePolicyDocument } = Resources.IamRoleLambdaExecution.Properties;
        Resources.OrdersRole = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument } };
        Resources.OrdersLambdaFunction.Properties.Role = { 'Fn::GetAtt': ['OrdersRole', 'Arn'] };
      },
    };
  }
};
"""


@pytest.mark.parametrize("place", [0, 1])
def test_tracing_stays_off_where_another_plugin_makes_a_role_without_the_rights(foreign: Foreign, place: int) -> None:
    """As serverless-iam-roles-per-function does, after the service is complete: Lambda would refuse the deployment."""
    plugins = ["serverless-pilotlight"]
    plugins.insert(place, "./roles.cjs")
    files = {"orders.py": PLAIN_HANDLER, "roles.cjs": ROLES_BY_ANOTHER_PLUGIN}
    found = foreign.write(service(plugins=plugins), files).package()
    assert "TracingConfig" not in properties(found, "Orders")
    assert properties(found, "PilotlightWarmer")["TracingConfig"] == {"Mode": "Active"}
    assert "Tracing stays off where a function has a role of its own" in found.output
    assert "cannot be read here: orders. Add to the role the statement" in found.output


def test_a_role_that_exists_keeps_its_reference_however_long_the_services_name_is(foreign: Foreign) -> None:
    """osls names only the role that it makes."""
    imported = {"Fn::ImportValue": "of-the-platform-team"}
    functions = {"orders": {**ORDERS, "name": "orders"}}
    configuration = service(functions=functions, provider=provider(iam={"role": imported}))
    found = foreign.write({**configuration, "service": "customer-notifications-and-invoices-of-the-shop"}).package()
    assert properties(found, "Orders")["Role"] == properties(found, "PilotlightWarmer")["Role"] == imported


def test_one_role_for_all_is_the_warmers_too_and_its_rights_are_named(foreign: Foreign) -> None:
    found = foreign.write(service(provider=provider(iam={"role": ROLE}))).package()
    assert not found.of_type("AWS::IAM::Role")
    assert properties(found, "PilotlightWarmer")["Role"] == ROLE
    assert "lambda:InvokeFunction on arn:${AWS::Partition}:lambda" in found.output


def test_the_warmers_role_and_log_follow_the_providers_settings(foreign: Foreign) -> None:
    own = {
        "path": "/team/",
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
        "tags": {"team": "shop"},
        "statements": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}],
    }
    found = foreign.write(service(provider=provider(iam={"role": own}, logRetentionInDays=7))).package()
    made = found.resources["WarmerRole"]["Properties"]
    assert (made["Path"], made["PermissionsBoundary"]) == (own["path"], own["permissionsBoundary"])
    assert made["Tags"] == [{"Key": "team", "Value": "shop"}]
    assert "dynamodb:GetItem" not in actions(found, "WarmerRole")
    assert found.resources["PilotlightWarmerLogGroup"]["Properties"]["RetentionInDays"] == 7


def test_the_warmer_has_nothing_of_what_the_provider_gives_to_the_others(foreign: Foreign) -> None:
    """A layer's wrapper, for example, would keep it from starting."""
    settings = provider(
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel", "SECRET": "s", "PILOTLIGHT_SERVICE": "own-name"},
        layers=["arn:aws:lambda:us-east-1:123456789012:layer:otel:1"],
        vpc={"securityGroupIds": ["sg-0123abcd"], "subnetIds": ["subnet-0123abcd"]},
        logs={"lambda": {"logGroup": "/shared/log"}},
        runtimeManagement={"mode": "manual", "arn": "arn:aws:lambda:us-east-1::runtime:0123"},
    )
    found = foreign.write(service(provider=settings)).package()
    warmer = properties(found, "PilotlightWarmer")
    assert variables(found, "PilotlightWarmer").keys() == {
        *("PILOTLIGHT_RATE", "PILOTLIGHT_TARGETS", "PILOTLIGHT_SERVICE")
    }
    assert variables(found, "Orders")["PILOTLIGHT_SERVICE"] == "own-name"
    assert not warmer.get("Layers")
    assert warmer["VpcConfig"]["SubnetIds"] == []
    assert "RuntimeManagementConfig" not in warmer
    assert "LogGroup" not in warmer.get("LoggingConfig", {})
    (log,) = [each for each in statements(found, "WarmerRole") if "logs:PutLogEvents" in each["Action"]]
    assert "/aws/lambda/shop-dev-pilotlightWarmer:" in log["Resource"][0]["Fn::Sub"]


@pytest.mark.parametrize(
    ("runtimes", "expected"),
    [
        (("python3.12", "python3.12"), "python3.12"),
        (("nodejs22.x", "python3.14"), "python3.14"),
        (("python3.10", "python3.10"), "python3.13"),
    ],
)
def test_the_warmer_has_the_services_python(foreign: Foreign, runtimes: tuple[str, str], expected: str) -> None:
    of_provider, of_target = runtimes
    functions = {"orders": {**ORDERS, "runtime": of_target}}
    found = foreign.write(service(functions=functions, provider=provider(runtime=of_provider))).package()
    assert properties(found, "PilotlightWarmer")["Runtime"] == expected


def test_settings_reach_the_targets_as_variables(foreign: Foreign) -> None:
    settings = {
        "targets": [TARGET],
        "downstreamTracing": "otel",
        "metricsNamespace": "Shop",
        "exceptionMessages": True,
    }
    found = foreign.write(service(pilotlight=settings)).package()
    of_orders = variables(found, "Orders")
    assert len(of_orders.pop("PILOTLIGHT_BUILD")) == 16
    assert of_orders == {
        "PILOTLIGHT_SERVICE": "shop-dev",
        "PILOTLIGHT_METRICS_NAMESPACE": "Shop",
        "PILOTLIGHT_EXCEPTION_MESSAGES": "true",
        "PILOTLIGHT_DOWNSTREAM_TRACING": "otel",
    }


OBSERVED = {"targets": [TARGET, {"function": "pay", "concurrency": 1}], "observability": True}


def test_observability_adds_groups_of_the_service_and_alarms_of_each_target(foreign: Foreign) -> None:
    functions = {"orders": REST, "pay": {"handler": "orders.handler", "events": [{"http": "GET /pay"}]}}
    found = foreign.write(service(pilotlight={**OBSERVED, "sampling": 0.5}, functions=functions)).package()
    cfn_lint(found.templates)
    assert {group["GroupName"] for group in found.of_type("AWS::XRay::Group").values()} == {
        "shop-dev-requests",
        "shop-dev-cold",
        "shop-dev-warm",
    }
    assert found.resources["Sampling"]["Properties"]["SamplingRule"]["FixedRate"] == 0.5
    for name in ("OrdersIncompleteCoverage", "PayThrottles", "WarmerErrors", "TicksStopped", "ServerErrors"):
        assert found.resources[name]["Type"] == "AWS::CloudWatch::Alarm"
    # The rule reaches the stage, which the deploy tool sets after a deployment by what serverless.yml says.
    state = json.loads((foreign.folder / ".serverless" / "serverless-state.json").read_text())
    assert state["service"]["provider"]["tracing"]["apiGateway"] is True


def test_observability_of_an_http_api_has_no_sampling_rule(foreign: Foreign) -> None:
    found = foreign.write(service(pilotlight={"targets": [TARGET], "observability": True})).package()
    assert len(found.of_type("AWS::XRay::Group")) == 3
    assert "Sampling" not in found.resources
    state = json.loads((foreign.folder / ".serverless" / "serverless-state.json").read_text())
    assert "tracing" not in state["service"]["provider"]


def test_a_resource_of_the_services_own_is_not_taken_for_the_plugins(foreign: Foreign) -> None:
    own = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "shops", "DashboardBody": "{}"}}
    resources = {"Resources": {"Dashboard": own, "WarmerRole": role("logs:PutLogEvents")}}
    settings = {"targets": [TARGET], "observability": True}
    found = foreign.write(service(pilotlight=settings, resources=resources)).package()
    assert found.resources["Dashboard"] == own
    assert found.resources["PilotlightDashboard"]["Properties"]["DashboardName"] == "shop-dev"
    assert actions(found, "WarmerRole") == {"logs:PutLogEvents"}
    assert properties(found, "PilotlightWarmer")["Role"] == {"Fn::GetAtt": ["PilotlightWarmerRole", "Arn"]}


def test_the_plugins_resources_can_be_extended(foreign: Foreign) -> None:
    changed: dict[str, dict[str, Any]] = {
        "WarmerRole": {"MaxSessionDuration": 3600},
        "TicksStopped": {"AlarmActions": ["arn:aws:sns:of:us"]},
    }
    extensions = {name: {"Properties": each} for name, each in changed.items()}
    settings = {"targets": [TARGET], "observability": True}
    found = foreign.write(service(pilotlight=settings, resources={"extensions": extensions})).package()
    for name, each in changed.items():
        made = found.resources[name]["Properties"]
        assert made.items() >= each.items()
        assert len(made) > len(each)


def test_the_api_and_the_functions_role_stay_the_deploy_tools(foreign: Foreign) -> None:
    """What this project does to its own stage, role and log settings is no business of another service."""
    functions = {"orders": REST}
    settings = provider(logs={"restApi": True})
    configuration = service(functions=functions, provider=settings)
    without = foreign.write({**configuration, "plugins": []}).package()
    found = foreign.write(configuration).package()
    changed = {WARMER, "WarmerRole", "OrdersLambdaFunction", "IamRoleLambdaExecution"}
    for name, resource in without.resources.items():
        if name not in changed and not name.startswith(("OrdersLambdaVersion", "ApiGatewayDeployment")):
            assert masked({name: found.resources[name]}) == masked({name: resource})
    before, after = (statements(each, "IamRoleLambdaExecution") for each in (without, found))
    assert [each for each in after if each not in before] == [
        {"Effect": "Allow", "Action": sorted(XRAY, reverse=True), "Resource": ["*"]}
    ]


def test_the_role_for_api_gateways_logs_is_no_business_of_the_local_engine(foreign: Foreign) -> None:
    """The deploy tool makes it by a function of Node.js, which the engine would try to run without end."""
    configuration = service(functions={"orders": REST}, provider=provider(logs={"restApi": True}))
    account = "CustomApiGatewayAccountCloudWatchRole"
    assert account in foreign.write(configuration).package().resources
    here = Foreign(foreign.folder, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert account not in here.package().resources


def test_a_long_name_is_shortened_only_for_what_is_added(foreign: Foreign) -> None:
    name = "customer-notifications-and-invoices-of-the-shop"
    found = foreign.write({**service(), "service": name}).package("--stage", "feature")
    added = properties(found, "PilotlightWarmer")["FunctionName"]
    assert (len(added), added.endswith("-pilotlightWarmer")) == (64, True)
    assert properties(found, "Orders")["FunctionName"] == f"{name}-feature-orders"


def test_another_plugins_command_finds_the_service_as_it_is_written(foreign: Foreign) -> None:
    """serverless-offline, for example, would start the warmer, which would ping the deployed functions."""
    (foreign.folder / "spy.cjs").write_text(
        "module.exports = class { constructor(serverless) { this.commands = { spy: { lifecycleEvents: ['spy'] } };"
        "this.hooks = { 'spy:spy': () => console.log(Object.keys(serverless.service.functions).join()) }; } };"
    )
    output = foreign.write(service(plugins=["serverless-pilotlight", "./spy.cjs"])).must("spy")
    assert output.split() == ["orders"]


def test_settings_that_are_wrong_keep_nobody_from_removing_the_stack(foreign: Foreign) -> None:
    """`sls info` stands for the commands that need no settings: without credentials it gets as far as AWS."""
    output = foreign.write(service(pilotlight={"targets": [TARGET], "warmer": "order"})).sls("info")
    assert "custom.pilotlight" not in output.text
    assert "credentials" in output.text.lower()


def test_a_pilotlight_in_the_services_folder_is_not_run(foreign: Foreign) -> None:
    files = {"orders.py": PLAIN_HANDLER, "pilotlight/__init__.py": "raise SystemExit('the wrong one')\n"}
    assert WARMER in foreign.write(service(), files).package().resources
