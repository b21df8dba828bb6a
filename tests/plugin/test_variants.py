"""Services as teams have them: each is packaged, and its template is what AWS and the service's users need."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pilotlight_tools.local.deploy_tool import DeployToolError
from tests.support.service import NAME
from tests.support.template import Change, Packaged, actions, cfn_lint, package_service, replaced, statements

pytestmark = pytest.mark.slow
FUNCTIONS_ROLE = "IamRoleLambdaExecution"
API = f"{NAME}-prod-api"
OF_API = "    description: The API of handler.py\n"
"""A line of functions.api, after which a variant adds its own."""
Package = Callable[..., Packaged]


@pytest.fixture
def package(sample_project: Path, tmp_path: Path) -> Package:
    def package(
        *changes: Change,
        stage: str = "prod",
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> Packaged:
        def change(text: str) -> str:
            for each in changes:
                text = each(text)
            return text

        found = package_service(
            sample_project, tmp_path / "service", ["--stage", stage, *arguments], environment, change
        )
        cfn_lint(found.templates)
        return found

    return package


def api_with(lines: str) -> Change:
    return replaced(OF_API, OF_API + lines)


def function(lines: str) -> Change:
    return replaced("\ncustom:\n", f"{lines}\ncustom:\n")


def provider(lines: str) -> Change:
    return replaced("  apiGateway:\n", f"{lines}  apiGateway:\n")


def resources(lines: str) -> Change:
    return lambda text: text + lines


def variables(package: Packaged, function: str) -> dict[str, Any]:
    found: dict[str, Any] = package.resources[f"{function}LambdaFunction"]["Properties"]["Environment"]["Variables"]
    return found


def targets(package: Packaged) -> list[str]:
    return [target["function"] for target in json.loads(variables(package, "Warmer")["PILOTLIGHT_TARGETS"])]


def invoked(package: Packaged) -> list[str]:
    (found,) = [each for each in statements(package, "WarmerRole") if each["Action"] == ["lambda:InvokeFunction"]]
    return [arn["Fn::Sub"].rpartition(":function:")[2] for arn in found["Resource"]]


@pytest.mark.parametrize(
    ("setting", "alias"),
    [
        ("    provisionedConcurrency: 2\n", "provisioned"),
        ("    snapStart: true\n", "snapstart"),
        ("    durableConfig: { executionTimeout: 60 }\n", "durable"),
    ],
)
def test_the_pool_that_users_reach_is_the_pool_that_is_pinged(package: Package, setting: str, alias: str) -> None:
    """osls aims the API at an alias; the target, the role and the concurrency look-up follow."""
    found = package(api_with(setting))
    integrations = [each["Integration"]["Uri"] for each in found.of_type("AWS::ApiGateway::Method").values()]
    assert all(alias in uri["Fn::Join"][1] for uri in integrations)
    assert targets(found) == invoked(found) == [f"{API}:{alias}"]
    (look_up,) = [each for each in statements(found, "WarmerRole") if "GetFunctionConcurrency" in each["Action"][0]]
    assert [arn["Fn::Sub"].rpartition(":function:")[2] for arn in look_up["Resource"]] == [API]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([replaced("- function: api\n", "- function: api\n        alias: live\n")], "alias: $LATEST"),
        (
            [
                api_with("    provisionedConcurrency: 2\n"),
                replaced("- function: api\n", "- function: api\n        alias: $LATEST\n"),
            ],
            "alias: provisioned",
        ),
    ],
)
def test_another_pool_than_the_users_is_refused_with_the_line_to_write(
    package: Package, changes: list[Change], line: str
) -> None:
    with pytest.raises(DeployToolError, match="would prove execution environments that no user reaches") as error:
        package(*changes)
    assert f"Add `{line}` to the target `function: api`" in str(error.value)


def test_an_alias_of_another_plugins_making_can_be_named(package: Package) -> None:
    """Where the API invokes it too; here by a resource of the service's own."""
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    extension = "  - extensions:\n" + "".join(
        f"      {method}:\n        Properties:\n          Integration:\n            Type: AWS_PROXY\n"
        "            IntegrationHttpMethod: POST\n"
        f"            Uri: {{ 'Fn::Join': ['', ['{uri}', {{ 'Fn::GetAtt': [ApiLambdaFunction, Arn] }}, ':', live, "
        "'/invocations']] }\n"
        for method in ("ApiGatewayMethodAny", "ApiGatewayMethodProxyVarAny")
    )
    found = package(replaced("- function: api\n", "- function: api\n        alias: live\n"), resources(extension))
    assert targets(found) == [f"{API}:live"]


