"""An X-Ray daemon that keeps what it gets, in a sampled trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pilotlight_tools.local.runtime.x_ray_sink import XRaySink
from tests.support.events import TRACE


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[XRaySink]:
    with XRaySink() as sink:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", sink.address)
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
        yield sink
