"""Makes the reader of a deployment: X-Ray, and the access log where there may be one."""

from __future__ import annotations

from collections.abc import Callable

from pilotlight_tools.latency.access_log import AccessLog
from pilotlight_tools.latency.clients import Clients
from pilotlight_tools.latency.deployment import Deployment
from pilotlight_tools.latency.reader import Progress, Reader, xray_client


def open_reader(
    deployment: Deployment,
    *,
    remember: int = 0,
    most_scanned: int | None = None,
    progress: Callable[[str], Progress] = lambda _step: lambda _what, _done, _total: None,
) -> Reader:
    """Return a reader of the deployment; `progress` makes what is told how far a step has come.

    A local X-Ray whose engine is not known has no logs to read. The rest is as `Reader` has it.
    """
    log = None
    if deployment.engine_url or not deployment.endpoint_url:
        log = AccessLog(
            Clients(deployment.region, deployment.engine_url, local=deployment.local),
            deployment.service,
            deployment.stage,
            apis=deployment.apis,
            progress=progress("Reading logs"),
        )
    return Reader(
        xray_client(deployment.region, deployment.endpoint_url, local=deployment.local),
        deployment.service,
        deployment.stage,
        apis=deployment.apis,
        access_log=log,
        most_scanned=most_scanned,
        progress=progress("Reading X-Ray"),
        remember=remember,
    )
