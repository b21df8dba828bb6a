"""What a deployed stage costs: read from AWS's responses, as botocore's own models say they are."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pilotlight_tools.cost.deployed_plan import Observed, StageCosts, cost_of, monthly_cost
from pilotlight_tools.cost.deployed_stage import DeployedStage, Function, UnknownCostError, read_stage
from pilotlight_tools.cost.plan import MONTH_SECONDS
from pilotlight_tools.latency.verdict import Facts, judge

SERVICES = ("cloudformation", "lambda", "events", "xray", "apigateway")
TIME = "2026-11-01T00:00:00Z"
RULE_ARN = "arn:aws:xray:eu-west-1:1:sampling-rule/shop-prod"
OBSERVED = Observed(
    seconds=MONTH_SECONDS / 10,
    requests=5000,
    is_complete=True,
    cold=2,
    cold_without_pings=36,
    request_ms=80.0,
    init_ms=400.0,
)
RESOURCES = {
    "AWS::Lambda::Function": ["shop-prod-api", "shop-prod-warmer"],
    "AWS::Events::Rule": ["shop-prod-nightly", "shop-prod-warmer-rule"],
    "AWS::XRay::SamplingRule": [RULE_ARN],
    "AWS::CloudWatch::Dashboard": ["shop-prod"],
    "AWS::ApiGateway::RestApi": ["a1b2c3"],
    "AWS::ApiGateway::Method": ["m1", "m2", "m3"],
}


class Aws:
    """Clients of AWS that respond as they are told to; botocore checks both sides against its models of AWS."""

    def __init__(self) -> None:
        keys = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}  # nosec
        self._clients = {name: boto3.client(name, **keys) for name in SERVICES}  # type: ignore[call-overload]
        self._stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self._stubs.values():
            stub.activate()

    def __call__(self, name: str) -> Any:
        return self._clients[name]

    def responds(self, name: str, method: str, response: dict[str, Any]) -> None:
        self._stubs[name].add_response(method, response)

    def denies(self, name: str, method: str) -> None:
        self._stubs[name].add_client_error(method, "AccessDeniedException", "not authorized", 403)


def deployed(aws: Aws, resources: dict[str, list[str]], *, targets: str | None = None) -> None:
    """The stack, and the functions of RESOURCES."""
    listed = [
        {
            "LogicalResourceId": identity.replace("-", ""),
            "PhysicalResourceId": identity,
            "ResourceType": kind,
            "LastUpdatedTimestamp": TIME,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for kind, identities in resources.items()
        for identity in identities
    ]
    half = len(listed) // 2
    aws.responds("cloudformation", "list_stack_resources", {"StackResourceSummaries": listed[:half], "NextToken": "2"})
    aws.responds("cloudformation", "list_stack_resources", {"StackResourceSummaries": listed[half:]})
    api = {"FunctionName": "shop-prod-api", "MemorySize": 512, "Architectures": ["arm64"]}
    aws.responds("lambda", "get_function_configuration", {**api, "TracingConfig": {"Mode": "Active"}})
    targets = targets or json.dumps([{"function": "shop-prod-api", "concurrency": 10}])
    warmer = {"FunctionName": "shop-prod-warmer", "MemorySize": 1024, "Architectures": ["arm64"]}
    variables = {"Variables": {"PILOTLIGHT_TARGETS": targets}}
    aws.responds("lambda", "get_function_configuration", {**warmer, "Environment": variables})


def scheduled(aws: Aws, *, rate: str = "rate(5 minutes)", state: str = "ENABLED") -> None:
    """The two rules: one invokes something else."""
    for function in ("shop-prod-api", "shop-prod-warmer"):
        arn = f"arn:aws:lambda:eu-west-1:1:function:{function}"
        aws.responds("events", "list_targets_by_rule", {"Targets": [{"Id": "1", "Arn": arn}]})
    aws.responds("events", "describe_rule", {"ScheduleExpression": rate, "State": state})


def observed_by_x_ray_and_the_api(aws: Aws, *, metrics: bool = False) -> None:
    every_method = {"*/*": {"metricsEnabled": metrics}}
    aws.responds("apigateway", "get_stage", {"tracingEnabled": True, "methodSettings": every_method})
    others = {"RuleName": "Default", "ReservoirSize": 1, "FixedRate": 0.05}
    own = {"RuleName": "shop-prod", "RuleARN": RULE_ARN, "ReservoirSize": 2, "FixedRate": 0.25}
    records = [{"SamplingRule": {**needed(), **rule}} for rule in (others, own)]
    aws.responds("xray", "get_sampling_rules", {"SamplingRuleRecords": records})


def needed() -> dict[str, Any]:
    """What a SamplingRule must have beside what is read."""
    anything = dict.fromkeys(("ResourceARN", "ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath"), "*")
    return {**anything, "Priority": 1000, "Version": 1}


def with_stage(
    *, targets: str | None = None, rate: str = "rate(5 minutes)", state: str = "ENABLED", metrics: bool = False
) -> Aws:
    """An AWS that has the stage of RESOURCES, and shows all of it."""
    aws = Aws()
    deployed(aws, RESOURCES, targets=targets)
    scheduled(aws, rate=rate, state=state)
    observed_by_x_ray_and_the_api(aws, metrics=metrics)
    return aws


def test_a_stage_is_read_as_it_is_deployed() -> None:
    aws = with_stage(metrics=True)
    read = read_stage(aws, "shop-prod", "prod")
    assert read == DeployedStage(
        targets=(Function("shop-prod-api", 512, "arm64", is_traced=True, concurrency=10),),
        warmer=Function("shop-prod-warmer", 1024, "arm64", is_traced=False),
        interval_minutes=5.0,
        traced_per_second=2,
        sampling=0.25,
        has_observability=True,
        methods_measured=3,
        assumed=(),
    )


def test_the_plan_has_what_is_deployed_and_what_was_observed() -> None:
    aws = with_stage(rate="rate(4 minutes)")
    cost = monthly_cost(aws, "shop-prod", "prod", OBSERVED)
    assert cost is not None
    [plan] = cost.plans
    assert (plan.memory_mb, plan.architecture, plan.concurrency, plan.interval_minutes) == (512, "arm64", 10, 4)
    assert (plan.requests_per_month, plan.request_ms, plan.init_ms) == (50_000, 80, 400)
    assert (plan.warmer_memory_mb, plan.traced_per_second, plan.sampling) == (1024, 2, 0.25)
    assert (plan.cold_share, plan.cold_share_with_warmer) == (36 / 5000, 2 / 5000)
    assert cost.bills["none"].cold_starts == pytest.approx(360)
    assert cost.bills["warmer"].cold_starts == pytest.approx(20)
    assert cost.has_warmer
    assert cost.observed == (
        "5,000 requests in 73.0 h, and so 50,000 a month",
        "80 ms a warm request, at the median",
        "400 ms an init, at the median",
        "2 cold starts, 36 without pings",
    )
    assert any("idle environment 6 minutes" in sentence for sentence in cost.assumed)


def test_the_verdict_and_the_alternatives_beside_it_agree() -> None:
    """Both are of the same cold starts: spared in the time range, and as many times more in a month."""
    aws = with_stage()
    cost = monthly_cost(aws, "shop-prod", "prod", OBSERVED)
    assert cost is not None
    for price in (0.01, 0.005, 0.001):
        facts = Facts(5000, True, OBSERVED.seconds, [1100.0, 900.0], 80.0, 36, 2, cost, price_of_a_cold_start=price)
        verdict = judge(facts)
        assert verdict.is_worth_it == verdict.alternatives[1].is_worth_it
        assert verdict.price == pytest.approx(verdict.alternatives[1].added)
    assert verdict.is_worth_it is False


@pytest.mark.parametrize(
    ("service", "method", "reason"),
    [
        ("cloudformation", "list_stack_resources", "these credentials may not call ListStackResources"),
        ("lambda", "get_function_configuration", "these credentials may not call GetFunctionConfiguration"),
    ],
)
def test_without_the_right_to_read_the_functions_the_cost_is_not_known_and_why_is_told(
    service: str, method: str, reason: str
) -> None:
    aws, told = Aws(), list[str]()
    if service == "lambda":
        one = {"LogicalResourceId": "A", "LastUpdatedTimestamp": TIME, "ResourceStatus": "CREATE_COMPLETE"}
        function = {**one, "PhysicalResourceId": "shop-prod-api", "ResourceType": "AWS::Lambda::Function"}
        aws.responds("cloudformation", "list_stack_resources", {"StackResourceSummaries": [function]})
    aws.denies(service, method)
    assert monthly_cost(aws, "shop-prod", "prod", OBSERVED, tell=told.append) is None
    assert len(told) == 1
    assert told[0].startswith(reason)


def test_a_page_that_asks_again_does_not_read_again() -> None:
    """The stub responds to each call once."""
    aws = with_stage()
    costs = StageCosts(aws, "shop-prod", "prod")
    more = Observed(**{**as_fields(OBSERVED), "requests": 10_000})
    first, second = costs(OBSERVED, pytest.fail), costs(more, pytest.fail)
    assert first is not None
    assert second is not None
    assert second.plans[0].requests_per_month == 2 * first.plans[0].requests_per_month


def test_without_the_other_rights_it_is_assumed_and_said() -> None:
    aws = Aws()
    deployed(aws, RESOURCES)
    aws.denies("events", "list_targets_by_rule")
    aws.denies("apigateway", "get_stage")
    aws.denies("xray", "get_sampling_rules")
    read = read_stage(aws, "shop-prod", "prod")
    assert (read.interval_minutes, read.traced_per_second, read.sampling, read.methods_measured) == (5.0, None, None, 0)
    assert [sentence.partition(":")[0] for sentence in read.assumed] == [
        "A tick every five minutes",
        "The API has no metrics for each method",
        "X-Ray traces one request a second and 5 % of the others",
    ]
    assert all("these credentials may not call" in sentence for sentence in read.assumed)


def test_a_warmer_whose_schedule_is_off_is_none() -> None:
    aws = with_stage(state="DISABLED")
    cost = monthly_cost(aws, "shop-prod", "prod", OBSERVED)
    assert cost is not None
    assert not cost.has_warmer
    assert (cost.plans[0].cold_share, cost.plans[0].cold_share_with_warmer) == (2 / 5000, None)


def test_a_schedule_without_a_rate_is_taken_for_five_minutes_and_that_is_said() -> None:
    aws = with_stage(rate="cron(0/5 * * * ? *)")
    read = read_stage(aws, "shop-prod", "prod")
    assert read.interval_minutes == 5.0
    assert "cron" in read.assumed[0]


@pytest.mark.parametrize("function", ["shop-prod-api:live", "arn:aws:lambda:eu-west-1:1:function:shop-prod-api"])
def test_auto_counts_at_its_maximum_and_windows_by_their_part_of_a_week(function: str) -> None:
    """60 of 168 hours with ten at most, 108 with one: 708 / 168 = 4.2."""
    aws = Aws()
    window = {"days": "mon-fri", "from": "07:00", "to": "19:00", "concurrency": "auto", "min": 2, "max": 10}
    target = {"function": function, "concurrency": 1, "windows": [window], "zone": "CET-1CEST,M3.5.0,M10.5.0/3"}
    deployed(aws, RESOURCES, targets=json.dumps([target]))
    scheduled(aws)
    observed_by_x_ray_and_the_api(aws)
    read = read_stage(aws, "shop-prod", "prod")
    assert [each.concurrency for each in read.targets] == [4]
    assert len(read.assumed) == 2


def test_targets_that_cannot_be_read_are_a_reason() -> None:
    aws, told = Aws(), list[str]()
    deployed(aws, RESOURCES, targets="five")
    scheduled(aws)
    assert monthly_cost(aws, "shop-prod", "prod", OBSERVED, tell=told.append) is None
    assert "PILOTLIGHT_TARGETS is not JSON" in told[0]


def test_what_is_not_traced_has_no_traces() -> None:
    stage = DeployedStage((Function("api", 512, "arm64", False, 5),), None, None, 0, 0.0, False, 0, ())
    assert cost_of(stage, OBSERVED).bills["none"].lines["traces"] == 0


def test_two_targets_share_the_dashboard_and_the_tick_and_have_their_own_metrics_and_pings() -> None:
    api, worker = (Function(name, 512, "arm64", True, 5) for name in ("api", "worker"))
    warmer = Function("warmer", 512, "arm64", False)
    observed = Observed(**{**as_fields(OBSERVED), "by_function": {"api": 4000, "worker": 1000}})
    one, both = (
        cost_of(DeployedStage(targets, warmer, 5.0, 1, 0.05, True, 0, ()), observed).bills["warmer"]
        for targets in ((api,), (api, worker))
    )
    assert both.lines["dashboard"] == one.lines["dashboard"] == 3.00
    assert both.lines["schedule"] == one.lines["schedule"]
    assert both.lines["metrics"] == 2 * one.lines["metrics"] == pytest.approx(16 * 0.30)
    assert both.lines["alarms"] == pytest.approx(9 * 0.10)
    assert both.usage.requests == pytest.approx(50_000 + 8760 * (5 + 5 + 1))


def as_fields(observed: Observed) -> dict[str, Any]:
    return {name: getattr(observed, name) for name in Observed.__slots__}


def test_a_stack_that_has_no_functions_or_no_target_is_not_priced() -> None:
    stage = DeployedStage((), Function("warmer", 512, "arm64", False), 5.0, 1, 0.05, True, 0, ())
    with pytest.raises(UnknownCostError, match="none of the warmer's targets"):
        cost_of(stage, OBSERVED)