def test_long_names_are_shortened_with_a_hash(package: Package) -> None:
    """X-Ray takes 32 characters for a group and a rule, IAM 64 for a role."""

    found = package(replaced(f"service: {NAME}", "service: customer-notifications-api"), stage="feature-1234-new-login")
    groups = [group["GroupName"] for group in found.of_type("AWS::XRay::Group").values()]
    assert all(len(group) <= 32 for group in groups)
    assert {group.rpartition("-")[2] for group in groups} == {"requests", "cold", "warm"}
    rule = found.resources["Sampling"]["Properties"]["SamplingRule"]
    assert len(rule["RuleName"]) <= 32
    assert len(rule["ServiceName"]) <= 64
    assert all(
        isinstance(role["RoleName"], str) and len(role["RoleName"]) <= 64
        for role in found.of_type("AWS::IAM::Role").values()
    )
    assert variables(found, "Api")["PILOTLIGHT_SERVICE"] == "customer-notifications-api-feature-1234-new-login"


def test_nothing_of_observability_is_computed_where_it_is_left_out(package: Package) -> None:
    found = package(arguments=("--param", "observability=false"))
    kinds = {each["Type"] for each in found.resources.values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::XRay::", "AWS::CloudWatch::"))]


def test_names_come_from_the_deploy_tool(package: Package) -> None:
    """A service may name its API and its functions as it likes."""
    found = package(
        replaced("apiName: ${self:service}-${sls:stage}", "apiName: my-${sls:stage}-api"),
        api_with("    name: custom-function\n"),
    )
    assert targets(found) == invoked(found) == ["custom-function"]
    assert variables(found, "Warmer")["PILOTLIGHT_SERVICE"] == f"{NAME}-prod"
    alarm = found.resources["ServerErrors"]["Properties"]
    assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {"ApiName": "my-prod-api", "Stage": "prod"}
    assert found.resources["Sampling"]["Properties"]["SamplingRule"]["ServiceName"] == "my-prod-api/prod"
    log = found.resources["ApiLogGroup"]["Properties"]["LogGroupName"]
    body = found.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert log == "/aws/lambda/custom-function"
    assert f"SOURCE '{log}'" in body


ROLE = """  iam:
    role:
      path: /team/
      permissionsBoundary: arn:aws:iam::123456789012:policy/boundary
      tags: { team: shop }
      statements:
        - { Effect: Allow, Action: 'dynamodb:GetItem', Resource: 'arn:aws:dynamodb:*:123456789012:table/a' }
"""


def test_what_the_service_says_of_its_role_reaches_every_role(package: Package) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    shared = f"  kmsKeyArn: {key}\n  tags: {{ cost: shop }}\n"

    def change(text: str) -> str:
        start, end = text.index("  iam:\n"), text.index("  apiGateway:\n")
        return text[:start] + ROLE + shared + text[end:]

    found = package(change, arguments=("--param", "logRetention=7"))
    roles = found.of_type("AWS::IAM::Role")
    assert roles.keys() == {FUNCTIONS_ROLE, "WarmerRole"}
    for role, properties in roles.items():
        assert properties["Path"] == "/team/"
        assert properties["PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/boundary"
        assert properties["Tags"] == [{"Key": "team", "Value": "shop"}]
        assert "kms:Decrypt" in actions(found, role)
    assert "dynamodb:GetItem" in actions(found, FUNCTIONS_ROLE)
    assert "dynamodb:GetItem" not in actions(found, "WarmerRole")
    assert found.resources["ApiStage"]["Properties"]["Tags"] == [{"Key": "cost", "Value": "shop"}]
    assert {log["RetentionInDays"] for log in found.of_type("AWS::Logs::LogGroup").values()} == {7}


def test_a_role_of_the_services_own_is_left_to_it(package: Package) -> None:
    role = "arn:aws:iam::123456789012:role/of-the-platform-team"

    def change(text: str) -> str:
        start, end = text.index("  iam:\n"), text.index("  apiGateway:\n")
        return f"{text[:start]}  iam: {{ role: {role} }}\n{text[end:]}"

    found = package(change)
    assert not found.of_type("AWS::IAM::Role")
    assert {each["Role"] for each in found.of_type("AWS::Lambda::Function").values()} == {role}


SECOND = """
  orders:
    handler: handler.handler
    events:
      - http: { path: /orders, method: get }
"""


def test_a_second_target_has_its_own_rights_widgets_and_alarms(package: Package) -> None:
    found = package(
        function(SECOND),
        replaced("      - function: api\n", "      - { function: orders, concurrency: 1 }\n      - function: api\n"),
    )
    orders = f"{NAME}-prod-orders"
    assert set(targets(found)) == set(invoked(found)) == {API, orders}
    (logs,) = [each for each in statements(found, FUNCTIONS_ROLE) if "logs:PutLogEvents" in each["Action"]]
    assert {arn["Fn::Sub"].rpartition("/")[2] for arn in logs["Resource"]} == {f"{API}:*", f"{orders}:*"}
    alarms = {alarm["AlarmName"] for alarm in found.of_type("AWS::CloudWatch::Alarm").values()}
    for name in (API, orders):
        assert {f"{name}-incomplete-coverage", f"{name}-throttles"} <= alarms
    body = found.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    titles = {widget["properties"].get("title") for widget in json.loads(body)["widgets"]}
    assert {
        "Coverage of ticks (api)",
        "Coverage of ticks (orders)",
        "Throttles, and errors pings included (orders)",
    } <= titles


def test_a_vpc_brings_its_rights_and_the_warmer_stays_outside(package: Package) -> None:
    """It calls the Lambda API alone; the deploy tool's role has AWSLambdaVPCAccessExecutionRole."""
    found = package(provider("  vpc: { securityGroupIds: [sg-0123abcd], subnetIds: [subnet-0123abcd] }\n"))
    assert found.resources["ApiLambdaFunction"]["Properties"]["VpcConfig"]["SubnetIds"] == ["subnet-0123abcd"]
    warmer = found.resources["WarmerLambdaFunction"]["Properties"]["VpcConfig"]
    assert warmer["SubnetIds"] == warmer["SecurityGroupIds"] == []
    assert "AWSLambdaVPCAccessExecutionRole" in json.dumps(
        found.resources[FUNCTIONS_ROLE]["Properties"]["ManagedPolicyArns"]
    )
    assert "ManagedPolicyArns" not in found.resources["WarmerRole"]["Properties"]


def test_with_an_api_key_every_route_asks_for_it(package: Package) -> None:
    found = package(arguments=("--param", "apiKey=true"))
    methods = found.of_type("AWS::ApiGateway::Method").values()
    assert {method["ApiKeyRequired"] for method in methods} == {True}
    assert len(found.of_type("AWS::ApiGateway::ApiKey")) == 1


def test_without_the_parameter_there_is_no_api_key(package: Package) -> None:
    kinds = {each["Type"] for each in package().resources.values()}
    assert not kinds & {"AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan"}


@pytest.mark.parametrize(
    ("origins", "literal"),
    [("*", "'*'"), ("https://shop.example", "'https://shop.example'"), ("https://a.b,https://c.d", None)],
)
def test_api_gateways_own_responses_name_one_origin_or_all(package: Package, origins: str, literal: str | None) -> None:
    """A literal is all that they can say; the functions choose among several."""
    found = package(arguments=("--param", f"corsOrigins={origins}"))
    for response in found.of_type("AWS::ApiGateway::GatewayResponse").values():
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert response["ResponseParameters"].get(header) == literal
    assert variables(found, "Api")["PILOTLIGHT_CORS_ORIGINS"] == origins


ASSOCIATIONS = """  - Resources:
      Mapping:
        Type: AWS::ApiGateway::BasePathMapping
        Properties: { DomainName: api.example.com, RestApiId: !Ref ApiGatewayRestApi, Stage: prod }
      Firewall:
        Type: AWS::WAFv2::WebACLAssociation
        Properties:
          ResourceArn: !Sub 'arn:aws:apigateway:${AWS::Region}::/restapis/${ApiGatewayRestApi}/stages/prod'
          WebACLArn: arn:aws:wafv2:us-east-1:123456789012:regional/webacl/one/1
"""


def test_what_names_the_stage_waits_for_it(package: Package) -> None:
    """CloudFormation would make these first and fail: they name the stage without a reference to it."""
    found = package(resources(ASSOCIATIONS), arguments=("--param", "apiKey=true"))
    waiting = ("ApiGateway::UsagePlan", "ApiGateway::ApiKey", "ApiGateway::BasePathMapping", "WAFv2::WebACLAssociation")
    for kind in waiting:
        (each,) = [each for each in found.resources.values() if each["Type"] == f"AWS::{kind}"]
        assert "ApiStage" in each["DependsOn"], kind


AUTHORIZED = """
  authorizer:
    handler: handler.handler
  private:
    handler: handler.handler
    events:
      - http: { path: /private, method: get, authorizer: authorizer }
      - http:
          path: /members
          method: get
          authorizer: { name: members, arn: 'arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_1' }
"""


def test_lambda_authorizers_and_cognito_are_deployed_as_they_are(package: Package) -> None:
    found = package(function(AUTHORIZED))
    kinds = {each["Type"] for each in found.of_type("AWS::ApiGateway::Authorizer").values()}
    assert kinds == {"TOKEN", "COGNITO_USER_POOLS"}
    assert targets(found) == [API]


WORKERS = """
  worker:
    handler: handler.handler
    events:
      - sqs: { arn: !GetAtt Queue.Arn }
  nightly:
    handler: handler.handler
    events:
      - schedule: cron(0 3 * * ? *)
"""
TABLE_AND_QUEUE = """  - Resources:
      Queue: { Type: AWS::SQS::Queue, DeletionPolicy: Delete, UpdateReplacePolicy: Delete }
      Table:
        Type: AWS::DynamoDB::Table
        DeletionPolicy: Retain
        UpdateReplacePolicy: Retain
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
          KeySchema: [{ AttributeName: id, KeyType: HASH }]
"""


def test_workers_cron_jobs_and_tables_stand_beside_the_warmer(package: Package) -> None:
    found = package(
        function(WORKERS),
        resources(TABLE_AND_QUEUE),
        replaced(
            "statements: []", "statements: [{ Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt Table.Arn }]"
        ),
    )
    assert {"dynamodb:GetItem", "sqs:ReceiveMessage"} <= actions(found, FUNCTIONS_ROLE)
    assert targets(found) == [API]
    rules = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]: rule for rule in found.of_type("AWS::Events::Rule").values()}
    assert rules["WarmerLambdaFunction"]["ScheduleExpression"] == "rate(5 minutes)"
    assert rules["NightlyLambdaFunction"]["ScheduleExpression"] == "cron(0 3 * * ? *)"


