"""The fan-out's measurement: every client has figures on every kind of connection, of pings that succeeded."""

from __future__ import annotations

import pytest

from bench import transport


@pytest.mark.slow
def test_every_client_is_measured_on_every_kind_of_connection() -> None:
    result = transport.run(pings=3, ticks=1)
    measured = {(row["client"], row["connections"]) for row in result["fan_outs"]}
    assert measured == {(client, kind) for client in ("pilotlight", "boto3") for kind in transport.CONNECTIONS}
    assert all(1 <= row["in_flight_at_once"] <= 3 for row in result["fan_outs"])
