"""From a deployment to what a report of it reads: X-Ray, the access log, and what the stage costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight_tools.cost.deployed_plan import StageCosts
from pilotlight_tools.cost.deployed_stage import Clients as ClientsByName
from pilotlight_tools.latency.access_log import AccessLog
from pilotlight_tools.latency.clients import Clients, client
from pilotlight_tools.latency.deployment import Deployment
from pilotlight_tools.latency.reader import Reader, xray_client
from pilotlight_tools.terminal import Progress, counting


def reader_of(
    deployment: Deployment, progress: Progress | None = None, *, most_scanned: int | None = None, remember: int = 0
) -> Reader:
    """Make a reader of X-Ray and of the access log; a local engine that is not known has none to read.

    `most_scanned` and `remember` are as in Reader.
    """

    def told(what: str) -> dict[str, Any]:
        return {"progress": counting(progress, what)} if progress else {}

    log = None
    if _has_engine(deployment):
        clients = Clients(deployment.region, deployment.engine_url, local=deployment.local)
        log = AccessLog(clients, deployment.service, deployment.stage, apis=deployment.apis, **told("Reading logs"))
    return Reader(
        xray_client(deployment.region, deployment.endpoint_url, local=deployment.local),
        deployment.service,
        deployment.stage,
        apis=deployment.apis,
        access_log=log,
        most_scanned=most_scanned,
        remember=remember,
        **told("Reading X-Ray"),
    )


def costs_of(deployment: Deployment, given: Mapping[str, Any] | None = None) -> StageCosts | None:
    """Make what reads the costs of a stage; None where its stack or its engine is not known."""
    if deployment.stack is None or not _has_engine(deployment):
        return None
    return StageCosts(clients_of(deployment), deployment.stack, deployment.stage, given=given)


def clients_of(deployment: Deployment) -> ClientsByName:
    """Return what makes the clients of AWS, or of the engine on this machine, by the names of the services."""

    def make(name: str) -> Any:
        url = deployment.endpoint_url if name == "xray" else deployment.engine_url
        return client(name, deployment.region, url, local=deployment.local)

    return make


def _has_engine(deployment: Deployment) -> bool:
    return bool(deployment.engine_url or not deployment.endpoint_url)