OTHER_PLATFORM = """
  legacy:
    handler: handler.handler
    runtime: python3.12
    architecture: x86_64
"""


def test_a_function_of_another_platform_gets_a_package_built_for_it(package: Package) -> None:
    found = package(function(OTHER_PLATFORM))
    functions = found.of_type("AWS::Lambda::Function")
    keys = {name: each["Code"]["S3Key"].rpartition("/")[2] for name, each in functions.items()}
    assert keys["ApiLambdaFunction"] == keys["WarmerLambdaFunction"] == f"{NAME}.zip"
    assert keys["LegacyLambdaFunction"] == f"{NAME}-python3.12-x86_64.zip"
    assert (found.folder / ".serverless" / keys["LegacyLambdaFunction"]).exists()
    for platform in ("python3.13 on arm64", "python3.12 on x86_64"):
        assert f"Package for {platform}" in found.output


DOMAINS = """  customDomain: { domainName: api.example.com, basePath: v1 }
  customDomains:
    - rest: { domainName: other.example.com }
"""


def test_custom_domains_are_switched_off_for_an_engine_on_this_machine(package: Package) -> None:
    """As serverless-domain-manager reads it: `enabled` of each domain."""
    endpoint = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    found = package(replaced("\ncustom:\n", f"\ncustom:\n{DOMAINS}"), environment=endpoint)
    assert "Custom domains are switched off" in found.output
    state = json.loads((found.folder / ".serverless" / "serverless-state.json").read_text())
    custom = state["service"]["custom"]
    assert custom["customDomain"]["enabled"] is custom["customDomains"][0]["rest"]["enabled"] is False


@pytest.mark.parametrize("setting", ["off", "arn:aws:iam::123456789012:role/logs"])
def test_the_accounts_role_for_logs_is_a_choice(package: Package, setting: str) -> None:
    """`auto` reads the account, and only when deploying: see tests/end_to_end/test_after_deployment.py."""
    found = package(arguments=("--param", f"apiGatewayAccount={setting}"))
    accounts = [name for name, each in found.resources.items() if each["Type"] == "AWS::ApiGateway::Account"]
    if setting == "off":
        assert not accounts
        assert "DependsOn" not in found.resources["ApiStage"]
        return
    account = found.resources[accounts[0]]
    assert (account["Properties"], account["DeletionPolicy"]) == ({"CloudWatchRoleArn": setting}, "Retain")
    assert found.resources["ApiStage"]["DependsOn"] == accounts
