"""Finds the access log of a stage: the log group, its format, and which function each of the API's methods calls.

A stage's `accessLogSettings` name the log group and the format ("GetStage", "GetResources" of the API Gateway API
reference; "GetStage", "GetRoutes", "GetIntegrations" of its version 2 for HTTP APIs).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pilotlight_tools.latency.log_format import LogFormat, LogLine, UnreadableFormatError
from pilotlight_tools.latency.problems import DENIED, code_of

if TYPE_CHECKING:
    from pilotlight_tools.latency.clients import Clients

_GROUP = re.compile(r"arn:[\w-]+:logs:[^:]*:[^:]*:log-group:([^:*]+)")
_FUNCTION = re.compile(r":function:([A-Za-z0-9_-]+)")
_ABSENT = {"NotFoundException", "ResourceNotFoundException"}
_ANY = "ANY"


class NoLogError(Exception):
    """Why there is no access log to read, as a sentence with the way out."""


@dataclass(frozen=True, slots=True)
class StageLog:
    """One API's access log. `functions` are the functions' names by method and resource; empty where unknown."""

    group: str
    format: LogFormat
    api: str
    functions: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def function_of(self, method: str, resource: str) -> str:
        """The name of the function that a request was for; empty where that is not known."""
        return self.functions.get((method, resource)) or self.functions.get((_ANY, resource), "")

    def owns(self, line: LogLine) -> bool:
        """Whether a line is of this API, where its format has the API's id: several may share a group."""
        return line.api_id in ("", self.api)


def find_stage_logs(clients: Clients, apis: Sequence[str], stage: str) -> list[StageLog]:
    """Find the access logs of the stage's REST and HTTP APIs. Raises NoLogError where one is none that can be read."""
    found = [*_rest(clients, apis, stage), *_http(clients, apis, stage)]
    if not found:
        raise NoLogError(f"there is no API of the name {' or '.join(apis)} with a stage {stage}")
    return [_stage_log(each, stage) for each in found]


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage as API Gateway describes it: its API's id, `accessLogSettings`, and the functions of the API."""

    api: str
    settings: Mapping[str, Any]
    functions: dict[tuple[str, str], str]


def _stage_log(found: _Stage, stage: str) -> StageLog:
    destination = found.settings.get("destinationArn") or ""
    if not destination:
        raise NoLogError(
            f"stage {stage} has no access log; docs/adopting.md, The access log, has the lines of serverless.yml for it"
        )
    group = _GROUP.match(destination)
    if group is None:
        raise NoLogError(f"the access log of stage {stage} does not go to CloudWatch Logs ({destination})")
    try:
        return StageLog(group[1], LogFormat(found.settings.get("format") or ""), found.api, found.functions)
    except UnreadableFormatError as error:
        raise NoLogError(f"the access log of stage {stage} cannot be joined, because {error}") from error


def _rest(clients: Clients, apis: Sequence[str], stage: str) -> Iterator[_Stage]:
    for page in clients.apigateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api.get("name") not in apis:
                continue
            try:
                found = clients.apigateway.get_stage(restApiId=api["id"], stageName=stage)
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    continue
                raise
            yield _Stage(api["id"], found.get("accessLogSettings") or {}, _functions_of_rest(clients, api["id"]))


def _functions_of_rest(clients: Clients, api: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    try:
        for page in clients.apigateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"]):
            for resource in page["items"]:
                for method, each in (resource.get("resourceMethods") or {}).items():
                    uri = (each.get("methodIntegration") or {}).get("uri") or ""
                    if name := _FUNCTION.search(uri):
                        found[method, resource["path"]] = name[1]
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
    return found


def _http(clients: Clients, apis: Sequence[str], stage: str) -> Iterator[_Stage]:
    try:
        of_service = [api for api in _all(clients.apigatewayv2.get_apis, {}) if api.get("Name") in apis]
    except ClientError as error:
        if code_of(error) in DENIED:
            return
        raise
    for api in of_service:
        if api.get("ProtocolType") != "HTTP":
            continue
        stages = {each["StageName"]: each for each in _all(clients.apigatewayv2.get_stages, {"ApiId": api["ApiId"]})}
        if (found := stages.get(stage) or stages.get("$default")) is not None:
            settings = found.get("AccessLogSettings") or {}
            lower = {"destinationArn": settings.get("DestinationArn"), "format": settings.get("Format")}
            yield _Stage(api["ApiId"], lower, _functions_of_http(clients, api["ApiId"]))


def _functions_of_http(clients: Clients, api: str) -> dict[tuple[str, str], str]:
    integrations = {
        f"integrations/{each['IntegrationId']}": name[1]
        for each in _all(clients.apigatewayv2.get_integrations, {"ApiId": api})
        if (name := _FUNCTION.search(each.get("IntegrationUri") or ""))
    }
    found = {}
    for route in _all(clients.apigatewayv2.get_routes, {"ApiId": api}):
        method, _, resource = route["RouteKey"].partition(" ")
        if function := integrations.get(route.get("Target") or ""):
            found[(method, resource) if resource else (_ANY, "/{proxy+}")] = function
    return found


def _all(operation: Any, parameters: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = operation(**parameters, **token)
        yield from page["Items"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
