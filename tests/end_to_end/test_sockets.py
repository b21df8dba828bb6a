"""Every socket of the running stack is on the loopback interface: nobody on the network reaches any of it."""

from __future__ import annotations

import ipaddress
import os
import sys

import pytest
import requests

from pilotlight_tools.local.page_server import page_server, report_reader
from tests.conftest import Deployed
from tests.support.sockets import bound_addresses

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.xdist_group("stack"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def test_every_socket_of_the_stack_is_on_the_loopback_interface(deployed: Deployed) -> None:
    """After a request, a ping and a tick each execution environment and the warmer have sent a record."""
    service = deployed.service
    reader = report_reader(service.deployment)
    with page_server(reader) as page_url:
        requests.get(deployed.url("/hello"), timeout=60).raise_for_status()
        assert service.stage.tick()["coverage"] == 1
        requests.get(f"{page_url}report.json", timeout=60).raise_for_status()
        found = bound_addresses(os.getpid())
    assert {protocol for protocol, _ in found} >= {"tcp", "udp"}
    assert [each for each in found if not ipaddress.ip_address(each[1]).is_loopback] == []
