"""Reads from AWS what decides a stage's price: its functions, its warmer and schedule, what is traced and measured.

The stack lists what is deployed, and each thing is read as it is now: somebody may have changed it since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pilotlight.warming.schedule import rate_seconds
from pilotlight.warming.targets import TargetsError
from pilotlight_tools.cost.deployed_targets import concurrency_by_target

Clients = Callable[[str], Any]
"""Makes a boto3 client by its service's name, such as `lambda`."""
Resources = Mapping[str, list[str]]
"""The physical ids of a stack's resources, by their type."""
_TARGETS = "PILOTLIGHT_TARGETS"
"""The warmer's variable, by which it is found among the functions."""


class UnknownCostError(Exception):
    """What a stage costs cannot be known; the message says why, and how to change that."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it is deployed. `concurrency` is how many environments the warmer keeps, None where it does not."""

    name: str
    memory_mb: int
    architecture: str
    is_traced: bool
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class DeployedStage:
    """A stage as it is deployed: `targets` are the functions that its warmer keeps warm, or else all of its functions.

    `warmer` is None where there is none; `interval_minutes` is None where its schedule is off. `sampling` and
    the reservoir are None where Lambda's own rule applies, or where they could not be read: then `assumed` says so.
    """

    targets: tuple[Function, ...]
    warmer: Function | None
    interval_minutes: float | None
    traced_per_second: int | None
    sampling: float | None
    has_observability: bool
    methods_measured: int
    assumed: tuple[str, ...]


def read_stage(clients: Clients, stack: str, stage: str) -> DeployedStage:
    """Read a stage by the name of its CloudFormation stack. Raises UnknownCostError where its functions are not known.

    Takes `cloudformation:ListStackResources`, `lambda:GetFunctionConfiguration`; and for what is else assumed
    `events:ListTargetsByRule`, `events:DescribeRule`, `xray:GetSamplingRules`, `apigateway:GET`.
    """
    assumed: list[str] = []
    resources = _resources(clients, stack)
    functions, variables = _functions(clients, resources)
    warmer = next((functions[name] for name, own in variables.items() if _TARGETS in own), None)
    interval_minutes = _interval_minutes(clients, resources, warmer.name, assumed) if warmer else None
    targets = _targets(functions, variables[warmer.name][_TARGETS], assumed) if warmer else tuple(functions.values())
    api = _api_stage(clients, resources, stage, assumed)
    is_traced = api.get("tracingEnabled") or any(each.is_traced for each in targets)
    traced_per_second, sampling = _sampling(clients, resources, assumed) if is_traced else (0, 0.0)
    settings = (api.get("methodSettings") or {}).values()
    return DeployedStage(
        targets=targets,
        warmer=warmer,
        interval_minutes=interval_minutes,
        traced_per_second=traced_per_second,
        sampling=sampling,
        has_observability="AWS::CloudWatch::Dashboard" in resources,
        methods_measured=_methods(resources) if any(each.get("metricsEnabled") for each in settings) else 0,
        assumed=tuple(assumed),
    )


