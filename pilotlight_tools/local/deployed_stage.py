"""A stage of `serverless.yml`, deployed by the deploy tool into an engine of its own on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import boto3

from pilotlight_tools.commands import command
from pilotlight_tools.configuration import find_warmer
from pilotlight_tools.local.deploy_tool import DeployTool, DeployToolError
from pilotlight_tools.local.engine import ENDED, LOOPBACK, Engine, EngineError
from pilotlight_tools.local.invocation import Invocation

Progress = Callable[[str, str], None]
"""Called with the current step and with its detail."""
_READY_SECONDS = 30.0


def _unseen(step: str, detail: str) -> None:
    """Show nothing."""


class WarmerError(Exception):
    """The warmer raised instead of returning the result of a tick; the message includes Lambda's payload."""


class DeployedStage:
    """An engine with a stage deployed, between `__enter__` and `__exit__`.

    `parameters` override the stage's `params` of `serverless.yml`, as `sls deploy --param name=value` does. The rest
    are the engine's (see `Engine`). `progress` is called with each step in a few words.
    """

    def __init__(
        self,
        *,
        stage: str = "local",
        parameters: Mapping[str, object] | None = None,
        account_concurrency: int = 1000,
        warm_seconds: int = 300,
        daemon_address: str | None = None,
        progress: Progress = _unseen,
        project: Path = Path(),
        on_invocation: Callable[[Invocation], None] | None = None,
        debug: bool = False,
    ) -> None:
        self.name = stage
        self.parameters = dict(parameters or {})
        self.engine = Engine(
            account_concurrency=account_concurrency,
            warm_seconds=warm_seconds,
            daemon_address=daemon_address,
            on_invocation=on_invocation,
            debug=debug,
        )
        self.api_id = ""
        self.functions: dict[str, str] = {}
        """The name of each function, by its key in serverless.yml."""
        self.warmer: str | None = None
        """The key of the warmer; None where there is none."""
        self.rules: list[str] = []
        self.configuration: dict[str, Any] = {}
        """serverless.yml as the deploy tool resolved it, with what plugins added."""
        self.stack = ""
        self._project = project
        self._progress = progress
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exit_stack:
            self._progress("Starting the local engine", "")
            exit_stack.enter_context(self.engine)
            self.deploy_tool = DeployTool(self.engine.folder / "service", self.engine.environment, self._project)
            self.deploy()
            self._exit = exit_stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @property
    def connection(self) -> dict[str, Any]:
        """Keyword arguments for `boto3.client(name, **stage.connection)`."""
        return self.engine.connection

    @property
    def api_url(self) -> str:
        """The engine's URL of the API, for clients that need no `Host` header as on AWS."""
        return f"{self.engine.url}/_aws/execute-api/{self.api_id}/{self.name}"

    @property
    def api_host(self) -> str:
        """The `Host` header for which the engine serves the API as AWS does, at the path `/<stage>`."""
        return f"{self.api_id}.execute-api.localhost:{self.engine.port}"

    @property
    def api_origin(self) -> str:
        """The address to connect to for `api_host`."""
        return f"http://{LOOPBACK}:{self.engine.port}"

    def sls(self, *arguments: str) -> str:
        """Run a command of the deploy tool for this stage and return what it printed."""
        return self.deploy_tool.must_run(*arguments, "--stage", self.name)

    def deploy(self) -> None:
        """Deploy the stage from the work folder as it is now, and look up the stack's resources."""
        self._report("packaging")
        parameters = [part for name, value in self.parameters.items() for part in ("--param", f"{name}={value}")]
        try:
            self.deploy_tool.must_run(
                "deploy", "--verbose", "--stage", self.name, *parameters, on_line=self._report_resource
            )
        except DeployToolError as error:
            if self.engine.running():
                raise
            raise EngineError(f"{ENDED}. The end of its log:\n{self.engine.log()}") from error
        self._look_up()

    def deploy_again(self) -> None:
        """Deploy the service as it is in its project now, into the same engine. Nothing is shown of its progress."""
        self._progress = _unseen
        self.deploy_tool.copy_again()
        self.deploy()

    def tick(self) -> dict[str, Any]:
        """Invoke the warmer as its schedule does, and return the result of that tick; `WarmerError` if it raised."""
        if self.warmer is None:
            raise WarmerError("there is no warmer: custom.pilotlight.targets names no function to keep warm")
        response = boto3.client("lambda", **self.connection).invoke(
            FunctionName=self.functions[self.warmer],
            Payload=json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        )
        payload = response["Payload"].read().decode()
        if "FunctionError" in response:
            raise WarmerError(f"the warmer failed: {payload}")
        return cast(dict[str, Any], json.loads(payload))

    def methods(self) -> dict[str, set[str]]:
        """The methods of each path of the deployed API, as API Gateway has them: `/items/{id}`, `ANY` for all."""
        pages = (
            boto3.client("apigateway", **self.connection).get_paginator("get_resources").paginate(restApiId=self.api_id)
        )
        resources = (resource for page in pages for resource in page["items"])
        return {each["path"]: set(each["resourceMethods"]) for each in resources if each.get("resourceMethods")}

    def stop_schedule(self) -> None:
        """Disable the warmer's rules: from now on there are no ticks except those invoked explicitly."""
        events = boto3.client("events", **self.connection)
        for rule in self.rules:
            events.disable_rule(Name=rule)

    def end_environments(self, function: str) -> None:
        """End every execution environment of the function with this key, so that its next requests are cold.

        This changes an environment variable, which has the same effect on AWS (Lambda Developer Guide, "Understanding
        the Lambda execution environment lifecycle": a change of configuration ends execution environments).
        """
        client = boto3.client("lambda", **self.connection)
        name = self.functions[function]
        variables = client.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        changed = {**variables, "CONFIGURATION": str(int(variables.get("CONFIGURATION", "0")) + 1)}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        deadline = time.monotonic() + _READY_SECONDS
        while client.get_function_configuration(FunctionName=name)["LastUpdateStatus"] != "Successful":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not updated within {_READY_SECONDS:.0f} s")
            time.sleep(0.05)

    def _report_resource(self, line: str) -> None:
        status, _, resource = line.strip().partition(" - ")
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            self._report(resource.replace(" - ", " "))

    def _report(self, detail: str) -> None:
        self._progress(f"Deploying stage {self.name}", detail)

    def _look_up(self) -> None:
        client = boto3.client("cloudformation", **self.connection)
        if not self.stack:  # the only one; later somebody may deploy others by hand
            stacks = client.list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])
            [stack, *_] = stacks["StackSummaries"]
            self.stack = stack["StackName"]
        resources = client.describe_stack_resources(StackName=self.stack)["StackResources"]
        found: dict[str, list[str]] = {}
        for resource in resources:
            found.setdefault(resource["ResourceType"], []).append(resource.get("PhysicalResourceId", ""))
        service = self.configuration = self.deploy_tool.packaged_service()
        self.functions = {key: function["name"] for key, function in service["functions"].items()}
        self.warmer = find_warmer(service)
        apis = found.get("AWS::ApiGateway::RestApi", [])
        if not apis:
            raise DeployToolError(no_rest_api(service["functions"]))
        self.api_id = apis[0]
        self.rules = self._rules_of(self.warmer, found.get("AWS::Events::Rule", [])) if self.warmer else []

    def _rules_of(self, function: str, rules: list[str]) -> list[str]:
        """Those that invoke `function`: a service may have other schedules."""
        events = boto3.client("events", **self.connection)
        end = f":function:{self.functions[function]}:"

        def invokes(rule: str) -> bool:
            targets = events.list_targets_by_rule(Rule=rule)["Targets"]
            return any(end in f"{target['Arn']}:" for target in targets)

        return [rule for rule in rules if invokes(rule)]


def no_rest_api(functions: Mapping[str, Any]) -> str:
    """Say that a service has no REST API of its own, and what its functions have instead."""
    events = (event for function in functions.values() for event in function.get("events") or [])
    kinds = sorted({event if isinstance(event, str) else next(iter(event)) for event in events})
    return (
        f"this service has no REST API of its own, which `{command('start')}` serves: its functions have "
        f"{', '.join(kinds) or 'no'} events. Add one such as `- http: GET /hello` to a function"
    )
