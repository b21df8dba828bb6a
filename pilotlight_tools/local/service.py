"""The whole service on this machine: X-Ray, the engine with a stage deployed, and the front door before its API."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pilotlight_tools.configuration import service_name
from pilotlight_tools.latency.documents import Document
from pilotlight_tools.local.front_door import Exchange, FrontDoor, open_port
from pilotlight_tools.local.stack import Progress, Stack
from pilotlight_tools.local.xray import Measurement, XRay


class Service:
    """Everything that `npm start` runs, between `__enter__` and `__exit__`.

    `port` is the API's (0: any free one). `on_exchange` is told of each request at the front door, `on_document` of
    each document X-Ray gets; both are called in threads of their own and should be quick. For the rest see
    `local.stack.Stack`.
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
        on_exchange: Callable[[Exchange], None] = lambda _: None,
        on_document: Callable[[Document], None] = lambda _: None,
    ) -> None:
        self.stage = stage
        self._project = project
        self._port = port
        self._parameters = parameters
        self._account_concurrency = account_concurrency
        self._warm_seconds = warm_seconds
        self._progress = progress
        self._on_exchange = on_exchange
        self._on_document = on_document
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exit_stack:
            # The port first: a taken one should be said before anybody waits for a deployment.
            door = exit_stack.enter_context(open_port(self._port))
            self.name = f"{service_name(self._project)}-{self.stage}"
            self.xray = exit_stack.enter_context(XRay(service=self.name, stage=self.stage))
            self.xray.add_sink(self._on_document)
            self.stack = exit_stack.enter_context(
                Stack(
                    stage=self.stage,
                    project=self._project,
                    parameters=self._parameters,
                    daemon_address=self.xray.daemon_address,
                    progress=self._progress,
                    account_concurrency=self._account_concurrency,
                    warm_seconds=self._warm_seconds,
                )
            )
            self.front_door = exit_stack.enter_context(
                FrontDoor(
                    door,
                    origin=self.stack.api_origin,
                    host=self.stack.api_host,
                    stage=self.stage,
                    on_exchange=self._exchanged,
                )
            )
            self.url = self.front_door.url
            self._exit = exit_stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _exchanged(self, exchange: Exchange) -> None:
        self.xray.measured(
            Measurement(
                start=exchange.started_at,
                end=exchange.ended_at,
                method=exchange.method,
                url=self.url + exchange.target,
                status=exchange.status,
                request_id=exchange.request_id or None,
                client_ip=exchange.client_ip,
                user_agent=exchange.user_agent or None,
            )
        )
        self._on_exchange(exchange)
