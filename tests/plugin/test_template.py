"""The CloudFormation template of each stage, as `sls package` creates it, offline and without credentials.

The dashboard, the groups and the alarms are compared with what the code emits: a renamed annotation or metric fails
here.
"""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import pytest

from pilotlight import metrics
from pilotlight.environment import START_TYPES, ExecutionEnvironment
from pilotlight.tracing import Record, Tracer
from pilotlight_tools.dashboard_preview.__main__ import main as draw
from pilotlight_tools.dashboard_preview.drawing import digest
from pilotlight_tools.local.deploy_tool import DeployTool
from pilotlight_tools.local.xray.filters import compile_filter
from tests.support.dashboards import assert_filled, widgets
from tests.support.project import PROJECT
from tests.support.service import NAME
from tests.support.template import Packaged, actions, cfn_lint, package_service, statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilotlight.environment import Kind, Start

pytestmark = pytest.mark.slow
STARTS = cast("tuple[Start, ...]", START_TYPES)
TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
FUNCTIONS_ROLE = "IamRoleLambdaExecution"
"""The role that the deploy tool makes for every function without one of its own."""


@pytest.fixture(scope="module")
def packaged(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def package(stage: str, *arguments: str, endpoint: str | None = None) -> Packaged:
        folder = tmp_path_factory.mktemp(stage) / "service"
        environment = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
        return package_service(sample_project, folder, ["--stage", stage, *arguments], environment)

    return package


@pytest.fixture(scope="module")
def prod(packaged: Any) -> Packaged:
    result: Packaged = packaged("prod")
    return result


def test_cfn_lint_accepts_every_stage(packaged: Any) -> None:
    templates = [path for stage in ("prod", "dev", "local") for path in packaged(stage).templates]
    assert len(templates) == 6
    cfn_lint(templates)


def test_nothing_in_it_is_deprecated(prod: Packaged) -> None:
    assert "deprecat" not in prod.output.lower()
    assert "warning" not in prod.output.lower()


def test_the_warmer_may_invoke_exactly_its_targets(prod: Packaged) -> None:
    variables = prod.resources["WarmerLambdaFunction"]["Properties"]["Environment"]["Variables"]
    targets = {target["function"] for target in json.loads(variables["PILOTLIGHT_TARGETS"])}
    invokes = [found for found in statements(prod, "WarmerRole") if "lambda:InvokeFunction" in found["Action"]]
    assert {arn["Fn::Sub"].rpartition(":function:")[2] for found in invokes for arn in found["Resource"]} == targets
    assert targets == {f"{NAME}-prod-api"}


def test_the_api_may_call_nothing(prod: Packaged) -> None:
    assert actions(prod, FUNCTIONS_ROLE) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }


