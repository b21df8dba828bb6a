"""Which X-Ray to read, and for which service: from options, environment variables, serverless.yml, `npm start`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pilotlight_tools.commands import command, notice
from pilotlight_tools.configuration import ConfigurationError, read_configuration, service_name
from pilotlight_tools.latency import running
from pilotlight_tools.latency.names import api_names, stack_name
from pilotlight_tools.latency.problems import EXIT_CODE_NO_TRACES, Problem
from pilotlight_tools.latency.running import RunningService
from pilotlight_tools.region import find_region

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_XRAY"
_ENGINE_VARIABLE = "AWS_ENDPOINT_URL"
_LOCAL_STAGE = "local"


@dataclass(frozen=True, slots=True)
class Deployment:
    """`service` is the name with the stage; `endpoint_url` is None for AWS; a `local` X-Ray needs no credentials.

    `engine_url` is the endpoint of AWS's other services, None for AWS itself, and where a local one is not known.
    `service` is the records' label, as in PILOTLIGHT_SERVICE. `apis` are the names that a REST API of it may have,
    `stack` is CloudFormation's name, None where only the deploy tool knows it.
    """

    service: str
    stage: str
    region: str
    endpoint_url: str | None
    local: bool
    apis: tuple[str, ...] = ()
    stack: str | None = None
    engine_url: str | None = None


def find_deployment(
    stage: str,
    *,
    service: str | None = None,
    region: str | None = None,
    environment: Mapping[str, str] = os.environ,
    project: Path = Path(),
) -> Deployment:
    """Find what to read for a stage. Raises Problem when a local stage does not run, or nothing names the service."""
    found = _find(stage, service, region, environment, project)
    name = found.service.removesuffix(f"-{stage}")
    return replace(found, apis=api_names(project, name, stage), stack=stack_name(project, name, stage))


def _find(
    stage: str, service: str | None, region: str | None, environment: Mapping[str, str], project: Path
) -> Deployment:
    name = f"{service or _service_name(project)}-{stage}"
    chosen_region = _region(project, environment, region)
    endpoint_url = environment.get(_ENDPOINT_VARIABLE)
    if endpoint_url:
        on_this_machine = urlsplit(endpoint_url).hostname in {"127.0.0.1", "localhost", "::1"}
        engine_url = environment.get(_ENGINE_VARIABLE)
        return Deployment(name, stage, chosen_region, endpoint_url, local=on_this_machine, engine_url=engine_url)
    here = running.find_all(project)
    wanted = [each for each in here if each.stage == stage and (region is None or stage == _LOCAL_STAGE)]
    if len(wanted) > 1:
        raise _several(wanted)
    if wanted:
        if stage != _LOCAL_STAGE:
            notice(f"stage {stage} runs on this machine and is what is read; `--region {chosen_region}` reads AWS")
        found = wanted[0]
        return Deployment(name, stage, chosen_region, found.xray_endpoint, local=True, engine_url=found.engine_url)
    if stage == _LOCAL_STAGE:
        other = f" (stage {here[0].stage} runs: --stage {here[0].stage})" if here else ""
        raise Problem(f"No local stack is running here{other}.", f"Start it in another terminal: {command('start')}")
    return Deployment(name, stage, chosen_region, None, local=False)


def _several(stacks: list[RunningService]) -> Problem:
    which = " or ".join(f"{_ENDPOINT_VARIABLE}={each.xray_endpoint} (API {each.api_url})" for each in stacks)
    return Problem(f"{len(stacks)} local stacks of stage {stacks[0].stage} run here.", f"Set which: {which}")


def nothing_found(
    deployment: Deployment,
    last: str,
    transaction_search: bool | None,
    cloudformation: CloudFormationClient | None = None,
) -> Problem:
    """Explain as far as possible why there are no traces; `cloudformation` None makes a client for the region."""
    if deployment.local:
        remedy = "Make some requests to it; they show up within a second."
        return Problem(f"{deployment.service} has no traces in the last {last} yet.", remedy, EXIT_CODE_NO_TRACES)
    if transaction_search:
        return Problem(
            f"X-Ray lists no traces of {deployment.service} in the last {last}, and Transaction Search is on: it "
            "indexes only a share of them (1 % unless changed).",
            "Raise it: aws xray update-indexing-rule --name Default "
            '--rule \'{"Probabilistic": {"DesiredSamplingPercentage": 100}}\', then make requests.',
            EXIT_CODE_NO_TRACES,
        )
    if deployment.endpoint_url is None and deployment.stack and not _is_deployed(deployment, cloudformation):
        return Problem(
            f"Stage {deployment.stage} is not deployed in {deployment.region}: there is no stack {deployment.stack}.",
            f"Deploy it: {command('deploy', '--stage', deployment.stage)}, or name another --stage, --service or "
            "--region.",
            EXIT_CODE_NO_TRACES,
        )
    return Problem(
        f"X-Ray has no traces of {deployment.service} in the last {last} yet.",
        "Make some requests; X-Ray lists a trace within half a minute, and samples a busy stage. Or look further back: "
        "--last 7d",
        EXIT_CODE_NO_TRACES,
    )


def _service_name(project: Path) -> str:
    try:
        return service_name(project)
    except ConfigurationError as error:
        raise Problem(f"{error}.", "Or name it: --service pilotlight") from error


def _region(project: Path, environment: Mapping[str, str], option: str | None) -> str:
    try:
        return find_region(read_configuration(project), environment, option)
    except ConfigurationError as error:
        raise Problem(f"{error}.", "For example: --region eu-central-1") from error


def _is_deployed(deployment: Deployment, cloudformation: CloudFormationClient | None) -> bool:
    """Check whether there is a CloudFormation stack; True also when that is not known."""
    try:
        client = cloudformation or boto3.client("cloudformation", region_name=deployment.region)
        client.describe_stacks(StackName=deployment.stack or deployment.service)
    except ClientError as error:
        return "does not exist" not in str(error)
    except BotoCoreError:
        return True
    return True
