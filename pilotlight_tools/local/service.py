"""The whole service on this machine: X-Ray, the engine with a stage deployed, and the front door before its API."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import boto3

from pilotlight_tools.commands import notice
from pilotlight_tools.configuration import service_name
from pilotlight_tools.latency.deployment import Deployment
from pilotlight_tools.latency.names import api_names
from pilotlight_tools.local.access_log import AccessLog
from pilotlight_tools.local.deployed_stage import DeployedStage, Progress
from pilotlight_tools.local.engine import REGION
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.front_door import FrontDoor, open_port
from pilotlight_tools.local.in_flight import InFlight
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.invocation import Invocation
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.temporary import remove_orphans
from pilotlight_tools.local.throttling import Throttling, limits_of
from pilotlight_tools.local.xray import XRay
from pilotlight_tools.terminal import number_of


class Service:
    """Everything that `npm start` runs, between `__enter__` and `__exit__`.

    `port` is the API's (0: any free port). `on_pair` is called for each request, ping and tick, in order, in threads of
    the service, and must return quickly; `notify` gets a line for what goes wrong beside the requests. The other
    arguments are those of `DeployedStage`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        stage: str = "local",
        project: Path = Path(),
        parameters: Mapping[str, object] | None = None,
        account_concurrency: int = 1000,
        warm_seconds: int = 300,
        progress: Progress = lambda _, __: None,
        on_pair: Callable[[Pair], None] = lambda _: None,
        on_invocation: Callable[[Invocation], None] | None = None,
        debug: bool = False,
        notify: Notify = notice,
    ) -> None:
        self._stage_name = stage
        self._project = project
        self._port = port
        self._parameters = parameters
        self._account_concurrency = account_concurrency
        self._warm_seconds = warm_seconds
        self._progress = progress
        self._on_pair = on_pair
        self._on_invocation = on_invocation
        self._debug = debug
        self._notify = notify
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exit_stack:
            if left := remove_orphans():
                folders = number_of(left, "temporary folder")
                self._notify(f"removed {folders} that an earlier start left when it was killed")
            # The port first, so that a taken port is reported before the deployment.
            door = exit_stack.enter_context(open_port(self._port))
            self.name = f"{service_name(self._project)}-{self._stage_name}"
            in_flight = InFlight()
            self.xray = exit_stack.enter_context(
                XRay(service=self.name, stage=self._stage_name, in_flight=in_flight, notify=self._notify)
            )
            self.xray.subscribe(self._on_pair)
            self.stage = exit_stack.enter_context(
                DeployedStage(
                    stage=self._stage_name,
                    project=self._project,
                    parameters=self._parameters,
                    daemon_address=self.xray.daemon_address,
                    progress=self._progress,
                    account_concurrency=self._account_concurrency,
                    warm_seconds=self._warm_seconds,
                    on_invocation=self._on_invocation,
                    debug=self._debug,
                )
            )
            gateway = boto3.client("apigateway", **self.stage.connection)
            logs = boto3.client("logs", **self.stage.connection)
            self.access_log = exit_stack.enter_context(AccessLog(gateway, logs, self._notify))
            self._follow()
            self.front_door = exit_stack.enter_context(
                FrontDoor(
                    door,
                    origin=self.stage.api_origin,
                    host=self.stage.api_host,
                    stage=self._stage_name,
                    secret=self.stage.engine.secret,
                    on_exchange=self._measured,
                    in_flight=in_flight,
                    notify=self._notify,
                )
            )
            limits = limits_of(self.stage.connection, self.stage.api_id, self._stage_name)
            self.xray.subscribe(Throttling(limits, self._notify))
            self.url = self.front_door.url
            self._exit = exit_stack.pop_all()
        return self

    def redeployed(self) -> None:
        """Serve the API that the last deployment of the stage left, and log by its settings."""
        self.front_door.host = self.stage.api_host
        self._follow()

    def _follow(self) -> None:
        self.access_log.follow(self.stage.api_id, self._stage_name, self.stage.api_host)

    def _measured(self, exchange: Exchange) -> None:
        self.xray.measured(exchange)
        self.access_log.add(exchange)

    @property
    def deployment(self) -> Deployment:
        """What reports read of it."""
        stage = self._stage_name
        return Deployment(
            self.name,
            stage,
            REGION,
            self.xray.endpoint_url,
            local=True,
            apis=api_names(self._project, self.name.removesuffix(f"-{stage}"), stage),
            stack=self.stage.stack,
            engine_url=self.stage.engine.url,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()