@pytest.mark.parametrize(("function", "role"), [("Api", "IamRoleLambdaExecution"), ("Warmer", "WarmerRole")])
def test_the_warmer_has_a_role_of_its_own(prod: Packaged, function: str, role: str) -> None:
    """A function writes only its own log, and has a wildcard only for actions without a resource."""
    assert prod.resources[f"{function}LambdaFunction"]["Properties"]["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    assert not [action for action in actions(prod, role) if "*" in action]
    for found in statements(prod, role):
        if found["Action"][0].startswith("logs:"):
            (log,) = found["Resource"]
            assert log["Fn::Sub"].endswith(f":log-group:/aws/lambda/{NAME}-prod-{function.lower()}:*")
        elif found["Resource"] in ("*", ["*"]):
            assert set(found["Action"]) <= {
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "lambda:GetAccountSettings",
            }


def test_no_role_may_make_or_pass_roles(prod: Packaged) -> None:
    """osls's own resource for API Gateway's log role would leave a function behind that may do both."""
    assert not [found for found in prod.resources.values() if found["Type"].startswith("Custom::")]
    for role in prod.of_type("AWS::IAM::Role"):
        assert not [action for action in actions(prod, role) if action.startswith("iam:") or action == "*"]


def test_the_schedule_ticks_the_warmer_and_is_not_retried(prod: Packaged) -> None:
    (rule,) = prod.of_type("AWS::Events::Rule").values()
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    assert rule["Targets"][0]["Arn"] == {"Fn::GetAtt": ["WarmerLambdaFunction", "Arn"]}
    (queue,) = prod.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert (queue["MaximumRetryAttempts"], queue["MaximumEventAgeInSeconds"]) == (0, 60)
    assert queue["FunctionName"] == {"Ref": "WarmerLambdaFunction"}


def test_the_warmer_knows_its_rate_and_its_targets_timeouts(packaged: Any) -> None:
    package = packaged("dev", "--param", "rate=rate(1 minute)")
    warmer = package.resources["WarmerLambdaFunction"]["Properties"]
    assert warmer["Timeout"] < 60
    variables = warmer["Environment"]["Variables"]
    assert variables["PILOTLIGHT_RATE"] == "rate(1 minute)"
    (target,) = json.loads(variables["PILOTLIGHT_TARGETS"])
    assert target["timeout"] == package.resources["ApiLambdaFunction"]["Properties"]["Timeout"] == 10


@pytest.mark.parametrize(
    ("schedule", "refused"),
    [
        ("rate(1 minute)", True),
        ("cron(* * * * ? *)", True),
        ("[rate(5 minutes), rate(1 minute)]", True),
        ("rate(2 minutes)", False),
        ("cron(0/5 * * * ? *)", False),
    ],
)
def test_a_schedule_whose_ticks_could_overlap_is_refused(
    sample_project: Path, tmp_path: Path, schedule: str, refused: bool
) -> None:
    tool = DeployTool(tmp_path / "service", {}, sample_project)
    configuration = tool.folder / "serverless.yml"
    changed = configuration.read_text().replace("timeout: 50", "timeout: 60")
    configuration.write_text(changed.replace("rate: ${param:rate}", f"rate: {schedule}"))
    output = tool.run("package", "--stage", "dev")
    assert (output.exit_code != 0) == refused, output.text
    if refused:
        (line,) = [line for line in output.text.splitlines() if "starts the next tick after 60 s" in line]
        assert "The warmer may run for 60 s" in line


def test_everything_is_traced(prod: Packaged) -> None:
    functions = ("ApiLambdaFunction", "WarmerLambdaFunction")
    modes = {prod.resources[name]["Properties"]["TracingConfig"]["Mode"] for name in functions}
    assert modes == {"Active"}
    assert stage_of(prod)["TracingEnabled"] is True


def test_every_log_has_a_retention(prod: Packaged) -> None:
    logs = prod.of_type("AWS::Logs::LogGroup")
    assert len(logs) >= 3
    assert {log["RetentionInDays"] for log in logs.values()} == {90}


def test_the_stage_throttles_and_logs_as_json(prod: Packaged) -> None:
    (settings,) = stage_of(prod)["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 500)
    assert settings["MetricsEnabled"] is False


def test_the_access_log_has_what_joins_it_to_the_functions_log_and_to_traces(prod: Packaged) -> None:
    """The variables are those of "Variables for access logging for API Gateway"; without a value each is a bare `-`.

    `$context.integration.requestId` is the AWS endpoint's request id, which for AWS_PROXY is Lambda's of the
    invocation; `$context.error.responseType` is the type of the gateway response.
    """
    form = stage_of(prod)["AccessLogSetting"]["Format"]
    line = json.loads(re.sub(r"\$context\.[A-Za-z.]+", "-", form))
    assert set(line.values()) == {"-"}
    variables = json.loads(form)
    assert {name: variables[name] for name in ("integrationRequestId", "errorType", "xrayTraceId", "latencyMs")} == {
        "integrationRequestId": "$context.integration.requestId",
        "errorType": "$context.error.responseType",
        "xrayTraceId": "$context.xrayTraceId",
        "latencyMs": "$context.responseLatency",
    }


def test_api_gateways_own_responses_have_the_apis_form(prod: Packaged) -> None:
    responses = prod.of_type("AWS::ApiGateway::GatewayResponse")
    assert {response["ResponseType"] for response in responses.values()} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for response in responses.values():
        assert {"gatewayresponse.header.Access-Control-Allow-Origin", "gatewayresponse.header.X-Request-Id"} <= (
            response["ResponseParameters"].keys()
        )
        template = response["ResponseTemplates"]["application/json"].replace(
            "$context.error.messageString", '"Forbidden"'
        )
        assert json.loads(template).keys() == {"error", "detail"}
    (deployment,) = (each for each in prod.resources.values() if each["Type"] == "AWS::ApiGateway::Deployment")
    assert responses.keys() <= set(deployment["DependsOn"])


def test_the_stage_serves_the_deployment_of_this_template(prod: Packaged) -> None:
    """osls would make a stage of its own beside ours if the deployment kept its StageName."""
    ((name, deployment),) = prod.of_type("AWS::ApiGateway::Deployment").items()
    assert stage_of(prod)["DeploymentId"] == {"Ref": name}
    assert "StageName" not in deployment


def test_params_of_the_command_line_are_applied(packaged: Any) -> None:
    changed = ["warmer=false", "concurrency=7", f"alarmTopic={TOPIC}", "sampling=0.5", "logRetention=30"]
    package = packaged("dev", *[part for change in changed for part in ("--param", change)])
    (rule,) = package.of_type("AWS::Events::Rule").values()
    assert rule["State"] == "DISABLED"
    variables = package.resources["WarmerLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert json.loads(variables["PILOTLIGHT_TARGETS"])[0]["concurrency"] == 7
    assert all(alarm["AlarmActions"] == [TOPIC] for alarm in package.of_type("AWS::CloudWatch::Alarm").values())
    assert float(package.resources["Sampling"]["Properties"]["SamplingRule"]["FixedRate"]) == 0.5


def test_without_a_topic_alarms_have_no_actions(prod: Packaged) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) == 5
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [] for alarm in alarms.values())


@pytest.mark.parametrize(
    ("group", "starts"),
    [
        ("UserRequests", STARTS),
        ("ColdRequests", ["cold"]),
        ("WarmRequests", [start for start in STARTS if start != "cold"]),
    ],
)
def test_the_groups_find_what_the_handler_records(prod: Packaged, group: str, starts: Sequence[Start]) -> None:
    """A record made by the code itself, against the filter by X-Ray's grammar: only requests of its starts match."""
    found = prod.resources[group]["Properties"]
    holds = compile_filter(found["FilterExpression"], lambda _: "")
    assert [start for start in STARTS if holds(summary("request", start))] == list(starts)
    for start in starts:
        assert not holds(summary("ping", start))
        assert not holds(summary("request", start, service="another-prod"))
    assert len(found["GroupName"]) <= 32


def test_the_sampling_rule_is_of_this_stage(prod: Packaged) -> None:
    rule = prod.resources["Sampling"]["Properties"]["SamplingRule"]
    (api,) = prod.of_type("AWS::ApiGateway::RestApi").values()
    assert rule["ServiceName"] == f"{api['Name']}/{stage_of(prod)['StageName']}"
    assert rule["FixedRate"] == 0.05


def test_one_stage_with_one_target_stays_inside_the_free_tier(prod: Packaged) -> None:
    """Ten custom metrics, ten alarms and three dashboards for the account ("Amazon CloudWatch pricing")."""
    assert len(emitted()) <= 10
    assert len(watched_by_alarms(prod)) <= 10
    assert len(prod.of_type("AWS::CloudWatch::Dashboard")) == 1


def test_the_deployment_bucket_blocks_public_access(prod: Packaged) -> None:
    (bucket,) = prod.of_type("AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_dashboard_shows_metrics_that_are_emitted(prod: Packaged) -> None:
    shown = {(metric[1], *metric[2::2]) for metric in dashboard_metrics(prod) if metric[0] == metrics.NAMESPACE}
    assert shown <= emitted()
    assert {name for name, *_ in shown} >= {
        *metrics.START_METRICS.values(),
        metrics.COVERAGE,
        "PingFailures",
        "PingThrottles",
    }
    assert {metric[3] for metric in dashboard_metrics(prod) if metric[0] == metrics.NAMESPACE} == {f"{NAME}-prod"}


def test_the_alarms_watch_metrics_that_are_emitted(prod: Packaged) -> None:
    own = [each for each in watched_by_alarms(prod) if each["Namespace"] == metrics.NAMESPACE]
    assert {each["MetricName"] for each in own} == {"IncompleteTick", "PingThrottles"}
    for each in own:
        assert (each["MetricName"], *(dimension["Name"] for dimension in each["Dimensions"])) in emitted()


def test_metrics_and_logs_are_of_what_the_template_makes(prod: Packaged) -> None:
    functions = {function["FunctionName"] for function in prod.of_type("AWS::Lambda::Function").values()}
    (api,) = prod.of_type("AWS::ApiGateway::RestApi").values()
    groups = {group["GroupName"] for group in prod.of_type("AWS::XRay::Group").values()}
    known = {
        "FunctionName": functions,
        "Function": functions,
        "ApiName": {api["Name"]},
        "Stage": {"prod"},
        "GroupName": groups,
        "Service": {f"{NAME}-prod"},
    }
    watched = [dict(zip(metric[2::2], metric[3::2], strict=True)) for metric in dashboard_metrics(prod)]
    watched += [
        {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
        for metric in watched_by_alarms(prod)
    ]
    for dimensions in watched:
        for name, value in dimensions.items():
            assert value in known[name], (name, value)
    logs = {log["LogGroupName"] for log in prod.of_type("AWS::Logs::LogGroup").values()}
    queries = [widget["properties"]["query"] for widget in widgets(prod) if widget["type"] == "log"]
    assert queries
    assert {re.match(r"SOURCE '([^']+)'", query)[1] for query in queries} <= logs  # type: ignore[index]


def test_the_dashboards_expressions_name_their_metrics(prod: Packaged) -> None:
    for widget in widgets(prod):
        entries = widget["properties"].get("metrics", [])
        ids = {entry[-1]["id"] for entry in entries if "id" in entry[-1]}
        for entry in entries:
            if "expression" in entry[0]:
                assert set(re.findall(r"\b[a-z]+\d*\b", entry[0]["expression"])) <= ids


def test_the_dashboard_fills_its_grid(prod: Packaged) -> None:
    assert_filled(widgets(prod))


def test_the_dashboard_leads_to_the_traces_of_its_groups_in_its_own_time_range(prod: Packaged) -> None:
    """X-Ray's console takes a time range of up to six hours in a link ("Console deep linking")."""
    body = json.loads(prod.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert body["start"] == "-PT6H"
    markdown = next(widget["properties"]["markdown"] for widget in widgets(prod) if widget["type"] == "text")
    for group in prod.of_type("AWS::XRay::Group").values():
        assert f"#/traces?timeRange=PT6H&filter={quote(group['FilterExpression'], safe='')}" in markdown


def test_the_dashboard_begins_with_all_user_requests_and_ends_with_what_counts_pings(prod: Packaged) -> None:
    graphs = [widget["properties"] for widget in widgets(prod) if widget["type"] == "metric"]
    assert [graph["title"] for graph in graphs[:4]] == [
        "Cold-start rate of all user requests",
        "Response time at API Gateway",
        "Requests at API Gateway",
        "Errors at API Gateway",
    ]
    of_namespace = [{metric[0] for metric in graph["metrics"] if isinstance(metric[0], str)} for graph in graphs]
    assert of_namespace[:4] == [{metrics.NAMESPACE, "AWS/ApiGateway"}, *[{"AWS/ApiGateway"}] * 3]
    lambdas = [graph for graph, found in zip(graphs, of_namespace, strict=True) if "AWS/Lambda" in found]
    assert graphs.index(lambdas[0]) > max(index for index, found in enumerate(of_namespace) if found <= {"Pilotlight"})
    assert all("pings included" in graph["title"] for graph in lambdas)


def test_the_cold_start_rate_is_of_all_requests(prod: Packaged) -> None:
    rate = next(each for each in widgets(prod) if each["properties"].get("title", "").startswith("Cold-start rate"))
    (shown, *parts) = rate["properties"]["metrics"]
    assert shown[0]["expression"] == "100 * (FILL(starts0, 0)) / requests0"
    by_id = {metric[-1]["id"]: (metric[0], metric[1], metric[-1]["stat"]) for metric in parts}
    assert by_id == {
        "starts0": (metrics.NAMESPACE, "ColdStart", "Sum"),
        "requests0": ("AWS/ApiGateway", "Count", "Sum"),
    }


def test_the_inits_on_the_dashboard_are_those_of_the_start_lines(prod: Packaged) -> None:
    (query,) = [widget["properties"]["query"] for widget in widgets(prod) if widget["type"] == "log"]
    named = set(re.findall(r"(?:ispresent|pct|max)\((\w+)", query))
    assert named <= set(lines_of_starts()[0])
    assert named == {"ColdStart", "init_ms"}


def test_the_dashboard_shows_every_alarm(prod: Packaged) -> None:
    (shown,) = [widget["properties"]["alarms"] for widget in widgets(prod) if widget["type"] == "alarm"]
    names = {arn.rpartition(":alarm:")[2] for arn in shown}
    assert names == {alarm["AlarmName"] for alarm in prod.of_type("AWS::CloudWatch::Alarm").values()}


def test_the_dashboard_can_be_drawn(prod: Packaged, tmp_path: Path) -> None:
    picture = tmp_path / "dashboard.png"
    assert draw([str(picture), "--template", str(prod.templates[-1])]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_readmes_picture_is_of_this_dashboard(prod: Packaged) -> None:
    """Where this fails, draw it again: pilotlight_tools/dashboard_preview/__main__.py says how."""
    body = json.loads(prod.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert digest(body).encode() in (PROJECT / "docs" / "dashboard.png").read_bytes()


def test_drawing_a_stage_without_a_dashboard_says_why(packaged: Any, tmp_path: Path, capsys: Any) -> None:
    assert draw([str(tmp_path / "none.png"), "--template", str(packaged("local").templates[-1])]) == 1
    assert "its stage has `observability: false`" in capsys.readouterr().err


def test_a_stage_without_observability_has_no_xray_or_cloudwatch_resources(packaged: Any) -> None:
    kinds = {found["Type"] for found in packaged("local").resources.values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::XRay::", "AWS::CloudWatch::"))]


def test_the_local_engine_gets_no_resources_that_it_does_not_support(packaged: Any) -> None:
    """Any stage can be deployed to the engine: no X-Ray resources, no function of osls's, and both are reported."""
    package = packaged("prod", endpoint="http://127.0.0.1:4566")
    kinds = {found["Type"] for found in package.resources.values()}
    assert "AWS::CloudWatch::Dashboard" in kinds
    assert not [kind for kind in kinds if kind.startswith(("AWS::XRay::", "Custom::"))]
    assert "cannot make them: UserRequests, ColdRequests, WarmRequests, Sampling, ApiThrottles." in package.output
    assert "for the local engine at http://127.0.0.1:4566" in package.output


def test_an_endpoint_that_is_not_this_machine_is_aws(packaged: Any) -> None:
    package = packaged("prod", endpoint="https://vpce-1.lambda.us-east-1.vpce.amazonaws.com")
    assert package.of_type("AWS::XRay::Group")


def stage_of(package: Packaged) -> dict[str, Any]:
    (stage,) = package.of_type("AWS::ApiGateway::Stage").values()
    result: dict[str, Any] = stage
    return result


def watched_by_alarms(package: Packaged) -> list[dict[str, Any]]:
    """Every metric of every alarm, by its namespace, name and dimensions."""
    found = []
    for alarm in package.of_type("AWS::CloudWatch::Alarm").values():
        parts = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        found += parts or [alarm]
    return found


def dashboard_metrics(package: Packaged) -> list[list[str]]:
    """Namespace, name and dimensions of each metric shown, without expressions and options."""
    entries = [entry for widget in widgets(package) for entry in widget["properties"].get("metrics", [])]
    return [[part for part in entry if isinstance(part, str)] for entry in entries if isinstance(entry[0], str)]


def lines_of_starts() -> list[dict[str, Any]]:
    """The line of a cold start, as the code writes it."""
    lines = io.StringIO()
    with redirect_stdout(lines):
        metrics.emit_start("cold", 1.0, "request-1")
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@cache
def emitted() -> set[tuple[str, ...]]:
    """(metric, its dimensions' names) of every metric that the code writes, from the lines it writes."""
    lines = io.StringIO()
    result = dict.fromkeys((*metrics.TICK_METRICS.values(), "coverage", "complete"), 0)
    with redirect_stdout(lines):
        for start in metrics.START_METRICS:
            metrics.emit_start(start, 1.0, "request-1")
        metrics.emit_tick({**result, "function": "api"})
    found = set()
    for line in lines.getvalue().splitlines():
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == metrics.NAMESPACE
            found |= {(metric["Name"], *names) for metric in directive["Metrics"] for names in directive["Dimensions"]}
    return found


def summary(kind: Kind, start: Start, service: str = f"{NAME}-prod") -> dict[str, Any]:
    """The trace summary that X-Ray makes of a record by the code itself."""
    record = Record(kind, "request-1", start)
    tracer = Tracer(ExecutionEnvironment())
    document = json.loads(tracer.document(record, "1-6740a5e4-0123456789abcdef01234567", "0123456789abcdef"))
    recorded = document["annotations"]
    if "service" in recorded:
        recorded["service"] = service  # the template's, not this process's
    values = {bool: "BooleanValue", str: "StringValue", int: "NumberValue", float: "NumberValue"}
    annotations = {name: [{"AnnotationValue": {values[type(value)]: value}}] for name, value in recorded.items()}
    return {"Annotations": annotations, "Http": {}, "HasError": False, "HasFault": False, "HasThrottle": False}
