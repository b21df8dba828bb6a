"""Makes what reads a deployment's costs, and the AWS clients for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight_tools.cost.deployed_plan import StageCosts
from pilotlight_tools.cost.deployed_stage import Clients
from pilotlight_tools.latency.clients import client
from pilotlight_tools.latency.deployment import Deployment


def costs_of(deployment: Deployment, given: Mapping[str, Any] | None = None) -> StageCosts | None:
    """Make what reads the costs of a stage; None where its stack or its engine is not known."""
    if deployment.stack is None or not _has_engine(deployment):
        return None
    return StageCosts(clients_of(deployment), deployment.stack, deployment.stage, given=given)


def clients_of(deployment: Deployment) -> Clients:
    """Return what makes the clients of AWS, or of the engine on this machine, by the names of the services."""

    def make(name: str) -> Any:
        url = deployment.endpoint_url if name == "xray" else deployment.engine_url
        return client(name, deployment.region, url, local=deployment.local)

    return make


def _has_engine(deployment: Deployment) -> bool:
    return bool(deployment.engine_url or not deployment.endpoint_url)