def _resources(clients: Clients, stack: str) -> Resources:
    found: dict[str, list[str]] = {}
    try:
        for page in clients("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
            for each in page["StackResourceSummaries"]:
                found.setdefault(each["ResourceType"], []).append(each.get("PhysicalResourceId", ""))
    except (BotoCoreError, ClientError) as error:
        raise UnknownCostError(_why(error, f"the stack {stack}")) from error
    if "AWS::Lambda::Function" not in found:
        raise UnknownCostError(f"the stack {stack} has no functions")
    return found


def _functions(clients: Clients, resources: Resources) -> tuple[dict[str, Function], dict[str, dict[str, str]]]:
    """The stack's functions, and their variables, by name."""
    functions, variables = {}, {}
    for name in resources["AWS::Lambda::Function"]:
        try:
            read = clients("lambda").get_function_configuration(FunctionName=name)
        except (BotoCoreError, ClientError) as error:
            raise UnknownCostError(_why(error, f"the function {name}")) from error
        functions[name] = Function(
            name=name,
            memory_mb=read.get("MemorySize", 128),
            architecture=(read.get("Architectures") or ["x86_64"])[0],
            is_traced=(read.get("TracingConfig") or {}).get("Mode") == "Active",
        )
        variables[name] = (read.get("Environment") or {}).get("Variables") or {}
    return functions, variables


def _targets(functions: Mapping[str, Function], listed: str, assumed: list[str]) -> tuple[Function, ...]:
    """The functions that the warmer keeps warm, and how many environments of each."""
    try:
        wanted = concurrency_by_target(listed, assumed)
    except TargetsError as error:
        raise UnknownCostError(f"the warmer's targets cannot be read: {error}") from None
    return tuple(
        replace(known, concurrency=concurrency)
        for target, concurrency in wanted.items()
        for known in functions.values()
        if known.name in target.split(":")  # a name or an ARN, with or without an alias
    )


def _interval_minutes(clients: Clients, resources: Resources, warmer: str, assumed: list[str]) -> float | None:
    """Between two ticks, by all enabled rules that invoke the warmer; None where none is enabled."""
    ticks_a_minute = 0.0
    try:
        events = clients("events")
        for rule in resources.get("AWS::Events::Rule", []):
            targets = events.list_targets_by_rule(Rule=rule)["Targets"]
            if not any(f":function:{warmer}:" in f"{target['Arn']}:" for target in targets):
                continue
            read = events.describe_rule(Name=rule)
            if read.get("State") == "DISABLED":
                continue
            seconds = rate_seconds(read.get("ScheduleExpression", ""))
            if seconds is None:
                raise ValueError(read.get("ScheduleExpression"))
            ticks_a_minute += 60 / seconds
    except (BotoCoreError, ClientError) as error:
        assumed.append(f"A tick every five minutes: {_why(error, 'its rule')}.")
        return 5.0
    except ValueError as error:
        assumed.append(f"A tick every five minutes: its schedule {error} has no fixed rate.")
        return 5.0
    if not ticks_a_minute and "AWS::Scheduler::Schedule" in resources:
        assumed.append("A tick every five minutes: EventBridge Scheduler's schedules are not read.")
        return 5.0
    return 1 / ticks_a_minute if ticks_a_minute else None


def _sampling(clients: Clients, resources: Resources, assumed: list[str]) -> tuple[int | None, float | None]:
    """Reservoir and rate of the stage's own rule. Its physical id is its ARN ("AWS::XRay::SamplingRule")."""
    own = resources.get("AWS::XRay::SamplingRule", [])
    if not own:
        return None, None
    try:
        for page in clients("xray").get_paginator("get_sampling_rules").paginate():
            for each in page["SamplingRuleRecords"]:
                rule = each["SamplingRule"]
                if rule.get("RuleARN") in own or rule.get("RuleName") in own:
                    return int(rule["ReservoirSize"]), float(rule["FixedRate"])
        why = "X-Ray does not list the stage's rule"
    except (BotoCoreError, ClientError) as error:
        why = _why(error, "the stage's sampling rule")
    assumed.append(f"X-Ray traces one request a second and 5 % of the others: {why}.")
    return None, None


def _api_stage(clients: Clients, resources: Resources, stage: str, assumed: list[str]) -> Mapping[str, Any]:
    """The REST API's stage; empty where there is none."""
    for api in resources.get("AWS::ApiGateway::RestApi", []):
        try:
            read: Mapping[str, Any] = clients("apigateway").get_stage(restApiId=api, stageName=stage)
        except (BotoCoreError, ClientError) as error:
            assumed.append(f"The API has no metrics for each method: {_why(error, 'its stage')}.")
        else:
            return read
    return {}


def _methods(resources: Resources) -> int:
    return len(resources.get("AWS::ApiGateway::Method", []))


def _why(error: BotoCoreError | ClientError, what: str) -> str:
    """Say why something cannot be read, with the right that is missing where that is why."""
    if not isinstance(error, ClientError):
        return f"{what} cannot be read ({error})"
    known = error.response.get("Error", {})
    code, message = known.get("Code", ""), known.get("Message", "")
    if "AccessDenied" in code or "Unauthorized" in code:
        return f"these credentials may not call {error.operation_name}, by which {what} is read"
    return f"{what} cannot be read ({message or code})"
