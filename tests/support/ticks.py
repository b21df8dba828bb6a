"""The real warmer, ticking against a Lambda API of a test."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from pilotlight import warmer
from pilotlight.testing import Context
from tests.support.faulty_api import FaultyApi

Ticks = Callable[..., dict[str, Any]]


def ticks_against(api: FaultyApi, monkeypatch: pytest.MonkeyPatch, scheme: str = "http") -> Ticks:
    """The warmer with an execution environment of its own, and this API for Lambda's."""
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": f"{scheme}://localhost:{api.port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PILOTLIGHT_SERVICE": "faulty-test",
    }.items():
        monkeypatch.setenv(name, value)
    importlib.reload(warmer)

    def tick(*concurrencies: int, seconds: float = 30.0, timeout: int = 2) -> dict[str, Any]:
        names = [f"api{index or ''}" for index in range(len(concurrencies))]
        targets = [
            {"function": name, "concurrency": concurrency, "timeout": timeout}
            for name, concurrency in zip(names, concurrencies, strict=True)
        ]
        monkeypatch.setenv("PILOTLIGHT_TARGETS", json.dumps(targets))
        context = Context(timeout_seconds=seconds)
        result = warmer.handler({}, context)
        assert context.get_remaining_time_in_millis() > 1500, "the result has to be there before the warmer's timeout"
        return result

    return tick
